/// A binary heap of deadlines, earliest first. Entries are never removed early: whoever they belong to tells a stale one when
/// it comes up.
package struct DeadlineHeap: Sendable {
    /// One deadline and whose it is.
    package struct Entry: Sendable {
        package let deadline: Instant
        /// Whose deadline it is, in the owner's own numbering.
        package let datum: UInt64
    }

    private var entries: ContiguousArray<Entry> = []

    package init() {}

    package var count: Int { entries.count }

    /// The earliest deadline, nil when there is none.
    package var deadlineNext: Instant? { entries.isEmpty ? nil : entries[0].deadline }

    /// Adds a deadline. O(log n).
    package mutating func insert(deadline: Instant, datum: UInt64) {
        entries.append(Entry(deadline: deadline, datum: datum))
        var index = entries.count - 1
        while index > 0 {
            let parent = (index - 1) / 2
            guard entries[index].deadline < entries[parent].deadline else { break }
            entries.swapAt(index, parent)
            index = parent
        }
    }

    /// Takes out the earliest entry if its deadline is not after `now`. O(log n).
    package mutating func popDue(_ now: Instant) -> Entry? {
        guard !entries.isEmpty, entries[0].deadline <= now else { return nil }
        let first = entries[0]
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return first
    }

    private mutating func sink() {
        var index = 0
        while true {
            let left = 2 * index + 1
            guard left < entries.count else { return }
            let right = left + 1
            let child = right < entries.count && entries[right].deadline < entries[left].deadline ? right : left
            guard entries[child].deadline < entries[index].deadline else { return }
            entries.swapAt(index, child)
            index = child
        }
    }
}
