/// The words of all slots as they were at one tick.
final class HistoryRow: @unchecked Sendable {
    // Safety: written by `fill` alone, whose caller holds the only reference.

    private(set) var tick: UInt64
    /// The words of slot `s` begin at `s * stride`.
    let words: UnsafeMutablePointer<UInt32>
    /// How many words there are.
    let count: Int

    init(tick: UInt64, count: Int) {
        self.tick = tick
        self.count = count
        words = .allocate(capacity: max(count, 1))
        words.initialize(repeating: 0, count: max(count, 1))
    }

    deinit { words.deallocate() }

    func fill(tick: UInt64, from source: ContiguousArray<UInt32>) {
        precondition(source.count == count, "a row of another table")
        self.tick = tick
        source.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { words.update(from: start, count: count) }
        }
    }
}
