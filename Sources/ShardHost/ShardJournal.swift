internal import PylonJSON
internal import PylonReplay
internal import PylonSimulation
internal import PylonTime

/// Hears everything that happens to one shard, in order, and passes it on to whoever keeps it. Belongs to the shard's worker.
final class ShardJournal<World: Simulation> {
    private let recorder: ShardRecorder<World>?
    private let keeper: ShardKeeper<World>?
    /// The newest sequence number of an input.
    private var sequenceLast: UInt64

    /// Nil when nobody wants to hear anything.
    init?(
        of saved: SavedShard<World>, _ setup: ShardSetup, kind: String, worker: TickWorker,
        worldState: WorldState<World>, keepers: ShardKeepers
    ) {
        let configuration = saved.shard.configuration
        let keeping = configuration.keeping
        sequenceLast = saved.sequenceLast
        recorder = keepers.recordings.flatMap { recordings in
            guard recordings.records(keeping) else { return nil }
            // A replay lets nobody in.
            let setup = ShardSetup(
                id: setup.id, config: AccessRule.unlocked(setup.config), seed: setup.seed, clock: setup.clock)
            return ShardRecorder(
                recordings, of: setup, kind: kind, configuration: configuration, worldState: worldState)
        }
        keeper = keepers.store.flatMap { store in
            guard keeping.checkpointTicks > 0 else { return nil }
            return ShardKeeper(
                store, keepers: keepers, worker: worker, setup: setup, kind: kind, keeping: keeping,
                worldState: worldState)
        }
        guard recorder != nil || keeper != nil else { return nil }
        recorder?.begin(saved.shard, sequenceLast: saved.sequenceLast, eventLast: saved.eventLast)
        keeper?.begin(saved)
    }

    /// Tells where to find the shard when its state is to be saved outside a step. Called once, before anything happens.
    func follow(_ current: @escaping () -> (shard: Shard<World>, eventLast: UInt64, seats: [SavedSeat])?) {
        keeper?.current = { [unowned self] in
            current().map {
                SavedShard(shard: $0.shard, sequenceLast: sequenceLast, eventLast: $0.eventLast, seats: $0.seats)
            }
        }
    }

    // MARK: What happens

    /// A connection of `subscriber` has been attached.
    func joined(_ subscriber: SubscriberID, as role: SubscriberRole) {
        recorder?.joined(subscriber, as: role)
        keeper?.joined(subscriber, as: role)
    }

    /// A connection of `subscriber` has been detached.
    func left(_ subscriber: SubscriberID, as role: SubscriberRole) {
        recorder?.left(subscriber, as: role)
        keeper?.left(subscriber, as: role)
    }

    /// The tokens of `seat` are good for it from now on. Recordings hear nothing of it: they are shown to others.
    func seat(_ seat: SavedSeat) {
        keeper?.seat(seat)
    }

    /// The next step takes `event` in, which came from another shard.
    func handoff(_ event: HandoffEvent) {
        recorder?.handoff(event)
        keeper?.handoff(event)
    }

    /// The next step applies `input`, which came as `json`.
    func input(_ input: Shard<World>.QueuedInput, json: JSONValue) {
        sequenceLast = max(sequenceLast, input.sequence)
        let recorded = RecordedInput(
            subscriber: input.subscriber, sequence: input.sequence, clientSequence: input.clientSequence, json: json)
        recorder?.input(recorded)
        keeper?.input(recorded)
    }

    /// The shard took a step that `isSeen` by somebody; `eventLast` is the number of the newest event then.
    func stepped(_ shard: Shard<World>, eventLast: UInt64, isSeen: Bool) {
        recorder?.stepped(shard, sequenceLast: sequenceLast, eventLast: eventLast)
        keeper?.stepped(isSeen: isSeen)
    }

    /// The world is over, but the shard has to be stored as it is now until what it handed off is settled.
    func concluded(_ shard: Shard<World>) {
        recorder?.end(shard)
        keeper?.conclude()
    }

    /// The shard has ended; `comesBack` when another process is to go on with it. Otherwise `done` runs when it is forgotten, on any thread.
    func ended(_ shard: Shard<World>, comesBack: Bool, done: @escaping @Sendable () -> Void = {}) {
        recorder?.end(shard)
        if let keeper { keeper.end(comesBack: comesBack, done: done) } else { done() }
    }

    // MARK: Durability

    /// Whether everything that happens is stored, and nothing shown before it is.
    var isDurable: Bool { keeper?.isDurable ?? false }

    /// Runs `body` when everything that has happened is stored, or never will be; at once if it is.
    func whenNoted(_ body: @escaping () -> Void) {
        if let keeper { keeper.whenNoted(body) } else { body() }
    }

    /// Whether more may wait to be shown.
    var hasRoom: Bool { keeper?.hasRoom ?? true }

    /// A subscriber has been refused for want of such room.
    func countTurnedAway() {
        keeper?.countTurnedAway()
    }

    /// Whether the last step may not be shown yet; the shard takes no other until then.
    var isHolding: Bool { keeper?.isHolding ?? false }

    /// A step has to wait.
    func countHold() {
        keeper?.countHold()
    }

    /// Runs `body` when the last step may be shown; at once if it may.
    func whenShown(_ body: @escaping () -> Void) {
        if let keeper { keeper.whenDurable(body) } else { body() }
    }

    /// Runs `body` when the state behind the last step is stored, should the process die; at once where none is. Never for a shard whose
    /// states are no longer stored.
    func whenStored(_ body: @escaping () -> Void) {
        if let keeper { keeper.whenStored(body) } else { body() }
    }

    /// See `ShardHandle.confirm`.
    func confirm(
        _ expected: StoreExpectation, by deadline: Instant?, _ answer: @escaping (StoreConfirmation) -> Void
    ) {
        if let keeper { keeper.confirm(expected, by: deadline, answer) } else { answer(.done) }
    }

    /// Whether something waits to be handed over by `flush`.
    var hasNews: Bool { recorder?.hasNews ?? false || keeper?.hasNews ?? false }

    /// Hands over what waits, for a shard that may not step for a while.
    func flush() {
        recorder?.flush()
        keeper?.flush()
    }
}
