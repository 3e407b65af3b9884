/// The hash of what a client shows at a tick (docs/protocol/replication.md, "Hash"): FNV-1a of 64 bits over the words of its entities, by
/// rising slots.
///
/// Owner-only fields of what is not the client's own count as 0, which is what it shows. The server, this decoder and other clients come to
/// the same number.
struct ViewHash {
    private static let start: UInt64 = 0xCBF2_9CE4_8422_2325
    private static let prime: UInt64 = 0x0000_0100_0000_01B3

    /// The hash of what has been combined.
    private(set) var value = start

    /// Combines one entity. `words` are what all may see of it; `owned` its words with owner-only fields, nil when it is not the
    /// client's own.
    mutating func combine(
        slot: UInt32, _ words: UnsafePointer<UInt32>, owned: UnsafePointer<UInt32>?, _ layout: EntityLayout
    ) {
        let head = EntityHead(word: words[0])
        combine(slot << 8 | UInt32(head.generation))
        combine(UInt32(head.type) << 1 | (owned == nil ? 0 : 1))
        for axis in 0..<layout.dimensions { combine(words[1 + axis]) }
        let mask = layout.types[head.type].ownedMask
        let first = layout.word(ofField: 0)
        for field in 0..<layout.types[head.type].fieldCount {
            if mask >> UInt32(field) & 1 == 0 {
                combine(words[first + field])
            } else {
                combine(owned?[first + field] ?? 0)
            }
        }
    }

    /// Four bytes, the lowest first.
    @inline(__always)
    private mutating func combine(_ word: UInt32) {
        for shift in 0..<4 as Range<UInt32> {
            value = (value ^ UInt64(word >> (8 * shift) & 0xFF)) &* Self.prime
        }
    }
}
