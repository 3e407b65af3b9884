/// The entries of one queue in the order in which they joined: who waits, who is held by a match that is being made or has yet to be
/// acknowledged, and how many wait before somebody.
///
/// Copies share their memory until one of them changes, so that a pass can look at a queue while it moves on.
struct TicketList {
    /// What an entry does.
    enum State: UInt8 {
        /// It has left; its place is used until the list is next packed.
        case gone
        case queued
        /// A match has it; it keeps its place, in case that comes to nothing.
        case held
    }

    private(set) var tickets: ContiguousArray<MatchTicket> = []
    private(set) var states: ContiguousArray<State> = []
    /// The matches that hold entries; 0 for none.
    private var holders: ContiguousArray<UInt64> = []
    /// How many are queued, as a binary indexed tree (Fenwick, 1994), whose first element is unused.
    private var tree: ContiguousArray<Int32> = [0]
    private(set) var queuedCount = 0
    private var goneCount = 0

    /// Adds an entry that waits; its number must be higher than any before. O(log n).
    mutating func append(_ ticket: MatchTicket) {
        assert(tickets.last.map { $0.number < ticket.number } ?? true)
        tickets.append(ticket)
        states.append(.queued)
        holders.append(0)
        let index = tickets.count
        tree.append(1 + Int32(queued(before: index - 1) - queued(before: index - (index & -index))))
        queuedCount += 1
    }

    /// Where an entry is; nil when it has left. O(log n).
    func index(of number: UInt64) -> Int? {
        guard let first = tickets.first, number >= first.number else { return nil }
        // Numbers are consecutive until the list is packed: the entry is there, or further to the left.
        var (low, high) = (0, Int(clamping: min(number - first.number, UInt64(tickets.count - 1))))
        if tickets[high].number == number { low = high }
        while low < high {
            let middle = (low + high) / 2
            if tickets[middle].number < number { low = middle + 1 } else { high = middle }
        }
        guard low < tickets.count, tickets[low].number == number, states[low] != .gone else { return nil }
        return low
    }

    func ticket(_ number: UInt64) -> MatchTicket? { index(of: number).map { tickets[$0] } }

    func state(_ number: UInt64) -> State { index(of: number).map { states[$0] } ?? .gone }

    /// The match that holds an entry; nil when none does.
    func holder(_ number: UInt64) -> UInt64? {
        guard let index = index(of: number), states[index] == .held else { return nil }
        return holders[index]
    }

    /// How many wait before an entry. O(log n).
    func position(of number: UInt64) -> Int { index(of: number).map { queued(before: $0) } ?? 0 }

    /// Hands an entry that waits to a match; false when it does not wait.
    mutating func hold(_ number: UInt64, for match: UInt64) -> Bool {
        guard let index = index(of: number), states[index] == .queued else { return false }
        states[index] = .held
        holders[index] = match
        count(-1, at: index)
        return true
    }

    /// Puts an entry that was held back to its place.
    mutating func release(_ ticket: MatchTicket) {
        guard let index = index(of: ticket.number), states[index] == .held else { return }
        tickets[index] = ticket
        states[index] = .queued
        holders[index] = 0
        count(1, at: index)
    }

    /// Lets an entry go; false when it has gone before.
    @discardableResult
    mutating func remove(_ number: UInt64) -> Bool {
        guard let index = index(of: number) else { return false }
        if states[index] == .queued { count(-1, at: index) }
        states[index] = .gone
        goneCount += 1
        // Each packing pays for itself by as many departures as it looks at entries.
        if goneCount > 64, goneCount > tickets.count / 2 { pack() }
        return true
    }

    private mutating func count(_ change: Int32, at index: Int) {
        queuedCount += Int(change)
        var node = index + 1
        while node < tree.count {
            tree[node] += change
            node += node & -node
        }
    }

    private func queued(before index: Int) -> Int {
        var sum: Int32 = 0
        var node = index
        while node > 0 {
            sum += tree[node]
            node -= node & -node
        }
        return Int(sum)
    }

    private mutating func pack() {
        let kept = tickets.indices.filter { states[$0] != .gone }
        tickets = ContiguousArray(kept.map { tickets[$0] })
        states = ContiguousArray(kept.map { states[$0] })
        holders = ContiguousArray(kept.map { holders[$0] })
        goneCount = 0
        tree = ContiguousArray(repeating: 0, count: tickets.count + 1)
        for node in tree.indices.dropFirst() {
            if states[node - 1] == .queued { tree[node] += 1 }
            let parent = node + (node & -node)
            if parent < tree.count { tree[parent] += tree[node] }
        }
    }
}
