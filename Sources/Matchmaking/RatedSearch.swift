internal import PylonTime

/// The tickets of one mode in the order of their ratings, from which groups are taken one after the other.
///
/// For each region a list links those who accept it, so that a search from somebody outwards meets only whom it could match, and taking
/// a ticket out is O(regions).
struct RatedSearch {
    /// Tickets that one search looks at. Those who waited longest go first; when a pass has used up its budget, the rest makes do
    /// with less.
    private static let searchMaximum = 1024
    private static let searchMinimum = 16
    private static let openingsSearched = 16

    /// Steps of all searches of a pass together: what keeps a queue in which nobody fits from taking the square of its length.
    static func budget(tickets: Int) -> Int { 40 * tickets }

    private let pool: MatchPool
    private let function: RatedMatch
    /// By rank: the order of ratings, then of joining.
    private var entries: [Entry] = []
    /// Ranks in the order of joining.
    private var arrivals: [Int32] = []
    /// The rank of each ticket of the pool; what stands for tickets of other modes means nothing.
    private var ranks: [Int32] = []
    /// One for each region.
    private var lists: [RankList] = []

    /// The arrays of a search that is over, for the next to use again: they are as large as the queue.
    struct Scratch {
        fileprivate var entries: [Entry] = []
        fileprivate var arrivals: [Int32] = []
        fileprivate var ranks: [Int32] = []
        fileprivate var lists: [RankList] = []

        init() {}
    }

    fileprivate struct Entry {
        let rating: Double
        /// The index in the pool.
        let ticket: Int32
        let size: Int32
        /// The spread of ratings that it accepts.
        var spread = 0.0
        /// The regions that it accepts, a bit each; one bit when the queue has none.
        var regions: UInt32 = 1
        var isTaken = false
    }

    /// Takes the arrays of `scratch`, until ``exchange(_:)``.
    init(_ tickets: [Int], of pool: MatchPool, by function: RatedMatch, using scratch: inout Scratch) {
        self.pool = pool
        self.function = function
        exchange(&scratch)
        entries.removeAll(keepingCapacity: true)
        for index in tickets {
            let ticket = pool.tickets[index]
            entries.append(
                Entry(
                    rating: ticket.criteria.rating ?? function.ratingStandard, ticket: Int32(index),
                    size: Int32(ticket.players.count)))
        }
        entries.sort { $0.rating == $1.rating ? $0.ticket < $1.ticket : $0.rating < $1.rating }
        let hasRegions = !pool.regions.isEmpty
        for rank in entries.indices {
            let ticket = pool.tickets[Int(entries[rank].ticket)]
            let seconds = (pool.now - ticket.enqueuedAt).inSeconds
            entries[rank].spread = function.spread(waiting: seconds)
            if hasRegions { entries[rank].regions = Self.regions(of: ticket, waiting: seconds, pool, function) }
        }
        linkRanks(tickets)
    }

    private mutating func linkRanks(_ tickets: [Int]) {
        let missing = pool.tickets.count - ranks.count
        if missing > 0 { ranks.append(contentsOf: repeatElement(-1, count: missing)) }
        for rank in entries.indices { ranks[Int(entries[rank].ticket)] = Int32(rank) }
        arrivals.removeAll(keepingCapacity: true)
        for ticket in tickets { arrivals.append(ranks[ticket]) }
        let regionCount = max(1, pool.regions.count)
        while lists.count < regionCount { lists.append(RankList()) }
        lists.removeLast(lists.count - regionCount)
        for region in 0..<regionCount {
            lists[region].link(count: entries.count) { [entries] in
                entries[$0].regions & (1 << UInt32(region)) != 0
            }
        }
    }

    /// Exchanges its arrays for those of `scratch`: at the end, so that the next search has them.
    mutating func exchange(_ scratch: inout Scratch) {
        swap(&entries, &scratch.entries)
        swap(&arrivals, &scratch.arrivals)
        swap(&ranks, &scratch.ranks)
        swap(&lists, &scratch.lists)
    }

    private static func regions(
        of ticket: MatchTicket, waiting seconds: Double, _ pool: MatchPool, _ function: RatedMatch
    ) -> UInt32 {
        let latencies = ticket.criteria.latencies
        guard !latencies.isEmpty else { return (1 << UInt32(pool.regions.count)) - 1 }
        let maximum = function.latency(waiting: seconds)
        var regions: UInt32 = 0
        for (region, latency) in latencies.enumerated() where latency <= maximum { regions |= 1 << UInt32(region) }
        return regions
    }

    private mutating func take(_ rank: Int) {
        entries[rank].isTaken = true
        for region in lists.indices where entries[rank].regions & (1 << UInt32(region)) != 0 {
            lists[region].remove(rank)
        }
    }

    // MARK: Running matches

    /// Sends those who wait into running matches near their ratings, the longest waiting first.
    mutating func fill(_ openings: [Int]) -> [MatchProposal] {
        guard !openings.isEmpty else { return [] }
        func rating(_ opening: Int) -> Double { pool.openings[opening].rating ?? function.ratingStandard }
        let sorted = openings.sorted { rating($0) == rating($1) ? $0 < $1 : rating($0) < rating($1) }
        let ratings = sorted.map(rating)
        var places = sorted.map { pool.openings[$0].places }
        var tickets = [[Int]](repeating: [], count: sorted.count)
        for arrival in arrivals {
            let entry = entries[Int(arrival)]
            var reach = Reach(around: entry.rating, in: ratings)
            for _ in 0..<Self.openingsSearched {
                guard let place = reach.next(), abs(ratings[place] - entry.rating) <= entry.spread else { break }
                let region = pool.openings[sorted[place]].region
                guard places[place] >= entry.size, region.map({ entry.regions & (1 << UInt32($0)) != 0 }) ?? true else {
                    continue
                }
                places[place] -= Int(entry.size)
                tickets[place].append(Int(entry.ticket))
                take(Int(arrival))
                break
            }
        }
        return sorted.indices.filter { !tickets[$0].isEmpty }.map { MatchProposal(tickets[$0], opening: sorted[$0]) }
    }

    // MARK: New matches

    /// Takes as many groups as there are, each around whoever has waited longest.
    mutating func group(_ budget: inout Int) -> [MatchProposal] {
        var proposals: [MatchProposal] = []
        for arrival in arrivals {
            let anchor = Int(arrival)
            guard !entries[anchor].isTaken else { continue }
            for region in regionsByLatency(of: anchor) {
                let allowance = max(Self.searchMinimum, min(Self.searchMaximum, budget))
                var search = GroupSearch(entries[anchor], full: pool.players.upperBound)
                scan(&search, around: anchor, in: region, steps: allowance)
                budget -= search.steps
                guard search.isFull || mayBePartial(search, anchor) else { continue }
                take(anchor)
                for rank in search.members { take(rank) }
                proposals.append(
                    MatchProposal(
                        [Int(entries[anchor].ticket)] + search.members.map { Int(entries[$0].ticket) },
                        region: pool.regions.isEmpty ? nil : region))
                break
            }
        }
        return proposals
    }

    private func mayBePartial(_ search: GroupSearch, _ anchor: Int) -> Bool {
        let ticket = pool.tickets[Int(entries[anchor].ticket)]
        return search.count >= pool.players.lowerBound && pool.now - ticket.enqueuedAt >= function.fullAfter
    }

    /// The regions that an entry accepts, the nearest first.
    private func regionsByLatency(of rank: Int) -> [Int] {
        guard !pool.regions.isEmpty else { return [0] }
        let latencies = pool.tickets[Int(entries[rank].ticket)].criteria.latencies
        let accepted = pool.regions.indices.filter { entries[rank].regions & (1 << UInt32($0)) != 0 }
        guard !latencies.isEmpty else { return accepted }
        return accepted.sorted { latencies[$0] == latencies[$1] ? $0 < $1 : latencies[$0] < latencies[$1] }
    }

    /// Walks outwards from the anchor, the nearest rating first, and adds whoever fits.
    private func scan(_ search: inout GroupSearch, around anchor: Int, in region: Int, steps: Int) {
        let list = lists[region]
        let rating = entries[anchor].rating
        let spread = entries[anchor].spread
        var below = list.before(anchor)
        var above = list.after(anchor)
        while !search.isFull, search.steps < steps {
            let down = below >= 0 ? rating - entries[below].rating : .infinity
            let up = above >= 0 ? entries[above].rating - rating : .infinity
            guard min(down, up) <= spread else { break }
            let candidate = down <= up ? below : above
            if down <= up { below = list.before(below) } else { above = list.after(above) }
            search.consider(candidate, entries[candidate])
        }
        if !search.isFull { search.retryLargestFirst(entries) }
    }

    /// One group in the making, around its anchor.
    private struct GroupSearch {
        /// Those who fitted but for their size, kept for a second try.
        private static let seenMaximum = 64

        let anchor: Entry
        let full: Int
        /// Ranks of those beside the anchor.
        private(set) var members: [Int] = []
        private(set) var count: Int
        private(set) var steps = 0
        private var lowest: Double
        private var highest: Double
        /// The spread that all accept.
        private var spread: Double
        private var seen: [Int] = []
        private var hasMisfit = false

        init(_ anchor: Entry, full: Int) {
            self.anchor = anchor
            self.full = full
            count = Int(anchor.size)
            lowest = anchor.rating
            highest = anchor.rating
            spread = anchor.spread
        }

        var isFull: Bool { count == full }

        mutating func consider(_ rank: Int, _ entry: Entry) {
            steps += 1
            if seen.count < Self.seenMaximum { seen.append(rank) }
            if !add(rank, entry) { hasMisfit = true }
        }

        private mutating func add(_ rank: Int, _ entry: Entry) -> Bool {
            let low = min(lowest, entry.rating)
            let high = max(highest, entry.rating)
            let accepted = min(spread, entry.spread)
            guard count + Int(entry.size) <= full, high - low <= accepted else { return false }
            (lowest, highest, spread) = (low, high, accepted)
            count += Int(entry.size)
            members.append(rank)
            return true
        }

        /// Packs again with the largest parties in front: two who came alone may have taken the places of a pair.
        mutating func retryLargestFirst(_ entries: [Entry]) {
            guard hasMisfit, seen.contains(where: { entries[$0].size > 1 }) else { return }
            var other = GroupSearch(anchor, full: full)
            let order = seen.enumerated().sorted { left, right in
                let (a, b) = (entries[left.element].size, entries[right.element].size)
                return a == b ? left.offset < right.offset : a > b
            }
            for (_, rank) in order where !other.isFull { _ = other.add(rank, entries[rank]) }
            guard other.count > count else { return }
            other.steps = steps
            self = other
        }
    }
}

/// Ranks in ascending order, linked both ways.
fileprivate struct RankList {
    private var previous: [Int32] = []
    private var next: [Int32] = []

    /// Links those of `count` ranks that are in.
    mutating func link(count: Int, where isIn: (Int) -> Bool) {
        previous.removeAll(keepingCapacity: true)
        next.removeAll(keepingCapacity: true)
        previous.append(contentsOf: repeatElement(-1, count: count))
        next.append(contentsOf: repeatElement(-1, count: count))
        var last: Int32 = -1
        for rank in 0..<count where isIn(rank) {
            previous[rank] = last
            if last >= 0 { next[Int(last)] = Int32(rank) }
            last = Int32(rank)
        }
    }

    /// The rank before one that is in the list; -1 for none.
    func before(_ rank: Int) -> Int { Int(previous[rank]) }
    func after(_ rank: Int) -> Int { Int(next[rank]) }

    mutating func remove(_ rank: Int) {
        let (before, after) = (previous[rank], next[rank])
        if before >= 0 { next[Int(before)] = after }
        if after >= 0 { previous[Int(after)] = before }
    }
}

/// Places in a sorted list, the nearest to a value first.
private struct Reach {
    private let value: Double
    private let ratings: [Double]
    private var below: Int
    private var above: Int

    init(around value: Double, in ratings: [Double]) {
        self.value = value
        self.ratings = ratings
        var (low, high) = (0, ratings.count)
        while low < high {
            let middle = (low + high) / 2
            if ratings[middle] < value { low = middle + 1 } else { high = middle }
        }
        below = low - 1
        above = low
    }

    mutating func next() -> Int? {
        let down = below >= 0 ? value - ratings[below] : .infinity
        let up = above < ratings.count ? ratings[above] - value : .infinity
        guard min(down, up) < .infinity else { return nil }
        if down <= up {
            below -= 1
            return below + 1
        }
        above += 1
        return above - 1
    }
}
