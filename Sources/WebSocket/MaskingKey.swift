/// The four bytes that a client's payload is XORed with (RFC 6455 §5.3).
package struct MaskingKey: Hashable, Sendable {
    /// The first byte on the wire is the least significant, so that rotating right moves to the next byte.
    @usableFromInline let bits: UInt32

    @usableFromInline
    init(bits: UInt32) {
        self.bits = bits
    }

    /// The key with these bytes, in wire order.
    @inlinable
    package init(_ first: UInt8, _ second: UInt8, _ third: UInt8, _ fourth: UInt8) {
        bits = UInt32(first) | UInt32(second) << 8 | UInt32(third) << 16 | UInt32(fourth) << 24
    }

    /// A key drawn from `generator`; §5.3 asks a real client for one that cannot be predicted.
    @inlinable
    package init(from generator: inout some RandomNumberGenerator) {
        bits = UInt32(truncatingIfNeeded: generator.next())
    }

    /// The bytes in wire order.
    package var bytes: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
    }

    /// The key as it applies `count` bytes further into the payload.
    @inlinable
    package func advanced(by count: Int) -> MaskingKey {
        let shift = UInt32(truncatingIfNeeded: count & 3) * 8
        return MaskingKey(bits: shift == 0 ? bits : bits >> shift | bits << (32 - shift))
    }

    /// Masks or unmasks `bytes` in place, the key's first byte being that of the first byte here.
    package func apply(to bytes: UnsafeMutableRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        let count = bytes.count
        let word = (UInt64(bits) | UInt64(bits) << 32).littleEndian
        var index = 0
        // Four words a turn: the compiler turns them into vector instructions, and an unoptimised build still moves.
        while count - index >= 32 {
            let place = base + index
            let first = place.loadUnaligned(as: UInt64.self) ^ word
            let second = place.loadUnaligned(fromByteOffset: 8, as: UInt64.self) ^ word
            let third = place.loadUnaligned(fromByteOffset: 16, as: UInt64.self) ^ word
            let fourth = place.loadUnaligned(fromByteOffset: 24, as: UInt64.self) ^ word
            place.storeBytes(of: first, as: UInt64.self)
            place.storeBytes(of: second, toByteOffset: 8, as: UInt64.self)
            place.storeBytes(of: third, toByteOffset: 16, as: UInt64.self)
            place.storeBytes(of: fourth, toByteOffset: 24, as: UInt64.self)
            index += 32
        }
        while count - index >= 8 {
            let masked = base.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ word
            base.storeBytes(of: masked, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        var rest = bits
        while index < count {
            let masked = base.load(fromByteOffset: index, as: UInt8.self) ^ UInt8(truncatingIfNeeded: rest)
            base.storeBytes(of: masked, toByteOffset: index, as: UInt8.self)
            rest = rest >> 8 | rest << 24
            index += 1
        }
    }
}
