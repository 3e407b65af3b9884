internal import PylonBytes
public import PylonTime

/// Reads what a `StateWriter` wrote, in the same order. Whatever the bytes are, reading ends in values or in a `StateError`: it never
/// traps and never allocates more than the bytes could hold.
public struct StateReader: Sendable {
    @usableFromInline let bytes: [UInt8]
    /// Where the next value begins.
    @usableFromInline var position: Int
    @usableFromInline let end: Int

    /// A reader at the beginning of `bytes`.
    public init(_ bytes: [UInt8]) {
        self.init(bytes, in: 0..<bytes.count)
    }

    /// A reader of a part of `bytes`.
    package init(_ bytes: [UInt8], in range: Range<Int>) {
        precondition(range.upperBound <= bytes.count, "a range beyond the bytes")
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// How many bytes are left.
    @inlinable
    public var remaining: Int { end - position }

    /// Throws unless everything has been read.
    public func finish() throws(StateError) {
        if remaining > 0 { throw .malformed("\(remaining) bytes too many") }
    }

    // MARK: Numbers

    /// Reads what `write(UInt64)` wrote.
    @inlinable
    public mutating func readUInt64() throws(StateError) -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end {
            let byte = bytes[position]
            position += 1
            // The tenth byte has room for one bit.
            if shift == 63, byte > 1 { break }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 {
                // One spelling for each number.
                if byte == 0, shift > 0 { break }
                return value
            }
            shift += 7
            if shift > 63 { break }
        }
        throw position < end || shift > 63 ? .malformed("a number") : .truncated
    }

    /// Reads what `write(Int)` wrote.
    @inlinable
    public mutating func readInt() throws(StateError) -> Int {
        let value = try readUInt64()
        return Int(truncatingIfNeeded: value >> 1) ^ -Int(truncatingIfNeeded: value & 1)
    }

    /// Reads a whole number that has to be in `range`.
    public mutating func readInt(in range: ClosedRange<Int>) throws(StateError) -> Int {
        let value = try readInt()
        guard range.contains(value) else { throw .malformed("\(value) is not in \(range)") }
        return value
    }

    /// Reads what `write(fixed:)` wrote.
    @inlinable
    public mutating func readFixed() throws(StateError) -> UInt64 {
        guard remaining >= 8 else { throw .truncated }
        var value: UInt64 = 0
        for place in 0..<8 { value |= UInt64(bytes[position + place]) << UInt64(8 * place) }
        position += 8
        return value
    }

    /// Reads one byte.
    @inlinable
    public mutating func readByte() throws(StateError) -> UInt8 {
        guard remaining >= 1 else { throw .truncated }
        position += 1
        return bytes[position - 1]
    }

    /// Reads what `write(Bool)` wrote.
    @inlinable
    public mutating func readBool() throws(StateError) -> Bool {
        let byte = try readByte()
        guard byte <= 1 else { throw .malformed("neither true nor false") }
        return byte == 1
    }

    /// Reads what `write(Double)` wrote.
    @inlinable
    public mutating func readDouble() throws(StateError) -> Double {
        Double(bitPattern: try readFixed())
    }

    /// Reads a number that has to be finite.
    @inlinable
    public mutating func readFiniteDouble() throws(StateError) -> Double {
        let value = try readDouble()
        guard value.isFinite else { throw .malformed("not a finite number") }
        return value
    }

    /// Reads what `write(Float)` wrote.
    @inlinable
    public mutating func readFloat() throws(StateError) -> Float {
        guard remaining >= 4 else { throw .truncated }
        var bits: UInt32 = 0
        for place in 0..<4 { bits |= UInt32(bytes[position + place]) << UInt32(8 * place) }
        position += 4
        return Float(bitPattern: bits)
    }

    // MARK: What is made of them

    /// Reads a text of at most `bytesMaximum` bytes.
    public mutating func readString(bytesMaximum: Int = 1 << 20) throws(StateError) -> String {
        let range = try readRange(bytesMaximum: bytesMaximum)
        guard let text = String(validating: bytes[range], as: UTF8.self) else { throw .malformed("no UTF-8") }
        return text
    }

    /// Reads at most `bytesMaximum` bytes.
    public mutating func readBytes(bytesMaximum: Int = 64 << 20) throws(StateError) -> [UInt8] {
        Array(bytes[try readRange(bytesMaximum: bytesMaximum)])
    }

    /// Reads the next `count` bytes as a reader of their own.
    package mutating func readPart(count: Int) throws(StateError) -> StateReader {
        guard count >= 0, count <= remaining else { throw .truncated }
        position += count
        return StateReader(bytes, in: position - count..<position)
    }

    /// The rest, without reading it.
    package var rest: ArraySlice<UInt8> { bytes[position..<end] }

    private mutating func readRange(bytesMaximum: Int) throws(StateError) -> Range<Int> {
        let count = try readUInt64()
        guard count <= UInt64(bytesMaximum) else { throw .malformed("\(count) bytes, more than \(bytesMaximum)") }
        guard count <= UInt64(remaining) else { throw .truncated }
        position += Int(count)
        return position - Int(count)..<position
    }

    /// Reads a subscriber's name.
    public mutating func readSubscriber() throws(StateError) -> SubscriberID {
        SubscriberID(try readString(bytesMaximum: SubscriberID.bytesMaximum))
    }

    /// Reads a tick.
    @inlinable
    public mutating func readTick() throws(StateError) -> Tick {
        Tick(try readUInt64())
    }

    /// Reads a generator, which goes on where the written one was.
    public mutating func readGenerator() throws(StateError) -> SeededGenerator {
        SeededGenerator(seed: try readFixed())
    }

    /// Reads the version that the state begins with; throws unless it is 1 to `newest`.
    public mutating func readVersion(newest: UInt64) throws(StateError) -> UInt64 {
        let version = try readUInt64()
        guard (1...newest).contains(version) else { throw .unsupportedVersion(version, newest: newest) }
        return version
    }

    /// Reads how many elements follow, each of at least one byte.
    @inlinable
    public mutating func readCount(maximum: Int = .max) throws(StateError) -> Int {
        let count = try readUInt64()
        guard count <= UInt64(maximum) else { throw .malformed("\(count) elements, more than \(maximum)") }
        // So that nobody reserves memory for elements that cannot be there.
        guard count <= UInt64(remaining) else { throw .truncated }
        return Int(count)
    }

    /// Reads at most `countMaximum` elements, each with `readElement`.
    @inlinable
    public mutating func readArray<Element>(
        countMaximum: Int = .max, _ readElement: (inout StateReader) throws(StateError) -> Element
    ) throws(StateError) -> [Element] {
        let count = try readCount(maximum: countMaximum)
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try readElement(&self)) }
        return elements
    }

    /// Reads a value that may not be there.
    @inlinable
    public mutating func readOptional<Value>(
        _ readValue: (inout StateReader) throws(StateError) -> Value
    ) throws(StateError) -> Value? {
        try readBool() ? try readValue(&self) : nil
    }
}

/// Why bytes are no state.
public enum StateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// They end too early.
    case truncated
    /// They say something that cannot be.
    case malformed(String)
    /// They were written by another version of the world than this program knows.
    case unsupportedVersion(UInt64, newest: UInt64)

    public var description: String {
        switch self {
        case .truncated: "the state ends too early"
        case .malformed(let what): "the state is malformed: \(what)"
        case .unsupportedVersion(let version, let newest):
            "the state has version \(version), this program knows 1 to \(newest)"
        }
    }
}
