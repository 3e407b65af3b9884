public import PylonJSON
internal import PylonTime

/// A queue that players wait in for a match, and what becomes of one: declared by the app, `ShardServer(queues:)`.
///
/// ```swift
/// var duel = MatchQueue("duel", kind: "arena", players: 2...2, match: RatedMatch())
/// duel.config = ["tick_rate_hz": 60, "private": true]
/// ```
public struct MatchQueue: Sendable {
    /// Regions at most: each ticket keeps a latency for each.
    public static let regionsMaximum = 16
    /// Players of one match at most.
    public static let playersLimit = 1000

    /// What clients write in `queue`.
    public let name: String
    /// The kind of the shards that matches run in.
    public let kind: String
    /// How many players a match has. One that is full is always welcome; whether fewer are is the match function's judgement.
    public let players: ClosedRange<Int>
    /// Who plays with whom.
    public let match: any MatchFunction
    /// The `config` of the shards. The matchmaker adds `match`: the shard's players by ticket, the mode, the region, the queue.
    public var config: JSONValue = [:]
    /// How long one pass comes behind the other, 10 ms or more.
    public var interval: Duration = .seconds(1)
    /// Who has waited for longer leaves the queue.
    public var waitMaximum: Duration = .seconds(60)
    /// How long an assignment waits for its acknowledgement.
    public var acknowledgementMaximum: Duration = .seconds(10)
    /// What becomes of a match that somebody does not come to.
    public var vacancies = VacancyRule.dissolve
    /// Players of one ticket; none larger than a match makes sense.
    public var partyMaximum: Int
    /// The modes that there are; empty for whatever clients call theirs.
    public var modes: [String] = []
    /// The regions that clients may give latencies for.
    public var regions: [String] = []
    /// Whether guests may join, alone or in a party. Anybody may be as many guests as they like.
    public var allowsGuests = true
    /// Looks at criteria before they are queued, and may change them: ratings are best taken from the app's own rows. Runs on the
    /// cooperative pool, or on the matchmaker's thread for sockets, and must not block.
    public var review: @Sendable (_ players: [String], MatchCriteria) throws(CriteriaProblem) -> MatchCriteria = {
        (_, criteria) throws(CriteriaProblem) in criteria
    }

    /// A queue whose matches have `players` players and run in shards of `kind`.
    public init(_ name: String, kind: String, players: ClosedRange<Int>, match: any MatchFunction = FixedSizeMatch()) {
        self.name = name
        self.kind = kind
        self.players = players
        self.match = match
        partyMaximum = players.upperBound
    }

    /// Whether its shards let nobody in but the players of the match.
    package var isPrivate: Bool { config["private"] == true || config["join_code"]?.string != nil }

    /// What is wrong with the definition; nil when nothing is.
    package var problem: String? {
        if name.isEmpty || name.utf8.count > 64 { return "its name must have 1 to 64 bytes" }
        if players.lowerBound < 1 || players.upperBound > Self.playersLimit {
            return "a match must have 1 to \(Self.playersLimit) players"
        }
        if !(1...players.upperBound).contains(partyMaximum) { return "a party must fit into a match" }
        if regions.count > Self.regionsMaximum { return "it must have at most \(Self.regionsMaximum) regions" }
        if config.object == nil { return "its config must be an object" }
        let durations = [interval, waitMaximum, acknowledgementMaximum]
        if durations.contains(where: { $0 <= .zero }) { return "its durations must be longer than nothing" }
        if interval < .milliseconds(10) { return "its interval must be at least 10 ms" }
        return nil
    }
}

/// What becomes of a match when one of its tickets cancels, or does not acknowledge in time.
public enum VacancyRule: Hashable, Sendable {
    /// Until all have acknowledged, the match ends with whoever is missing: its shard stops, the others return to the queue and have
    /// waited since they first joined. For games that need everybody.
    case dissolve
    /// The match goes on, and its free places go to those who wait; also later, while its shard runs, whenever a player has left.
    case refill
}
