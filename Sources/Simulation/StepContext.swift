public import PylonJSON
public import PylonTime

/// What a simulation may know about the step it is in, the same in every replay, and where it puts the step's events. Valid during
/// the step.
public struct StepContext {
    /// The number of this step; the first is 1.
    public let tick: Tick
    /// The simulated time a step takes: 1/hertz, constant for the shard's life; zero when the shard is event driven.
    public let dt: Duration
    /// `dt` in seconds.
    public let seconds: Double

    private let outbox: EventOutbox
    private let handoffs: HandoffOutbox?

    public init(tick: Tick, rate: TickRate, events: EventOutbox = EventOutbox()) {
        self.init(tick: tick, rate: rate, events: events, handoffs: nil)
    }

    init(tick: Tick, rate: TickRate, events: EventOutbox, handoffs: HandoffOutbox?) {
        outbox = events
        self.handoffs = handoffs
        self.tick = tick
        dt = rate.interval
        seconds = rate.isEventDriven ? 0 : 1 / Double(rate.hertz)
    }

    /// Sends an event to everyone who follows the shard's events: `write` writes exactly one JSON value.
    ///
    /// Unlike snapshots events are never left out: each subscriber gets all of them in order, numbered without gaps, and whoever was
    /// away resumes (docs/protocol/shards.md). A shard keeps the newest `events_kept`, at most 10 MiB with all
    /// that belongs to them.
    public func broadcast(_ write: (inout JSONWriter) -> Void) {
        outbox.append(write)
    }

    /// Hands something to the shard called `shard`: an entity with all that belongs to it, and perhaps the subscriber who plays it, whose
    /// streams follow. The world lets go of it in this very step; `payload` is whatever the two worlds have agreed on.
    ///
    /// It arrives exactly once, or comes back by `HandoffSimulation.takeBack`. While it is under way the subscriber's inputs are refused
    /// (`MOVED`). Throws, with nothing done, when it cannot leave now; the world keeps it then.
    public func handOff(
        _ payload: [UInt8], subscriber: SubscriberID? = nil, to shard: String
    ) throws(HandoffError) {
        guard let handoffs else { throw .unsupported }
        try handoffs.append(HandoffOutbox.Item(payload: payload, subscriber: subscriber, target: shard))
    }

    /// How much is under way from this shard: what the world has let go of and no other has yet. A world that is about to finish waits for 0
    /// if it wants back what is refused.
    public var handoffsUnderWay: Int { handoffs.map { $0.countBefore + $0.items.count } ?? 0 }
}

/// What a simulation may know while it writes a snapshot.
public struct SnapshotContext: Sendable {
    /// The last step taken; 0 before the first.
    public let tick: Tick
    let acknowledgements: [SubscriberID: Acknowledgement]

    /// The newest input of `subscriber` that has been applied, nil when there was none: what client-side prediction reconciles
    /// against.
    public func acknowledgement(of subscriber: SubscriberID) -> Acknowledgement? {
        acknowledgements[subscriber]
    }
}

/// The newest input of one subscriber that the world contains.
public struct Acknowledgement: Hashable, Sendable {
    /// The shard's own number for it, 1...
    public let serverSequence: UInt64
    /// The number the client gave it, if any.
    public let clientSequence: UInt64?
    /// The step before which it was applied.
    public let tick: Tick
}
