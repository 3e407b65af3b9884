public import PylonJSON
public import PylonTime

/// One running world and what the engine keeps beside it: the tick, who takes part, what has been acknowledged.
///
/// Pure and deterministic: no thread, no clock, no socket. `ShardHost` runs it on a worker; tests and replays run it as fast as
/// they like.
public struct Shard<World: Simulation> {
    public internal(set) var world: World
    public let configuration: ShardConfiguration
    /// The last step taken.
    public internal(set) var tick = Tick(0)
    /// The last step at which somebody was there or sent something.
    public internal(set) var tickLastActive = Tick(0)
    /// Inputs that `apply` refused by throwing.
    public internal(set) var inputsFailed: UInt64 = 0
    /// The inputs of the last step that the world threw at and whose sender wants to hear of it.
    package private(set) var failures: [InputFailure] = []

    /// Players with the number of their connections.
    var connections: [SubscriberID: Int] = [:]
    var spectators: [SubscriberID: Int] = [:]
    var acknowledgements: [SubscriberID: Acknowledgement] = [:]

    /// What it hands to other shards and gets from them.
    package internal(set) var ledger: HandoffLedger
    /// What the last step came to in that respect.
    package internal(set) var handoffResults = HandoffResults()
    /// Subscribers on their way to other shards, with the number of entities that go with them.
    var departing: [SubscriberID: Int] = [:]
    let handoffHooks = HandoffHooks<World>()
    /// Whether its world is over and it only waits for what becomes of what it handed off.
    package internal(set) var isConcluded = false

    /// A shard that has no name.
    public init(world: World, configuration: ShardConfiguration) {
        self.init(world: world, configuration: configuration, name: "")
    }

    /// A shard that other shards know by `name`.
    package init(world: World, configuration: ShardConfiguration, name: String) {
        self.world = world
        self.configuration = configuration
        ledger = HandoffLedger(party: HandoffParty(shard: name, incarnation: 0))
    }

    /// An input on its way into the world.
    public struct QueuedInput: Sendable {
        /// The shard's number for it, 1..., in order of arrival.
        public let sequence: UInt64
        public let clientSequence: UInt64?
        public let subscriber: SubscriberID
        public let input: World.Input
        /// Who hears of it when the world throws.
        package let origin: InputOrigin

        public init(sequence: UInt64, clientSequence: UInt64?, subscriber: SubscriberID, input: World.Input) {
            self.init(
                sequence: sequence, clientSequence: clientSequence, subscriber: subscriber, input: input,
                origin: .unanswered)
        }

        package init(
            sequence: UInt64, clientSequence: UInt64?, subscriber: SubscriberID, input: World.Input, origin: InputOrigin
        ) {
            self.sequence = sequence
            self.clientSequence = clientSequence
            self.subscriber = subscriber
            self.input = input
            self.origin = origin
        }
    }

    // MARK: Taking part

    /// Whether at least one connection of `subscriber` as a player is there.
    public func isAttached(_ subscriber: SubscriberID) -> Bool { connections[subscriber] != nil }

    /// The number of connections, several of one subscriber counting each.
    public internal(set) var connectionCount = 0

    /// The number of players, however many connections each has.
    public var playerCount: Int { connections.count }

    /// The number of spectators, however many connections each has.
    public var spectatorCount: Int { spectators.count }

    /// Whether another subscriber may take part in a role, or one more connection of somebody who does.
    public func hasPlace(for subscriber: SubscriberID, as role: SubscriberRole) -> Bool {
        let (present, maximum) =
            role == .player
            ? (connections, configuration.playersMaximum) : (spectators, configuration.spectatorsMaximum)
        return maximum == 0 || present.count < maximum || present[subscriber] != nil
    }

    /// Counts a connection in. The same subscriber may have several; the world hears of the first only.
    public mutating func attach(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        connectionCount += 1
        guard role == .player else { return attachSpectator(subscriber) }
        ledger.departures.remove(subscriber)
        connections[subscriber, default: 0] += 1
        if connections[subscriber] == 1 { world.subscriberJoined(subscriber, as: .player) }
    }

    private mutating func attachSpectator(_ subscriber: SubscriberID) {
        spectators[subscriber, default: 0] += 1
        if spectators[subscriber] == 1 { world.subscriberJoined(subscriber, as: .spectator) }
    }

    /// Counts a connection out. The world hears of the last only, so a stale connection's end never detaches a newer one.
    public mutating func detach(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        guard role == .player else { return detachSpectator(subscriber) }
        guard let count = connections[subscriber] else { return }
        connectionCount -= 1
        if count > 1 {
            connections[subscriber] = count - 1
        } else {
            connections[subscriber] = nil
            acknowledgements[subscriber] = nil
            world.subscriberLeft(subscriber, as: .player)
        }
    }

    private mutating func detachSpectator(_ subscriber: SubscriberID) {
        guard let count = spectators[subscriber] else { return }
        connectionCount -= 1
        spectators[subscriber] = count > 1 ? count - 1 : nil
        if count == 1 { world.subscriberLeft(subscriber, as: .spectator) }
    }

    /// The newest input of `subscriber` that the world contains; nil when there was none since it joined.
    public func acknowledgement(of subscriber: SubscriberID) -> Acknowledgement? { acknowledgements[subscriber] }

    // MARK: Ticking

    /// Runs one step: the inputs in their order, then the world's own step. What they broadcast is added to `events`; what
    /// an input broadcast that then threw is taken back.
    public mutating func step(inputs: some Sequence<QueuedInput>, events: EventOutbox = EventOutbox()) {
        step(handoffs: [], inputs: inputs, events: events)
    }

    /// The same with what has come from other shards, which comes first.
    package mutating func step(
        handoffs: [HandoffEvent], inputs: some Sequence<QueuedInput>, events: EventOutbox = EventOutbox()
    ) {
        tick = tick.next
        if !failures.isEmpty { failures.removeAll(keepingCapacity: true) }
        if !handoffResults.isEmpty { handoffResults = HandoffResults() }
        let outbox = handoffHooks == nil ? nil : HandoffOutbox(ledger)
        let context = StepContext(tick: tick, rate: configuration.tickRate, events: events, handoffs: outbox)
        let step = CurrentStep(context: context, events: events, handoffs: outbox)
        for event in handoffs { take(event, step) }
        for input in inputs {
            tickLastActive = tick
            apply(input, step)
        }
        world.step(context)
        world.stepEnded(tick)
        if let outbox { stage(outbox) }
        if !handoffs.isEmpty || ledger.outboxCount > 0 { tickLastActive = tick }
        if !connections.isEmpty || !spectators.isEmpty { tickLastActive = tick }
    }

    private mutating func apply(_ queued: QueuedInput, _ step: CurrentStep) {
        if let handoffs = step.handoffs, handoffs.isLeaving(queued.subscriber) {
            // Not acknowledged: it is sent again to whoever gets what left.
            inputsFailed += 1
            if queued.origin != .unanswered { failures.append(InputFailure(queued, HandoffUnderWay())) }
            return
        }
        let (eventsBefore, handoffsBefore) = (step.events.count, step.handoffs?.items.count ?? 0)
        do {
            try world.apply(queued.input, from: queued.subscriber, step.context)
        } catch {
            // The world refused it; it is acknowledged all the same, since the client must not wait for it.
            inputsFailed += 1
            if queued.origin != .unanswered { failures.append(InputFailure(queued, error)) }
            step.events.truncate(to: eventsBefore)
            step.handoffs?.truncate(to: handoffsBefore)
        }
        guard connections[queued.subscriber] != nil else { return }
        acknowledgements[queued.subscriber] = Acknowledgement(
            serverSequence: queued.sequence,
            clientSequence: queued.clientSequence ?? acknowledgements[queued.subscriber]?.clientSequence, tick: tick)
    }

    /// Whether a snapshot of the current tick is to be published.
    public var publishesNow: Bool { tick.number % UInt64(configuration.ticksPerSnapshot) == 0 || isFinished }

    /// Whether this tick is the last: the world says so, or it has had its `max_ticks`.
    public var isFinished: Bool {
        world.isFinished || (configuration.ticksMaximum > 0 && tick.number >= UInt64(configuration.ticksMaximum))
    }

    /// Writes the snapshot that `view` shows at the current tick.
    public func writeSnapshot(of view: World.View, into json: inout JSONWriter) {
        world.writeSnapshot(of: view, SnapshotContext(tick: tick, acknowledgements: acknowledgements), into: &json)
    }

    /// A hash of the snapshot of `view`: equal for equal histories on any machine (FNV-1a, 64 bits).
    public func snapshotHash(of view: World.View, scratch: inout JSONWriter) -> UInt64 {
        scratch.reset()
        writeSnapshot(of: view, into: &scratch)
        return scratch.withUnsafeBytes { bytes in
            bytes.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        }
    }
}
