public import PylonJSON
public import PylonTime

/// What a kind makes its world from.
public struct ShardSetup: Sendable {
    /// The shard's id.
    public let id: String
    /// The whole `config` object; the engine has taken its own fields from it already and left them in.
    public let config: JSONValue
    /// `config.seed`, or a number from the operating system.
    public let seed: UInt64
    /// The server's clock, for worlds that show the time. Simulated time is `StepContext.dt`; nothing may depend on this one.
    public let clock: any Clock

    public init(id: String, config: JSONValue, seed: UInt64, clock: any Clock) {
        self.id = id
        self.config = config
        self.seed = seed
        self.clock = clock
    }
}
