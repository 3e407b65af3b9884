public import PylonJSON
public import PylonTime

/// How one shard runs (spec/realtime.md 2.2). Every field has the reference's default.
public struct ShardConfiguration: Hashable, Sendable {
    public var tickRate = TickRate.standard
    /// Connections at a time; 0 is unlimited.
    public var subscribersMaximum = 256
    /// Inputs waiting for the next tick; 0 is unlimited.
    public var inputsQueuedMaximum = 10_000
    /// How long without subscriber and input before the shard stops; zero is for ever. On the wire it is counted in ticks
    /// (`idle_ticks_before_shutdown`, 1,800), which for an event-driven shard are the standard rate's 50 ms.
    public var idleMaximum: Duration = .seconds(90)
    /// A snapshot goes out every so many ticks, 1...: simulate at 60 Hz, publish at 20 Hz with 3.
    public var ticksPerSnapshot = 1
    /// The newest events kept for subscribers who resume; with their framed forms they are at most 4 MiB.
    public var eventsKeptMaximum = 1_000_000

    public init() {}

    /// The fields of a shard's `config` that belong to the engine; what a kind adds to them is its own business.
    static let fieldNames = [
        "tick_rate_hz", "max_subscribers", "max_input_queue", "idle_ticks_before_shutdown", "snapshot_format",
        "ticks_per_snapshot", "events_kept",
    ]

    /// Reads the engine's fields out of a shard's `config` object; missing ones keep their default.
    ///
    /// Throws `ConfigurationError` naming the field that is of the wrong type, out of range or not supported.
    public init(json: JSONValue) throws(ConfigurationError) {
        if let hertz = try Self.integer("tick_rate_hz", in: json, 0...TickRate.hertzMaximum) {
            guard let rate = TickRate(hertz: hertz) else {
                throw ConfigurationError("tick_rate_hz", "must be 0 to 1000")
            }
            tickRate = rate
        }
        if let count = try Self.integer("max_subscribers", in: json, 0...10_000_000) { subscribersMaximum = count }
        if let count = try Self.integer("max_input_queue", in: json, 0...10_000_000) { inputsQueuedMaximum = count }
        if let ticks = try Self.integer("idle_ticks_before_shutdown", in: json, 0...1_000_000_000) {
            let rate = tickRate.isEventDriven ? TickRate.standard : tickRate
            idleMaximum = rate.interval * ticks
        } else if !tickRate.isEventDriven {
            idleMaximum = tickRate.interval * 1800
        }
        if let ticks = try Self.integer("ticks_per_snapshot", in: json, 1...10_000) { ticksPerSnapshot = ticks }
        if let count = try Self.integer("events_kept", in: json, 0...1_000_000) { eventsKeptMaximum = count }
        switch json["snapshot_format"] {
        case nil, .null, .string("json"), .string("json_compact"): break
        default: throw ConfigurationError("snapshot_format", "must be \"json\" or \"json_compact\"")
        }
    }

    private static func integer(
        _ name: String, in json: JSONValue, _ range: ClosedRange<Int>
    ) throws(ConfigurationError) -> Int? {
        guard let value = json[name], value != .null else { return nil }
        guard case .integer(let number) = value, range.contains(Int(number)) else {
            throw ConfigurationError(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return Int(number)
    }
}

/// A shard's `config` that cannot be used.
public struct ConfigurationError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The field at fault.
    public let field: String
    /// What it must be instead.
    public let problem: String

    public init(_ field: String, _ problem: String) {
        self.field = field
        self.problem = problem
    }

    public var description: String { "config.\(field) \(problem)" }
}
