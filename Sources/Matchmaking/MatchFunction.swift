public import PylonTime

/// Decides who plays with whom: looks at everyone who waits in a queue and proposes groups.
///
/// Called on the matchmaker's own thread, so it may compute for a while, though nobody of the queue is matched meanwhile. What it
/// proposes is checked: one group out of order, and nothing of the pass counts. Take chance from the pool's seed and
/// time from its `now`, and the same pool always gives the same groups.
public protocol MatchFunction: Sendable {
    /// The groups to match now, the most deserving first: when there are more than one pass may make, the last have to wait.
    func match(_ pool: MatchPool) throws -> [MatchProposal]
}

/// Everyone who waits in one queue, as a match function sees it.
public struct MatchPool: Sendable {
    /// Those who wait, the longest first.
    public let tickets: [MatchTicket]
    /// Running matches with free places, the oldest first.
    public let openings: [MatchOpening]
    /// How many players a match has.
    public let players: ClosedRange<Int>
    /// The queue's regions, which the latencies of tickets belong to.
    public let regions: [String]
    public let now: Instant
    /// A new number for each pass.
    public let seed: UInt64
    /// For each ticket the number of its mode, 0... in order of appearance.
    package let modes: [Int]
    package let modeNames: [String]

    package init(
        tickets: [MatchTicket], openings: [MatchOpening] = [], players: ClosedRange<Int>, regions: [String] = [],
        now: Instant, seed: UInt64 = 0
    ) {
        self.tickets = tickets
        self.openings = openings
        self.players = players
        self.regions = regions
        self.now = now
        self.seed = seed
        (modes, modeNames) = Self.modes(of: tickets)
    }

    private static func modes(of tickets: [MatchTicket]) -> ([Int], [String]) {
        var numbers: [String: Int] = [:]
        var names: [String] = []
        var last = -1
        let modes = tickets.map { ticket in
            let mode = ticket.criteria.mode
            // Most queues have one mode: comparing is cheaper than hashing.
            if last >= 0, names[last] == mode { return last }
            if let known = numbers[mode] {
                last = known
            } else {
                last = names.count
                numbers[mode] = last
                names.append(mode)
            }
            return last
        }
        return (modes, names)
    }
}

extension MatchPool {
    /// For each mode, by its number, the indices of its openings, the oldest first. O(openings + modes).
    var openingsByMode: [[Int]] {
        var numbers: [String: Int] = [:]
        for (number, name) in modeNames.enumerated() { numbers[name] = number }
        var indices = [[Int]](repeating: [], count: modeNames.count)
        for (index, opening) in openings.enumerated() {
            if let number = numbers[opening.mode] { indices[number].append(index) }
        }
        return indices
    }
}

/// A running match that has free places.
public struct MatchOpening: Sendable {
    public let shardID: String
    /// Free places, 1...
    public let places: Int
    public let mode: String
    /// The mean of its players' ratings; nil when none has one.
    public let rating: Double?
    /// The index of its region; nil when the match has none.
    public let region: Int?

    package init(shardID: String, places: Int, mode: String, rating: Double?, region: Int?) {
        self.shardID = shardID
        self.places = places
        self.mode = mode
        self.rating = rating
        self.region = region
    }
}

/// Tickets to be matched with each other, or with those who play already.
public struct MatchProposal: Hashable, Sendable {
    /// Indices in the pool's `tickets`.
    public var tickets: [Int]
    /// The index of one of the pool's `openings` that they are to join; nil for a match of their own.
    public var opening: Int?
    /// The index of the region to play in; nil for any.
    public var region: Int?

    public init(_ tickets: [Int], opening: Int? = nil, region: Int? = nil) {
        self.tickets = tickets
        self.opening = opening
        self.region = region
    }
}

extension MatchPool {
    /// Whether the proposals can be carried out: each ticket in one of them at most, each group of a size that the queue allows or
    /// no larger than the opening, each of one mode.
    package func accepts(_ proposals: [MatchProposal]) -> Bool {
        var isTaken = [Bool](repeating: false, count: tickets.count)
        var places = openings.map(\.places)
        for proposal in proposals {
            var count = 0
            guard let first = proposal.tickets.first, tickets.indices.contains(first) else { return false }
            for index in proposal.tickets {
                guard tickets.indices.contains(index), !isTaken[index], modes[index] == modes[first] else {
                    return false
                }
                isTaken[index] = true
                count += tickets[index].players.count
            }
            if let region = proposal.region, !regions.indices.contains(region) { return false }
            guard let opening = proposal.opening else {
                guard players.contains(count) else { return false }
                continue
            }
            guard openings.indices.contains(opening), places[opening] >= count,
                openings[opening].mode == tickets[first].criteria.mode
            else { return false }
            places[opening] -= count
        }
        return true
    }
}
