/// Reads what ``BitWriter`` wrote; every read is checked.
struct BitReader: ~Copyable {
    /// Valid while the reader is in use.
    private let bytes: UnsafeRawBufferPointer
    /// The next bit.
    private(set) var position = 0

    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
    }

    /// The bits not yet read.
    var remaining: Int { bytes.count * 8 - position }

    /// Reads 0 to 32 bits.
    mutating func read(_ length: Int) throws(ReplicaError) -> UInt32 {
        guard length <= remaining else { throw .truncated }
        var value: UInt64 = 0
        var have = 0
        let shift = position & 7
        var index = position >> 3
        while have < length + shift {
            value |= UInt64(bytes[index]) << UInt64(have)
            have += 8
            index += 1
        }
        position += length
        return UInt32(truncatingIfNeeded: value >> UInt64(shift) & (1 << UInt64(length) - 1))
    }

    /// Reads a truth value.
    mutating func readBit() throws(ReplicaError) -> Bool { try read(1) != 0 }

    /// Reads a count or a gap.
    mutating func readNumber() throws(ReplicaError) -> Int {
        guard try readBit() else { return 0 }
        guard try readBit() else { return 1 + Int(try read(3)) }
        guard try readBit() else { return 9 + Int(try read(6)) }
        guard try readBit() else { return 73 + Int(try read(10)) }
        return 1097 + Int(try read(24))
    }

    /// Goes to the next byte; what is passed over must be zeros.
    mutating func alignToByte() throws(ReplicaError) {
        guard try read((8 - position & 7) & 7) == 0 else { throw .malformed("bits that should be 0 are not") }
    }
}
