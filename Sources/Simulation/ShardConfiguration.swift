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
    /// The newest events kept for subscribers who resume; with their framed forms they are at most 10 MiB.
    public var eventsKeptMaximum = 1_000_000
    /// How long the seat of a subscriber whose last connection went is held for it: until then the world is not told that it left, its
    /// acknowledgement is kept, and its place counts. At most `reconnectGraceMaximum`. None unless asked for: a world is told of a
    /// leaver at once, as it always was.
    public var reconnectGrace: Duration = .zero
    /// Inputs that one subscriber may send a second, with a burst of as many; 0 is unlimited.
    public var inputsPerSecond = 0
    /// For how many ticks an input that names the client's tick may wait for its turn, 0...`inputDelayMaximum`.
    public var inputDelayTicks = 0
    /// The hash of the state is kept every so many ticks, for clients to compare theirs with; 0 is never.
    public var hashTicks = 0
    /// Bytes of one subscriber's frame of entities, in `bytesPerFrameRange`; nil is what the world's limits say.
    public var bytesPerFrame: Int?
    /// What is recorded, and what outlives the process.
    public var keeping = ShardKeeping()

    /// 10 minutes: longer than that nobody waits for a player.
    public static let reconnectGraceMaximum: Duration = .seconds(600)
    /// 32 ticks: 1.6 s at the standard rate, more than any connection's jitter.
    public static let inputDelayMaximum = 32
    /// 64 bytes hold a dozen moves; 256 KiB is the most that a frame ever has.
    public static let bytesPerFrameRange = 64...262_144
    /// Players at a time, several connections of one counting once; 0 is unlimited but for `subscribersMaximum`.
    public var playersMaximum = 0
    /// Spectators at a time; 0 is unlimited but for `subscribersMaximum`.
    public var spectatorsMaximum = 0
    /// The step after which the shard is finished; 0 is for ever.
    public var ticksMaximum = 0

    public init() {}

    /// The fields of a shard's `config` that belong to the engine; what a kind adds to them is its own business.
    package static let fieldNames =
        [
            "tick_rate_hz", "max_subscribers", "max_input_queue", "idle_ticks_before_shutdown", "snapshot_format",
            "ticks_per_snapshot", "events_kept", "reconnect_grace_ms", "inputs_per_second", "input_delay_ticks",
            "hash_ticks", "bytes_per_frame", "max_players", "max_spectators", "max_ticks",
        ] + ShardKeeping.fieldNames

    /// Reads the engine's fields out of a shard's `config` object; missing ones keep their default.
    ///
    /// Throws `ConfigurationError` naming the field that is of the wrong type, out of range or not supported.
    public init(json: JSONValue) throws(ConfigurationError) {
        keeping = try ShardKeeping(json: json)
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
        } else if keeping.checkpointTicks > 0 {
            // Whoever wants a world to outlive the process does not want it to go because nobody was there for a while.
            idleMaximum = .zero
        } else if !tickRate.isEventDriven {
            idleMaximum = tickRate.interval * 1800
        }
        if let ticks = try Self.integer("ticks_per_snapshot", in: json, 1...10_000) { ticksPerSnapshot = ticks }
        if let count = try Self.integer("events_kept", in: json, 0...1_000_000) { eventsKeptMaximum = count }
        try readStreamFields(json)
        try readLifecycleFields(json)
        switch json["snapshot_format"] {
        case nil, .null, .string("json"), .string("json_compact"): break
        default: throw ConfigurationError("snapshot_format", "must be \"json\" or \"json_compact\"")
        }
    }

    private mutating func readLifecycleFields(_ json: JSONValue) throws(ConfigurationError) {
        if let count = try Self.integer("max_players", in: json, 0...10_000_000) { playersMaximum = count }
        if let count = try Self.integer("max_spectators", in: json, 0...10_000_000) { spectatorsMaximum = count }
        if let ticks = try Self.integer("max_ticks", in: json, 0...1_000_000_000_000) { ticksMaximum = ticks }
    }

    private mutating func readStreamFields(_ json: JSONValue) throws(ConfigurationError) {
        let graceMaximum = Int(Self.reconnectGraceMaximum.inSeconds * 1000)
        if let milliseconds = try Self.integer("reconnect_grace_ms", in: json, 0...graceMaximum) {
            reconnectGrace = .milliseconds(milliseconds)
        }
        if let count = try Self.integer("inputs_per_second", in: json, 0...1_000_000) { inputsPerSecond = count }
        if let ticks = try Self.integer("input_delay_ticks", in: json, 0...Self.inputDelayMaximum) {
            guard ticks == 0 || !tickRate.isEventDriven else {
                throw ConfigurationError("input_delay_ticks", "needs a tick_rate_hz of at least 1")
            }
            inputDelayTicks = ticks
        }
        if let ticks = try Self.integer("hash_ticks", in: json, 0...1_000_000) { hashTicks = ticks }
        bytesPerFrame = try Self.integer("bytes_per_frame", in: json, Self.bytesPerFrameRange)
    }

    static func integer(
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
