public import PylonJSON
public import PylonTime

/// An authoritative world that a shard runs: plain Swift values, no sockets, no clock, no threads.
///
/// The engine owns ticks, queues, sequence numbers, views and encoding, and calls these methods from one thread at a time in a fixed
/// order: inputs in order of arrival, then `step`, then one snapshot per view. Given the same initial value and the same inputs by
/// tick, everything must come out the same: take chance from a `SeededGenerator`, time from the context, and never let the order
/// of a `Dictionary` or `Set` decide anything.
///
/// A trap in here (an index out of range, an overflow) ends the process, as everywhere in Swift: validate inputs in `decodeInput` and
/// `apply`, which may throw without harm.
public protocol Simulation: SendableMetatype {
    /// What clients send.
    associatedtype Input: Sendable
    /// What tells apart who sees what. Subscribers whose views are equal share one encoded snapshot.
    associatedtype View: Hashable & Sendable = WholeView

    /// Reads an input from the JSON a client sent. An error refuses the input (`INPUT_REJECTED`); one that describes itself
    /// (`CustomStringConvertible`) is told to the client. Called on any thread.
    ///
    /// The default serves every `Decodable` input; a hand-written one is several times faster.
    static func decodeInput(_ json: JSONValue) throws -> Input

    /// Changes the world by one input, before the step of the tick in which it is applied. An error drops the input; it is counted.
    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws

    /// Moves the world on by `context.dt`.
    mutating func step(_ context: StepContext)

    /// The step of `tick` is over and nothing of it has been sent yet. For what the engine keeps beside a world, such as the history of
    /// its entities (`ReplicatedSimulation`); worlds themselves hardly need it. Default: nothing.
    mutating func stepEnded(_ tick: Tick)

    /// The view that `subscriber` has now. Called once per subscriber and tick unless `View` is `WholeView`.
    func view(of subscriber: SubscriberID) -> View

    /// Writes what `view` shows: exactly one JSON value.
    func writeSnapshot(of view: View, _ context: SnapshotContext, into json: inout JSONWriter)

    /// True ends the shard, after the snapshot of this tick has gone out. Default: never.
    var isFinished: Bool { get }

    /// Decides whether `caller` may watch as `subscriber`. Default: admins may, others only under their own user id.
    func authorizeSubscribe(_ subscriber: SubscriberID, caller: Caller) -> Authorization

    /// Decides whether `caller` may follow the events as `subscriber`; all see the same. Default: whoever may watch.
    func authorizeEvents(_ subscriber: SubscriberID, caller: Caller) -> Authorization

    /// Decides whether `caller` may act as `subscriber`. Default: admins may, others only under their own user id.
    func authorizeInput(_ input: Input, from subscriber: SubscriberID, caller: Caller) -> Authorization

    /// The first connection of `subscriber` was accepted. Default: nothing.
    mutating func subscriberJoined(_ subscriber: SubscriberID)

    /// The last connection of `subscriber` is gone. Default: nothing.
    mutating func subscriberLeft(_ subscriber: SubscriberID)

    /// The first connection of `subscriber` in this role was accepted. Default: `subscriberJoined(_:)` for players, nothing for spectators,
    /// so that a world that knows none of them gives them no body.
    mutating func subscriberJoined(_ subscriber: SubscriberID, as role: SubscriberRole)

    /// The last connection of `subscriber` in this role is gone. Default: `subscriberLeft(_:)` for players.
    mutating func subscriberLeft(_ subscriber: SubscriberID, as role: SubscriberRole)

    /// The view that `subscriber` has in this role. Default: `view(of:)`.
    func view(of subscriber: SubscriberID, as role: SubscriberRole) -> View

    /// Combines everything that later steps depend on, for the checkpoints of recordings. Default: nothing, and the hash is one of the
    /// saved state of a `PersistentSimulation`, or of the snapshot where `View` is `WholeView`; other worlds have none.
    func hashState(into hasher: inout StateHasher)
}

/// The view of a simulation in which everybody sees everything.
public struct WholeView: Hashable, Sendable {
    public init() {}
}

extension Simulation {
    public var isFinished: Bool { false }

    public func authorizeSubscribe(_ subscriber: SubscriberID, caller: Caller) -> Authorization {
        caller.owns(subscriber)
    }

    public func authorizeEvents(_ subscriber: SubscriberID, caller: Caller) -> Authorization {
        authorizeSubscribe(subscriber, caller: caller)
    }

    public func authorizeInput(_ input: Input, from subscriber: SubscriberID, caller: Caller) -> Authorization {
        caller.owns(subscriber)
    }

    public mutating func subscriberJoined(_ subscriber: SubscriberID) {}

    public mutating func subscriberLeft(_ subscriber: SubscriberID) {}

    public func hashState(into hasher: inout StateHasher) {}

    public mutating func stepEnded(_ tick: Tick) {}

    public mutating func subscriberJoined(_ subscriber: SubscriberID, as role: SubscriberRole) {
        if role == .player { subscriberJoined(subscriber) }
    }

    public mutating func subscriberLeft(_ subscriber: SubscriberID, as role: SubscriberRole) {
        if role == .player { subscriberLeft(subscriber) }
    }

    public func view(of subscriber: SubscriberID, as role: SubscriberRole) -> View { view(of: subscriber) }
}

extension Simulation where View == WholeView {
    public func view(of subscriber: SubscriberID) -> WholeView { WholeView() }
}

extension Simulation where Input: Decodable {
    public static func decodeInput(_ json: JSONValue) throws -> Input {
        try JSONValueDecoder().decode(Input.self, from: json)
    }
}
