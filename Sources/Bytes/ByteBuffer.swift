public import Glibc

/// A growable byte buffer with one owner, reused from tick to tick without allocating.
///
/// Appending is amortised O(1). Bytes before the read index have been consumed; they are reclaimed when the buffer
/// empties or has to grow. Not thread-safe: it belongs to whoever holds it.
public struct ByteBuffer: ~Copyable {
    @usableFromInline var base: UnsafeMutableRawPointer?
    @usableFromInline var readIndex = 0
    @usableFromInline var writeIndex = 0
    @usableFromInline var capacity = 0

    /// An empty buffer; nothing is allocated before the first byte is written.
    @inlinable
    public init() {}

    /// An empty buffer with room for `capacity` bytes.
    @inlinable
    public init(capacity: Int) {
        reserve(capacity)
    }

    @inlinable
    deinit {
        free(base)
    }

    /// The number of bytes written and not yet consumed.
    @inlinable
    public var count: Int { writeIndex - readIndex }

    @inlinable
    public var isEmpty: Bool { writeIndex == readIndex }

    /// The bytes of heap held, whether in use or not.
    @inlinable
    public var capacityBytes: Int { capacity }

    /// Makes room for `additional` more bytes behind those already written.
    @inlinable
    @inline(__always)
    public mutating func reserve(_ additional: Int) {
        if capacity - writeIndex < additional { grow(additional) }
    }

    @usableFromInline
    @inline(never)
    mutating func grow(_ additional: Int) {
        let live = writeIndex - readIndex
        if let base, readIndex > 0 {
            memmove(base, base + readIndex, live)
            readIndex = 0
            writeIndex = live
            if capacity - live >= additional { return }
        }
        var grown = max(capacity * 2, 64)
        while grown < live + additional { grown *= 2 }
        guard let moved = realloc(base, grown) else { fatalError("out of memory: \(grown) bytes") }
        base = moved
        capacity = grown
    }

    /// Appends one byte.
    @inlinable
    @inline(__always)
    public mutating func append(_ byte: UInt8) {
        reserve(1)
        base.unsafelyUnwrapped.storeBytes(of: byte, toByteOffset: writeIndex, as: UInt8.self)
        writeIndex += 1
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public mutating func append(_ bytes: UnsafeRawBufferPointer) {
        guard let source = bytes.baseAddress, !bytes.isEmpty else { return }
        reserve(bytes.count)
        memcpy(base.unsafelyUnwrapped + writeIndex, source, bytes.count)
        writeIndex += bytes.count
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public mutating func append(_ bytes: Span<UInt8>) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends a copy of `bytes`.
    @inlinable
    public mutating func append(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { append($0) }
    }

    /// Appends a string's UTF-8.
    @inlinable
    public mutating func append(_ string: String) {
        var string = string
        string.withUTF8 { append(UnsafeRawBufferPointer($0)) }
    }

    /// Appends a literal's UTF-8 without making a `String`.
    @inlinable
    @inline(__always)
    public mutating func append(_ literal: StaticString) {
        append(UnsafeRawBufferPointer(start: literal.utf8Start, count: literal.utf8CodeUnitCount))
    }

    /// Appends an integer in network byte order.
    @inlinable
    public mutating func append(bigEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.bigEndian) { append($0) }
    }

    /// Appends an integer in decimal.
    @inlinable
    public mutating func append(decimal value: some FixedWidthInteger) {
        if value < 0 { append(UInt8(ascii: "-")) }
        append(decimalMagnitude: UInt64(value.magnitude))
    }

    @usableFromInline
    mutating func append(decimalMagnitude value: UInt64) {
        reserve(20)
        var remaining = value
        var digits = 1
        var limit: UInt64 = 10
        while digits < 20, remaining >= limit {
            digits += 1
            if digits == 20 { break }
            limit *= 10
        }
        guard let base else { return }
        var index = writeIndex + digits
        writeIndex = index
        repeat {
            index -= 1
            let digit = UInt8(truncatingIfNeeded: remaining % 10) &+ UInt8(ascii: "0")
            base.storeBytes(of: digit, toByteOffset: index, as: UInt8.self)
            remaining /= 10
        } while remaining > 0
    }

    /// Appends an integer in lower-case hexadecimal without leading zeros.
    public mutating func append(hexadecimal value: UInt) {
        var shift = max(0, (UInt.bitWidth - value.leadingZeroBitCount + 3) / 4 * 4 - 4)
        while shift >= 0 {
            append(Hex.digit(UInt8(truncatingIfNeeded: value >> UInt(shift)) & 0x0F))
            shift -= 4
        }
    }

    /// Lets `body` write up to `capacity` bytes in place; it returns how many it wrote.
    @inlinable
    public mutating func withSpareCapacity<E: Error>(
        _ minimum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        reserve(minimum)
        let spare = UnsafeMutableRawBufferPointer(
            start: base.unsafelyUnwrapped + writeIndex, count: capacity - writeIndex)
        writeIndex += try body(spare)
    }

    /// The unread bytes, valid for the duration of `body`.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try body(UnsafeRawBufferPointer(start: base.map { UnsafeRawPointer($0) + readIndex }, count: count))
    }

    /// The unread bytes, writable in place for the duration of `body`.
    @inlinable
    public mutating func withUnsafeMutableBytes<R, E: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(E) -> R
    ) throws(E) -> R {
        try body(UnsafeMutableRawBufferPointer(start: base.map { $0 + readIndex }, count: count))
    }

    /// The unread bytes, valid for the duration of `body`.
    @inlinable
    public func withSpan<R, E: Error>(_ body: (Span<UInt8>) throws(E) -> R) throws(E) -> R {
        try withUnsafeBytes { (raw) throws(E) -> R in try body(raw.bindMemory(to: UInt8.self).span) }
    }

    /// A copy of the unread bytes.
    public func copyBytes() -> [UInt8] {
        withUnsafeBytes { [UInt8]($0) }
    }

    /// Marks `length` unread bytes as read. Traps if fewer are there.
    @inlinable
    public mutating func consume(_ length: Int) {
        precondition(length >= 0 && length <= count, "consuming more than was written")
        readIndex += length
        if readIndex == writeIndex {
            readIndex = 0
            writeIndex = 0
        }
    }

    /// Takes back the last `length` bytes written. Traps if fewer are there.
    @inlinable
    public mutating func dropLast(_ length: Int) {
        precondition(length >= 0 && length <= count, "dropping more than was written")
        writeIndex -= length
    }

    /// Forgets the bytes, keeps the memory.
    @inlinable
    public mutating func removeAll() {
        readIndex = 0
        writeIndex = 0
    }

    /// Forgets the bytes and gives the memory back; an idle connection holds none.
    @inlinable
    public mutating func releaseMemory() {
        free(base)
        base = nil
        readIndex = 0
        writeIndex = 0
        capacity = 0
    }
}
