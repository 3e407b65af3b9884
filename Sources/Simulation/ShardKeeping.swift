internal import PylonJSON

/// What of a shard is kept beyond its own life: fields of its `config`.
public struct ShardKeeping: Hashable, Sendable {
    /// Whether everything that happens is recorded from the start, for `replay` (`record`).
    public var isRecorded = false
    /// A recording proves itself by a hash of the state every so many ticks (`record_hash_ticks`); with 1 a divergence is named to the tick.
    /// Nil for once a second, or every 20 steps when event driven.
    public var hashTicks: Int?
    /// The state is saved every so many ticks (`checkpoint_ticks`); 0: the shard does not outlive the process.
    public var checkpointTicks = 0
    /// Whether nothing is shown that is not on the disk: what happened since the checkpoint is kept, too (`journal`).
    public var isJournalled = false

    public init() {}

    /// The fields of `config` that are read here.
    static let fieldNames = ["record", "record_hash_ticks", "checkpoint_ticks", "journal"]

    /// Reads the fields out of a shard's `config` object; missing ones keep their default.
    init(json: JSONValue) throws(ConfigurationError) {
        isRecorded = try Self.boolean("record", in: json) ?? false
        hashTicks = try ShardConfiguration.integer("record_hash_ticks", in: json, 1...1_000_000)
        checkpointTicks = try ShardConfiguration.integer("checkpoint_ticks", in: json, 0...1_000_000_000) ?? 0
        isJournalled = try Self.boolean("journal", in: json) ?? false
        if isJournalled, checkpointTicks == 0 {
            throw ConfigurationError("journal", "needs checkpoint_ticks: a journal begins at a saved state")
        }
    }

    private static func boolean(_ name: String, in json: JSONValue) throws(ConfigurationError) -> Bool? {
        guard let value = json[name], value != .null else { return nil }
        guard let value = value.bool else { throw ConfigurationError(name, "must be true or false") }
        return value
    }
}
