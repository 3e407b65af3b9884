/// A set of slots that is filled in any order and read in rising order: a bitmap with a bitmap over its words.
struct SlotSet: Sendable {
    private var words: ContiguousArray<UInt64> = []
    /// Which words hold something.
    private var summary: ContiguousArray<UInt64> = []
    private(set) var count = 0

    /// Makes room for slots below `limit`. The set must be empty.
    mutating func reserve(_ limit: Int) {
        let needed = (limit + 63) / 64
        while words.count < needed { words.append(0) }
        while summary.count * 64 < words.count { summary.append(0) }
    }

    /// Adds a slot; nothing when it is there.
    @inline(__always)
    mutating func insert(_ slot: Int) {
        let bit = (1 as UInt64) << UInt64(slot & 63)
        let word = slot >> 6
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
        summary[word >> 6] |= 1 << UInt64(word & 63)
    }

    /// Appends all slots in rising order and empties the set.
    mutating func drain(into slots: inout ContiguousArray<UInt32>) {
        for outer in summary.indices {
            var marks = summary[outer]
            summary[outer] = 0
            while marks != 0 {
                let word = outer << 6 | marks.trailingZeroBitCount
                marks &= marks - 1
                var bits = words[word]
                words[word] = 0
                while bits != 0 {
                    slots.append(UInt32(truncatingIfNeeded: word << 6 | bits.trailingZeroBitCount))
                    bits &= bits - 1
                }
            }
        }
        count = 0
    }
}
