package import PylonReplay
public import PylonSimulation
package import PylonTime

/// A sort of shard that the server can create by name: `POST /api/shards {"id","kind","config"}`.
public struct ShardKind: Sendable {
    /// What clients write in `kind`.
    public let name: String
    /// What of a shard's `config` is the kind's own.
    let fields: [ConfigField]
    /// What signed-in users may do with its shards.
    let lobby: LobbyRule
    /// Whether its worlds can be saved.
    let isPersistent: Bool
    let makeHandle:
        @Sendable (ShardSetup, ShardConfiguration, TickWorker, ShardCounters, ShardKeepers) throws -> any ShardHandle
    /// Makes a shard from what was stored of it. Throws when that cannot be read.
    let restoreHandle:
        @Sendable (KeptShard, ShardSetup, ShardConfiguration, TickWorker, ShardCounters, ShardKeepers) throws ->
            any ShardHandle
    /// Runs a recording of such a shard again.
    package let replay:
        @Sendable (inout RecordingReader, ShardSetup, ShardConfiguration, ClosedRange<Tick>) throws -> ReplayReport

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
        self.init(name, fields, lobby, WorldState(), makeWorld)
    }

    /// Registers `makeWorld` for worlds that can be saved: with `checkpoint_ticks` in their `config` they outlive the process.
    public init<World: PersistentSimulation>(
        _ name: String, config fields: [ConfigField] = [], lobby: LobbyRule = .closed,
        _ makeWorld: @escaping @Sendable (ShardSetup) throws -> World
    ) {
        self.init(name, fields, lobby, WorldState(), makeWorld)
    }

    private init<World: Simulation>(
        _ name: String, _ fields: [ConfigField], _ lobby: LobbyRule, _ worldState: WorldState<World>,
        _ makeWorld: @escaping @Sendable (ShardSetup) throws -> World
    ) {
        self.name = name
        self.fields = fields
        self.lobby = lobby
        isPersistent = worldState.isPersistent
        makeHandle = { setup, configuration, worker, counters, keepers in
            let world = try makeWorld(setup)
            try checkReplication(of: world, configuration)
            let saved = SavedShard(shard: Shard(world: world, configuration: configuration, name: setup.id))
            return ShardRunner(
                setup, kind: name, worker: worker, saved: saved, worldState: worldState, counters: counters,
                keepers: keepers)
        }
        restoreHandle = { kept, setup, configuration, worker, counters, keepers in
            let saved = try Self.saved(kept, worldState, setup, configuration)
            return ShardRunner(
                setup, kind: name, worker: worker, saved: saved, worldState: worldState, counters: counters,
                keepers: keepers, isRestored: true)
        }
        replay = { recording, setup, configuration, range in
            try Replayer.report(
                of: &recording, worldState, setup: setup, configuration: configuration, range: range, make: makeWorld)
        }
    }

    /// The shard as it was when the process ended: its state, and what happened since.
    private static func saved<World: Simulation>(
        _ kept: KeptShard, _ worldState: WorldState<World>, _ setup: ShardSetup, _ configuration: ShardConfiguration
    ) throws -> SavedShard<World> {
        let state = try SavedShard(kept.state, worldState, setup: setup, configuration: configuration)
        var replayer = Replayer(state, worldState)
        for block in kept.journal {
            guard replayer.run(block) else {
                throw StateError.malformed("its journal: \(replayer.report.problem ?? "it cannot be run")")
            }
        }
        var saved = SavedShard(
            shard: replayer.shard, sequenceLast: replayer.sequenceLast, eventLast: replayer.eventLast,
            seats: replayer.seats)
        saved.shard.keepSeats()
        // Events may have gone out that are forgotten: their numbers must not be given to others.
        if !kept.isClean, !configuration.keeping.isJournalled {
            saved.eventLast = max(saved.eventLast, setup.clock.microsecondsSinceEpoch())
        }
        return saved
    }
}
