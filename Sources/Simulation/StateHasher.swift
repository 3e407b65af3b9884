public import PylonTime

/// A 64-bit hash of a world's state, the same on every machine, in every process and in debug and release; Swift's own `Hasher` differs
/// from process to process. Not for secrets: whoever wants two states of one hash finds them.
///
/// Everything is hashed as words of 64 bits: `h = (rotateLeft(h, 5) ^ word) * 0x9E3779B97F4A7C15`, from `h = 0x50594C4F4E` on. Bytes are
/// their count and then their words, little-endian, the last one filled up with zeros. The result is `h` through the finaliser of SplitMix64.
public struct StateHasher: Sendable {
    @usableFromInline var state: UInt64 = 0x50_594C_4F4E
    /// Whether nothing has been combined yet.
    public private(set) var isEmpty = true

    public init() {}

    /// Combines one word: any whole number, its two's complement.
    @inlinable
    public mutating func combine(_ value: some FixedWidthInteger) {
        combine(word: UInt64(truncatingIfNeeded: value))
    }

    /// Combines 0 or 1.
    @inlinable
    public mutating func combine(_ value: Bool) {
        combine(word: value ? 1 : 0)
    }

    /// Combines the bits; NaNs are all one.
    @inlinable
    public mutating func combine(_ value: Double) {
        combine(word: value.isNaN ? 0x7FF8_0000_0000_0000 : value.bitPattern)
    }

    /// Combines the UTF-8 as bytes.
    public mutating func combine(_ text: String) {
        var text = text
        text.withUTF8 { combine(bytes: UnsafeRawBufferPointer($0)) }
    }

    /// Combines the name.
    public mutating func combine(_ subscriber: SubscriberID) {
        combine(subscriber.name)
    }

    /// Combines where in its sequence a generator is.
    public mutating func combine(_ generator: SeededGenerator) {
        combine(word: generator.continuation)
    }

    /// Combines bytes, a word of eight at a time.
    public mutating func combine(bytes: UnsafeRawBufferPointer) {
        combine(word: UInt64(bytes.count))
        var index = 0
        while index + 8 <= bytes.count {
            combine(word: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)))
            index += 8
        }
        guard index < bytes.count else { return }
        var last: UInt64 = 0
        for place in index..<bytes.count { last |= UInt64(bytes[place]) << UInt64(8 * (place - index)) }
        combine(word: last)
    }

    /// The hash of what has been combined.
    public var value: UInt64 {
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    @usableFromInline
    mutating func combine(word: UInt64) {
        state = ((state << 5 | state >> 59) ^ word) &* 0x9E37_79B9_7F4A_7C15
        isEmpty = false
    }
}
