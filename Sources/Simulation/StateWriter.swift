public import PylonBytes
public import PylonTime

/// Writes a world's state as bytes: what `PersistentSimulation.save` is given. `StateReader` reads them back in the same order.
///
/// Whole numbers are LEB128 (signed ones zigzag), so small ones take a byte; everything else is little-endian. The bytes of equal
/// states are equal on every machine, as long as nothing is written in the order of a `Dictionary` or `Set`.
public struct StateWriter: ~Copyable {
    /// Where the bytes go.
    @usableFromInline var buffer: ByteBuffer

    /// A writer that allocates with its first byte.
    public init() {
        buffer = ByteBuffer()
    }

    /// A writer that goes on behind what `buffer` holds.
    package init(_ buffer: consuming ByteBuffer) {
        self.buffer = buffer
    }

    /// How many bytes have been written.
    @inlinable
    public var count: Int { buffer.count }

    /// The bytes, valid for the duration of `body`.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try buffer.withUnsafeBytes(body)
    }

    /// A copy of the bytes.
    public func copyBytes() -> [UInt8] { buffer.copyBytes() }

    /// Gives up the writer for its buffer.
    package consuming func finish() -> ByteBuffer { buffer }

    /// Forgets what was written, keeps the memory.
    package mutating func reset() {
        buffer.removeAll()
    }

    /// Takes back the last `length` bytes.
    package mutating func dropLast(_ length: Int) {
        buffer.dropLast(length)
    }

    // MARK: Numbers

    /// Writes a number that is rarely large, in one byte for each seven bits.
    @inlinable
    public mutating func write(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            buffer.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.append(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes a number that is rarely far from zero.
    @inlinable
    public mutating func write(_ value: Int) {
        write(UInt64(bitPattern: Int64((value << 1) ^ (value >> (Int.bitWidth - 1)))))
    }

    /// Writes all eight bytes of a number: hashes, random bits.
    @inlinable
    public mutating func write(fixed value: UInt64) {
        Swift.withUnsafeBytes(of: value.littleEndian) { buffer.append($0) }
    }

    /// Writes one byte.
    @inlinable
    public mutating func write(_ value: UInt8) {
        buffer.append(value)
    }

    /// Writes one byte, 0 or 1.
    @inlinable
    public mutating func write(_ value: Bool) {
        buffer.append(value ? 1 : 0)
    }

    /// Writes eight bytes. Every bit comes back, but for NaNs, which all become one: their bits differ between processors.
    @inlinable
    public mutating func write(_ value: Double) {
        write(fixed: value.isNaN ? 0x7FF8_0000_0000_0000 : value.bitPattern)
    }

    /// Writes four bytes; NaNs all become one.
    @inlinable
    public mutating func write(_ value: Float) {
        let bits: UInt32 = value.isNaN ? 0x7FC0_0000 : value.bitPattern
        Swift.withUnsafeBytes(of: bits.littleEndian) { buffer.append($0) }
    }

    // MARK: What is made of them

    /// Writes the length in bytes and the UTF-8.
    public mutating func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            write(UInt64(bytes.count))
            buffer.append(UnsafeRawBufferPointer(bytes))
        }
    }

    /// Writes the length and the bytes.
    public mutating func write(_ bytes: [UInt8]) {
        write(UInt64(bytes.count))
        buffer.append(bytes)
    }

    /// Writes bytes without their length.
    package mutating func append(_ bytes: UnsafeRawBufferPointer) {
        buffer.append(bytes)
    }

    /// Writes the name.
    public mutating func write(_ subscriber: SubscriberID) {
        write(subscriber.name)
    }

    /// Writes the tick's number.
    @inlinable
    public mutating func write(_ tick: Tick) {
        write(tick.number)
    }

    /// Writes where in its sequence a generator is.
    public mutating func write(_ generator: SeededGenerator) {
        write(fixed: generator.continuation)
    }

    /// Writes the number of elements, and each of them with `writeElement`.
    @inlinable
    public mutating func write<Element>(
        _ elements: [Element], _ writeElement: (Element, inout StateWriter) -> Void
    ) {
        write(UInt64(elements.count))
        for element in elements { writeElement(element, &self) }
    }

    /// Writes whether there is a value, and the value with `writeValue`.
    @inlinable
    public mutating func write<Value>(_ value: Value?, _ writeValue: (Value, inout StateWriter) -> Void) {
        write(value != nil)
        if let value { writeValue(value, &self) }
    }
}
