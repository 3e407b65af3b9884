public import PylonJSON
public import PylonTime

/// One entry of a queue: players who are matched together or not at all, and what they want.
///
/// Immutable and shared, so that a view of 50,000 of them costs a reference each.
public final class MatchTicket: Sendable {
    /// Its place in the order of all entries of its queue, 1...; nobody else's there, ever.
    public let number: UInt64
    /// The players by their user ids, the one who joined for the others first.
    public let players: [String]
    public let criteria: MatchCriteria
    /// Since when they wait. A match that dissolves gives this back.
    public let enqueuedAt: Instant
    /// When they have waited in vain for too long.
    public let deadline: Instant
    /// Whether they were matched already, and the match dissolved without their doing.
    public let isReturned: Bool

    package init(
        number: UInt64, players: [String], criteria: MatchCriteria, enqueuedAt: Instant, deadline: Instant,
        isReturned: Bool = false
    ) {
        self.number = number
        self.players = players
        self.criteria = criteria
        self.enqueuedAt = enqueuedAt
        self.deadline = deadline
        self.isReturned = isReturned
    }

    /// The same entry back in the queue, with a new deadline: that its match dissolved was not its fault.
    func returned(deadline: Instant) -> MatchTicket {
        MatchTicket(
            number: number, players: players, criteria: criteria, enqueuedAt: enqueuedAt, deadline: deadline,
            isReturned: true)
    }
}

/// What the players of a ticket want of their match.
public struct MatchCriteria: Sendable {
    /// Only tickets of one mode are matched with each other (spec/realtime.md 2.9: `default` where none is named).
    public var mode = "default"
    /// How good they are, on any scale that the queue's match function knows; nil when nobody has said.
    public var rating: Double?
    /// Milliseconds to each of the queue's regions, in their order, infinite where they cannot play; empty when all are welcome.
    public var latencies: [Double] = []
    /// The whole object as it came, for match functions that look for more.
    public var json: JSONValue = [:]

    public init() {}
}

/// Criteria that cannot be used.
public struct CriteriaProblem: Error, Hashable, Sendable {
    /// The field at fault.
    public let field: String
    /// What it must be instead.
    public let problem: String

    public init(_ field: String, _ problem: String) {
        self.field = field
        self.problem = problem
    }
}

extension MatchCriteria {
    /// Bytes of the whole object, as JSON text.
    public static let bytesMaximum = 4096
    /// Bytes of a mode's name.
    static let modeBytesMaximum = 64
    /// What a rating may be, on either side of zero.
    static let ratingMaximum = 1e9
    /// A minute: nothing beyond could be played.
    static let latencyMaximum = 60_000.0

    /// Reads what a client sent for `queue`: `{"mode":"ranked","rating":1510,"latencies":{"eu":23}}`, each member optional, others kept
    /// for the match function.
    package init(json: JSONValue, for queue: MatchQueue) throws(CriteriaProblem) {
        guard json.object != nil else { throw CriteriaProblem("criteria", "must be an object") }
        guard json.serialized().count <= Self.bytesMaximum else {
            throw CriteriaProblem("criteria", "must have at most \(Self.bytesMaximum) bytes")
        }
        self.json = json
        if let value = json["mode"], !value.isNull {
            guard let mode = value.string, (1...Self.modeBytesMaximum).contains(mode.utf8.count) else {
                throw CriteriaProblem("criteria.mode", "must be a string of 1 to \(Self.modeBytesMaximum) bytes")
            }
            self.mode = mode
        }
        guard queue.modes.isEmpty || queue.modes.contains(mode) else {
            throw CriteriaProblem("criteria.mode", "must be one of \(queue.modes.joined(separator: ", "))")
        }
        if let value = json["rating"], !value.isNull {
            guard let rating = value.double, abs(rating) <= Self.ratingMaximum else {
                throw CriteriaProblem("criteria.rating", "must be a number from -1e9 to 1e9")
            }
            self.rating = rating
        }
        if let value = json["latencies"], !value.isNull { latencies = try Self.latencies(value, queue.regions) }
    }

    private static func latencies(_ json: JSONValue, _ regions: [String]) throws(CriteriaProblem) -> [Double] {
        guard let object = json.object else {
            throw CriteriaProblem("criteria.latencies", "must be an object of milliseconds by region")
        }
        var latencies = [Double](repeating: .infinity, count: regions.count)
        for member in object {
            let (name, value) = (member.key, member.value)
            guard let region = regions.firstIndex(of: name) else {
                throw CriteriaProblem(
                    "criteria.latencies", "must name regions of the queue (\(regions.joined(separator: ", ")))")
            }
            guard let milliseconds = value.double, (0...latencyMaximum).contains(milliseconds) else {
                throw CriteriaProblem("criteria.latencies.\(name)", "must be a number from 0 to 60000")
            }
            latencies[region] = milliseconds
        }
        return object.isEmpty ? [] : latencies
    }
}
