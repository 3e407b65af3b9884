public import PylonJSON
public import PylonSimulation
public import PylonTime

/// A sort of shard that the server can create by name: `POST /api/shards {"id","kind","config"}`.
public struct ShardKind: Sendable {
    /// What clients write in `kind`.
    public let name: String
    /// What of a shard's `config` is the kind's own.
    let fields: [ConfigField]
    /// What signed-in users may do with its shards.
    let lobby: LobbyRule
    let makeHandle: @Sendable (ShardSetup, ShardConfiguration, TickWorker, ShardCounters) throws -> any ShardHandle

    /// Registers `makeWorld` under `name`. It runs once per shard, on any thread; throw `ConfigurationError` to refuse the `config`
    /// with a message for its author.
    ///
    /// `config` declares the fields of the kind: they are checked before, and `ShardSetup.config` has their defaults in it. A field that
    /// neither the kind nor the engine knows is ignored, as the reference does with all of them, and named in the answer to whoever made
    /// the shard. `lobby` says what users may do who are no administrators.
    public init<World: Simulation>(
        _ name: String, config fields: [ConfigField] = [], lobby: LobbyRule = .closed,
        _ makeWorld: @escaping @Sendable (ShardSetup) throws -> World
    ) {
        self.name = name
        self.fields = fields
        self.lobby = lobby
        makeHandle = { setup, configuration, worker, counters in
            let shard = Shard(world: try makeWorld(setup), configuration: configuration)
            return ShardRunner(id: setup.id, kind: name, worker: worker, shard: shard, counters: counters)
        }
    }
}

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
