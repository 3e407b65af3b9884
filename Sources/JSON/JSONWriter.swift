public import PylonBytes

/// Writes JSON text straight into a byte buffer, without a tree and, once its buffer has grown, without allocating.
///
/// Commas and colons are inserted. What the caller must get right is the nesting: each member is a `key` and then one
/// value, each `begin` has its `end`. Debug builds trap where that is broken; release builds write what they are told.
public struct JSONWriter: ~Copyable {
    /// Where the text goes; the engine takes finished texts from here.
    public var buffer: ByteBuffer
    /// Whether the next value or key has one before it in the same container.
    @usableFromInline var needsComma = false
    /// Whether a key has been written and its value not yet.
    @usableFromInline var awaitsValue = false
    /// How many containers are open.
    @usableFromInline var depth = 0
    /// One bit for each of the 64 outermost open containers, set for objects; only asserts read it.
    @usableFromInline var objectBits: UInt64 = 0

    /// A writer that allocates with its first byte.
    public init() {
        buffer = ByteBuffer()
    }

    /// A writer with room for `capacity` bytes.
    public init(capacity: Int) {
        buffer = ByteBuffer(capacity: capacity)
    }

    /// A writer that appends a value to what `buffer` holds.
    public init(_ buffer: consuming ByteBuffer) {
        self.buffer = buffer
    }

    /// Forgets what was written, keeps the memory.
    @inlinable
    public mutating func reset() {
        buffer.removeAll()
        needsComma = false
        awaitsValue = false
        depth = 0
    }

    /// Starts another value behind those in the buffer, which are complete.
    package mutating func beginAnother() {
        assert(count == 0 || isComplete, "starting a value inside another")
        needsComma = false
    }

    /// Forgets what was written behind the first `count` bytes, which end with a complete value or are none.
    package mutating func truncate(to count: Int) {
        assert(depth == 0, "truncating inside a value")
        buffer.dropLast(buffer.count - count)
        needsComma = count > 0
    }

    /// The number of bytes in the buffer.
    @inlinable
    public var count: Int { buffer.count }

    /// Whether the value is complete: something was written and every container is closed.
    @inlinable
    public var isComplete: Bool { depth == 0 && needsComma && !awaitsValue }

    /// The bytes in the buffer, valid for the duration of `body`.
    @inlinable
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        try buffer.withUnsafeBytes(body)
    }

    /// Gives up the writer for its buffer. The value must be complete.
    public consuming func finish() -> ByteBuffer {
        assert(isComplete, "finishing an incomplete JSON value")
        return buffer
    }

    /// The text written so far.
    public var text: String {
        withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
    }
}

// MARK: Containers

extension JSONWriter {
    /// Opens an object; `key` and value alternate until ``endObject()``.
    @inlinable
    public mutating func beginObject() {
        open(UInt8(ascii: "{"), isObject: true)
    }

    /// Closes the innermost container, an object.
    @inlinable
    public mutating func endObject() {
        assert(isInObject(true), "endObject() outside an object")
        close(UInt8(ascii: "}"))
    }

    /// Opens an array.
    @inlinable
    public mutating func beginArray() {
        open(UInt8(ascii: "["), isObject: false)
    }

    /// Closes the innermost container, an array.
    @inlinable
    public mutating func endArray() {
        assert(isInObject(false), "endArray() outside an array")
        close(UInt8(ascii: "]"))
    }

    /// Opens an object as a member's value.
    @inlinable
    public mutating func beginObject(_ name: StaticString) {
        key(name)
        beginObject()
    }

    /// Opens an array as a member's value.
    @inlinable
    public mutating func beginArray(_ name: StaticString) {
        key(name)
        beginArray()
    }

    /// Names the next value. A literal is copied as it is: it must not need escaping, which debug builds check.
    @inlinable
    public mutating func key(_ name: StaticString) {
        assert(isPlain(name), "a literal key that needs escaping")
        beforeKey()
        let length = name.utf8CodeUnitCount
        buffer.withSpareCapacity(length + 4) { spare in
            var index = 0
            if needsComma {
                spare[0] = UInt8(ascii: ",")
                index = 1
            }
            spare[index] = UInt8(ascii: "\"")
            UnsafeMutableRawBufferPointer(rebasing: spare[(index + 1)...]).copyMemory(
                from: UnsafeRawBufferPointer(start: name.utf8Start, count: length))
            spare[index + 1 + length] = UInt8(ascii: "\"")
            spare[index + 2 + length] = UInt8(ascii: ":")
            return index + 3 + length
        }
        needsComma = false
    }

    /// Names the next value.
    @inlinable
    @_disfavoredOverload
    public mutating func key(_ name: String) {
        beforeKey()
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        appendQuoted(name)
        buffer.append(UInt8(ascii: ":"))
        needsComma = false
    }
}

extension JSONWriter {
    /// Names the next value with a name that is in quotes already, its colon behind it, unchecked: `"name":`.
    @inlinable
    @inline(__always)
    package mutating func key(quoted name: UnsafeRawBufferPointer) {
        beforeKey()
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        buffer.append(name)
        needsComma = false
    }
}

// MARK: Values

extension JSONWriter {
    /// Writes `null`.
    @inlinable
    public mutating func null() {
        beforeValue()
        buffer.append(StaticString("null"))
    }

    /// Writes `true` or `false`.
    @inlinable
    public mutating func value(_ value: Bool) {
        beforeValue()
        buffer.append(value ? StaticString("true") : StaticString("false"))
    }

    /// Writes an integer of at most 64 bits; wider types trap beyond that.
    @inlinable
    public mutating func value(_ value: some FixedWidthInteger) {
        beforeValue()
        buffer.append(decimal: value)
    }

    /// Writes a string, escaping what RFC 8259 §7 demands and nothing else.
    @inlinable
    @_disfavoredOverload
    public mutating func value(_ value: String) {
        beforeValue()
        appendQuoted(value)
    }

    /// Writes a string literal, escaped like any other.
    @inlinable
    public mutating func value(_ value: StaticString) {
        beforeValue()
        appendQuoted(UnsafeRawBufferPointer(start: value.utf8Start, count: value.utf8CodeUnitCount))
    }

    /// Writes a string that is valid UTF-8 already, unchecked, without making a `String`.
    @inlinable
    package mutating func value(utf8 text: UnsafeRawBufferPointer) {
        beforeValue()
        appendQuoted(text)
    }

    /// Writes a string whose bytes come from elsewhere: what is no UTF-8 in it is repaired.
    @inlinable
    package mutating func value(repairing text: UnsafeRawBufferPointer) {
        beforeValue()
        appendQuoted(repairing: text)
    }

    /// Writes the value, or `null` for none.
    @inlinable
    @_disfavoredOverload
    public mutating func value(_ value: String?) {
        if let value { self.value(value) } else { null() }
    }

    /// Writes the value, or `null` for none.
    @inlinable
    public mutating func value(_ value: (some FixedWidthInteger)?) {
        if let value { self.value(value) } else { null() }
    }

    /// Inserts a value that is JSON text already, unchecked.
    @inlinable
    public mutating func raw(_ json: UnsafeRawBufferPointer) {
        beforeValue()
        buffer.append(json)
    }

    /// Inserts a value that is JSON text already, unchecked.
    @inlinable
    public mutating func raw(_ json: Span<UInt8>) {
        beforeValue()
        buffer.append(json)
    }

    /// Inserts a value that is JSON text already, unchecked.
    @inlinable
    public mutating func raw(_ json: [UInt8]) {
        raw(json.span)
    }

    /// Inserts a literal that is JSON text already, unchecked.
    @inlinable
    public mutating func raw(_ json: StaticString) {
        beforeValue()
        buffer.append(json)
    }
}

// MARK: State

extension JSONWriter {
    @inlinable
    @inline(__always)
    mutating func beforeKey() {
        assert(depth > 0 && isInObject(true), "a key outside an object")
        assert(!awaitsValue, "a key where the value of the last key is due")
        awaitsValue = true
    }

    @inlinable
    @inline(__always)
    mutating func beforeValue() {
        assert(depth > 0 || !needsComma, "a second value at the top level")
        assert(awaitsValue || isInObject(false), "a value without a key in an object")
        if needsComma { buffer.append(UInt8(ascii: ",")) }
        needsComma = true
        awaitsValue = false
    }

    @inlinable
    @inline(__always)
    mutating func open(_ bracket: UInt8, isObject: Bool) {
        beforeValue()
        buffer.append(bracket)
        needsComma = false
        if depth < 64 {
            let bit = UInt64(1) << UInt64(depth)
            objectBits = isObject ? objectBits | bit : objectBits & ~bit
        }
        depth += 1
    }

    @inlinable
    @inline(__always)
    mutating func close(_ bracket: UInt8) {
        assert(depth > 0, "closing a container that was not opened")
        assert(!awaitsValue, "closing an object where the value of the last key is due")
        depth -= 1
        buffer.append(bracket)
        needsComma = true
    }

    /// Whether the innermost container can be an object (or, with false, an array or the top level). True where it is
    /// not known.
    @usableFromInline
    func isInObject(_ isObject: Bool) -> Bool {
        if depth == 0 { return !isObject }
        return depth > 64 || (objectBits >> UInt64(depth - 1) & 1 == 1) == isObject
    }

    @usableFromInline
    func isPlain(_ name: StaticString) -> Bool {
        let bytes = UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        return bytes.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    }
}
