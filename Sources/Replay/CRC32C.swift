/// The CRC of iSCSI (RFC 3720 B.4) over bytes: what tells a torn or damaged block of a recording from a whole one.
package struct CRC32C: Sendable {
    private var register: UInt32 = 0xFFFF_FFFF

    package init() {}

    /// Takes in bytes; O(count).
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let table = Self.table
        for byte in bytes { register = table[Int(UInt8(truncatingIfNeeded: register) ^ byte)] ^ (register >> 8) }
    }

    /// The CRC of everything taken in.
    package var value: UInt32 { ~register }

    /// By the low byte of the register; the polynomial is 0x1EDC6F41, bits reversed.
    private static let table: [UInt32] = (0..<256 as Range<UInt32>).map { index in
        (0..<8).reduce(index) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0x82F6_3B78 : value >> 1 }
    }
}
