package import PylonFanout
package import PylonSimulation
package import PylonStreamProtocol
internal import PylonThreading
package import PylonTime
internal import Synchronization

/// A running shard as the rest of the server sees it: safe from any thread, and without its world's type.
package protocol ShardHandle: AnyObject, Sendable {
    /// Its name among all shards.
    var id: String { get }
    /// The name of its kind.
    var kind: String { get }
    /// The worker it is bound to for life.
    var worker: TickWorker { get }
    /// What its worker lets others see.
    var status: ShardStatus { get }

    /// Inputs waiting for the next tick.
    var inputsQueued: Int { get }
    /// Whether its world takes part in hand-offs; such a shard is not gone as soon as it has ended.
    var handsOff: Bool { get }
    /// How long a seat is held for somebody who is on the way here.
    var seatPatience: Duration { get }

    /// Subscribes a connection. Answers on the connection's loop: the subscription, whose first frame follows at once, or why not.
    func subscribe(_ request: SubscribeRequest)

    /// Queues an input from a connection. The world is asked for its permission when it is drained.
    ///
    /// Returns the shard's number for the input.
    func push(_ message: InputMessage, from subscription: Subscription) throws(ShardError) -> UInt64

    /// Queues an input that came without a connection; the sender must have one elsewhere. Answers on the worker's thread.
    func push(_ request: InputRequest)

    /// Counts an input that could not even be read.
    func countRefusedInput()

    /// Counts a client's hash that was compared with the shard's.
    func countComparison(differs: Bool)

    /// Compares the hash that a client has of its own state of `tick` with the shard's. Answers on the connection's loop: whether the two are known
    /// to differ.
    func compare(_ tick: Tick, hash: UInt64, of subscription: Subscription, answer: @escaping @Sendable (Bool) -> Void)

    /// Sends a connection the whole state of now. Asynchronous; the caller limits how often.
    func resendState(to subscription: Subscription)

    /// The client of a stream v2 has said something for the first time, so it has got its hello.
    func noteHeard(_ subscription: Subscription)

    /// Whether it outlives the process.
    var isStored: Bool { get }

    /// Says what the store has made of what was asked of it: at once for a shard that does not outlive the process, and after `patience` at the
    /// latest, if there is any. Answers on the worker's thread.
    func confirm(
        _ expected: StoreExpectation, within patience: Duration?,
        _ answer: @escaping @Sendable (StoreConfirmation) -> Void)

    /// Ends the shard; its subscribers are told `ending`. Asynchronous.
    func stop(_ ending: StreamEnding)

    /// Starts ticking. Called once, by the registry; hand-offs go by `post`, and `onEnd` hears of the shard's end.
    func start(post: HandoffPost, onEnd: @escaping @Sendable (_ id: String, StreamEnding) -> Void)

    /// Takes something in that another shard has sent. Asynchronous; what comes too fast is dropped, for it is sent again.
    func receive(_ event: HandoffEvent)

    /// Undoes `subscribe` after the connection is gone.
    func detach(attachment: UInt64)
}

extension ShardHandle {
    /// Waits until the store has confirmed something, see `confirm`; false when it has refused, or not answered in time.
    package func isConfirmed(_ expected: StoreExpectation, within patience: Duration) async -> Bool {
        await withCheckedContinuation { continuation in
            confirm(expected, within: patience) { continuation.resume(returning: $0 == .done) }
        }
    }

    /// What a `pong` tells: the server's monotonic clock, the last step and its age. Without asking the worker.
    package var time: ServerMessage.Time {
        let (tick, began) = status.stamp.value
        let now = worker.clock.now()
        return ServerMessage.Time(
            serverMilliseconds: now.milliseconds, tick: tick.number,
            tickAgeMilliseconds: (now - began).inSeconds * 1000)
    }

    /// False once the shard has ended; it does not start again.
    package var isRunning: Bool { status.isRunning.load(ordering: .acquiring) }

    /// Whether it has ended and still waits for what becomes of what it handed off, or to be forgotten by the store.
    package var isSettling: Bool { status.isSettling.load(ordering: .acquiring) }

    /// What the shard routes answer with. Each number is right by itself; together they may be a tick apart.
    package var information: ShardInformation {
        ShardInformation(
            id: id, kind: kind, isRunning: isRunning, tick: status.tick.load(ordering: .relaxed),
            subscribers: status.connections.load(ordering: .relaxed), inputsQueued: inputsQueued,
            players: status.playerCount, spectators: status.spectators.load(ordering: .relaxed),
            isPrivate: status.access.isPrivate)
    }
}

/// What a shard's worker lets other threads see of it.
package final class ShardStatus: Sendable {
    /// Released by the worker after the last frame; whoever acquires false sees nothing more of the shard.
    let isRunning = Atomic<Bool>(true)
    /// Set before the shard is seen to have ended, or by whoever removes it; released by the worker when nothing of it is left.
    let isSettling = Atomic<Bool>(false)
    /// Whether somebody has removed it while it still settles.
    let isRemoved = Atomic<Bool>(false)
    let tick = Atomic<UInt64>(0)
    let connections = Atomic<Int>(0)
    /// The last step with its time, for clients that compare clocks.
    let stamp: TickStamp
    /// Who may come in.
    package let access = ShardAccess()
    let spectators = Atomic<Int>(0)
    /// Where those are who left with what they play.
    let departures = Departures()
    private let playing = Lock<Set<String>>([])

    init(now: Instant) {
        stamp = TickStamp(now: now)
    }

    /// Who plays: the names of those with a connection as a player, or a seat that is held for them.
    package var players: Set<String> { playing.withLock { $0 } }

    /// Whether somebody plays, or has a seat that is held.
    func isPlaying(_ subscriber: SubscriberID) -> Bool { playing.withLock { $0.contains(subscriber.name) } }

    var playerCount: Int { playing.withLock { $0.count } }

    /// Notes whether somebody plays, after that may have changed.
    func note(_ subscriber: SubscriberID, isPlaying: Bool) {
        playing.withLock { names in
            if isPlaying { names.insert(subscriber.name) } else { names.remove(subscriber.name) }
        }
    }
}

/// A shard at a glance.
package struct ShardInformation: Sendable, Equatable {
    package let id: String
    package let kind: String
    package let isRunning: Bool
    package let tick: UInt64
    package let subscribers: Int
    package let inputsQueued: Int
    package let players: Int
    package let spectators: Int
    package let isPrivate: Bool
}

extension Instant {
    /// Milliseconds since the clock's origin, as clients read them.
    var milliseconds: Double { Double(nanoseconds) / 1_000_000 }
}
