internal import PylonThreading
internal import PylonTime

/// Matches tickets of one mode whose ratings are close and who share a region that is near to all; the longer somebody waits, the less
/// close and near it has to be.
///
/// Fair: whoever waits longest is served first and gets the closest partners. Everyone in a group accepts the whole spread of its
/// ratings. A pass costs O(n log n) for sorting and a bounded search for each ticket.
public struct RatedMatch: MatchFunction {
    /// What those count as who have no rating.
    public var ratingStandard = 1500.0
    /// How far ratings in one match may be apart for somebody who has just joined.
    public var spreadStart = 100.0
    /// How much that grows with each second of waiting.
    public var spreadGrowth = 10.0
    /// What it never exceeds.
    public var spreadMaximum = 1000.0
    /// How many milliseconds away a region may be for somebody who has just joined.
    public var latencyStart = 80.0
    /// How much that grows with each second of waiting.
    public var latencyGrowth = 5.0
    /// What it never exceeds.
    public var latencyMaximum = 250.0
    /// How long somebody waits for a full match before fewer players, as the queue allows, will do.
    public var fullAfter: Duration = .seconds(10)

    /// The arrays of the last pass, shared by all copies; who takes them meanwhile makes new ones.
    private let spare = Spare()

    public init() {}

    public func match(_ pool: MatchPool) -> [MatchProposal] {
        var members = [[Int]](repeating: [], count: pool.modeNames.count)
        for (index, mode) in pool.modes.enumerated() { members[mode].append(index) }
        var budget = RatedSearch.budget(tickets: pool.tickets.count)
        var fills: [MatchProposal] = []
        var groups: [MatchProposal] = []
        var scratch = spare.take()
        defer { spare.keep(&scratch) }
        for (tickets, openings) in zip(members, pool.openingsByMode) {
            var search = RatedSearch(tickets, of: pool, by: self, using: &scratch)
            fills += search.fill(openings)
            groups += search.group(&budget)
            search.exchange(&scratch)
        }
        // Across modes, too, the longest waiting comes first.
        if members.count > 1 { groups.sort { $0.tickets[0] < $1.tickets[0] } }
        return fills + groups
    }

    func spread(waiting seconds: Double) -> Double { min(spreadMaximum, spreadStart + spreadGrowth * seconds) }

    func latency(waiting seconds: Double) -> Double { min(latencyMaximum, latencyStart + latencyGrowth * seconds) }
}

/// Where the arrays of a pass wait for the next. Any thread may take them.
private final class Spare: Sendable {
    private let scratch = Lock(RatedSearch.Scratch())

    func take() -> RatedSearch.Scratch {
        var taken = RatedSearch.Scratch()
        // Taken out, so that the arrays have one owner.
        scratch.withLock { swap(&$0, &taken) }
        return taken
    }

    func keep(_ used: inout RatedSearch.Scratch) {
        let kept = used
        used = RatedSearch.Scratch()
        scratch.withLock { $0 = kept }
    }
}
