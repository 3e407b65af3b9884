public import PylonJSON
public import PylonTime

/// One running world and what the engine keeps beside it: the tick, who takes part, what has been acknowledged.
///
/// Pure and deterministic: no thread, no clock, no socket. `ShardHost` runs it on a worker; tests and replays run it as fast as
/// they like.
public struct Shard<World: Simulation> {
    public private(set) var world: World
    public let configuration: ShardConfiguration
    /// The last step taken.
    public private(set) var tick = Tick(0)
    /// The last step at which somebody was there or sent something.
    public private(set) var tickLastActive = Tick(0)
    /// Inputs that `apply` refused by throwing.
    public private(set) var inputsFailed: UInt64 = 0
    /// The inputs of the last step that the world threw at and whose sender wants to hear of it.
    package private(set) var failures: [InputFailure] = []

    /// Players with the number of their connections.
    private var connections: [SubscriberID: Int] = [:]
    private var spectators: [SubscriberID: Int] = [:]
    private var acknowledgements: [SubscriberID: Acknowledgement] = [:]

    public init(world: World, configuration: ShardConfiguration) {
        self.world = world
        self.configuration = configuration
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
    public var connectionCount: Int { connections.values.reduce(0, +) + spectators.values.reduce(0, +) }

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
        guard role == .player else { return attachSpectator(subscriber) }
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
        spectators[subscriber] = count > 1 ? count - 1 : nil
        if count == 1 { world.subscriberLeft(subscriber, as: .spectator) }
    }

    /// The newest input of `subscriber` that the world contains; nil when there was none since it joined.
    public func acknowledgement(of subscriber: SubscriberID) -> Acknowledgement? { acknowledgements[subscriber] }

    // MARK: Ticking

    /// Runs one step: the inputs in their order, then the world's own step. What they broadcast is added to `events`; what
    /// an input broadcast that then threw is taken back.
    public mutating func step(inputs: some Sequence<QueuedInput>, events: EventOutbox = EventOutbox()) {
        tick = tick.next
        if !failures.isEmpty { failures.removeAll(keepingCapacity: true) }
        let context = StepContext(tick: tick, rate: configuration.tickRate, events: events)
        for input in inputs {
            tickLastActive = tick
            apply(input, context, events)
        }
        world.step(context)
        world.stepEnded(tick)
        if !connections.isEmpty || !spectators.isEmpty { tickLastActive = tick }
    }

    private mutating func apply(_ queued: QueuedInput, _ context: StepContext, _ events: EventOutbox) {
        let eventsBefore = events.count
        do {
            try world.apply(queued.input, from: queued.subscriber, context)
        } catch {
            // The world refused it; it is acknowledged all the same, since the client must not wait for it.
            inputsFailed += 1
            if queued.origin != .unanswered { failures.append(InputFailure(queued, error)) }
            events.truncate(to: eventsBefore)
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

// MARK: Saving

extension Shard {
    /// The most subscribers that a saved shard may have.
    static var subscribersSavedMaximum: Int { 1_000_000 }

    /// Everyone who takes part: the players and then the spectators, by name.
    package var attached: [Attached] {
        players.map { Attached(subscriber: $0, role: .player) }
            + onlookers.map { Attached(subscriber: $0, role: .spectator) }
    }

    private var players: [SubscriberID] { connections.keys.sorted { $0.precedes($1) } }
    private var onlookers: [SubscriberID] { spectators.keys.sorted { $0.precedes($1) } }

    /// Writes what the engine keeps beside the world, everything by name.
    package func save(into state: inout StateWriter) {
        state.write(1 as UInt64)
        state.write(tick)
        state.write(tickLastActive)
        state.write(inputsFailed)
        state.write(players) { [connections, acknowledgements] subscriber, state in
            state.write(subscriber)
            state.write(UInt64(connections[subscriber] ?? 0))
            state.write(acknowledgements[subscriber]) { acknowledgement, state in
                state.write(acknowledgement.serverSequence)
                state.write(acknowledgement.clientSequence) { $1.write($0) }
                state.write(acknowledgement.tick)
            }
        }
        state.write(onlookers) { [spectators] subscriber, state in
            state.write(subscriber)
            state.write(UInt64(spectators[subscriber] ?? 0))
        }
    }

    /// A shard at the tick at which it was saved: `world` as it was then, and what `save` wrote.
    package init(
        world: World, configuration: ShardConfiguration, restoring state: inout StateReader
    ) throws(StateError) {
        self.init(world: world, configuration: configuration)
        _ = try state.readVersion(newest: 1)
        tick = try state.readTick()
        tickLastActive = try state.readTick()
        guard tickLastActive <= tick else { throw .malformed("active in the future") }
        inputsFailed = try state.readUInt64()
        for _ in 0..<(try state.readCount(maximum: Self.subscribersSavedMaximum)) {
            let subscriber = try state.readSubscriber()
            let count = try state.readUInt64()
            guard (1...UInt64(Int32.max)).contains(count), connections[subscriber] == nil else {
                throw .malformed("the connections of \(subscriber)")
            }
            connections[subscriber] = Int(count)
            acknowledgements[subscriber] = try state.readOptional { (state) throws(StateError) in
                Acknowledgement(
                    serverSequence: try state.readUInt64(),
                    clientSequence: try state.readOptional { (state) throws(StateError) in try state.readUInt64() },
                    tick: try state.readTick())
            }
        }
        for _ in 0..<(try state.readCount(maximum: Self.subscribersSavedMaximum)) {
            let subscriber = try state.readSubscriber()
            let count = try state.readUInt64()
            guard (1...UInt64(Int32.max)).contains(count), spectators[subscriber] == nil else {
                throw .malformed("the connections of \(subscriber)")
            }
            spectators[subscriber] = Int(count)
        }
    }

    /// Forgets all connections but leaves everyone a seat, which counts as one: the process that had the connections is gone, and the
    /// world need not hear of it until the seat is given up by `detach`.
    package mutating func keepSeats() {
        for subscriber in connections.keys { connections[subscriber] = 1 }
        for subscriber in spectators.keys { spectators[subscriber] = 1 }
    }
}

/// Somebody who takes part in a shard.
package struct Attached: Hashable, Sendable {
    package let subscriber: SubscriberID
    package let role: SubscriberRole
}
