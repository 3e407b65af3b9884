package import PylonEventLoop
package import PylonFanout
package import PylonJSON
package import PylonNet
package import PylonSimulation
internal import PylonTime
internal import Synchronization

/// A running shard as the rest of the server sees it: safe from any thread, and without its world's type.
package class ShardHandle: @unchecked Sendable {
    // Safety: stored state is immutable or atomic; subclasses confine theirs to the worker's thread.

    package let id: String
    package let kind: String
    let worker: TickWorker
    let isRunningFlag = Atomic<Bool>(true)
    let tickNumber = Atomic<UInt64>(0)
    let connectionCount = Atomic<Int>(0)

    init(id: String, kind: String, worker: TickWorker) {
        self.id = id
        self.kind = kind
        self.worker = worker
    }

    /// False once the shard has ended; it does not start again.
    package var isRunning: Bool { isRunningFlag.load(ordering: .acquiring) }

    /// What the shard routes answer with. Each number is right by itself; together they may be a tick apart.
    package var information: ShardInformation {
        ShardInformation(
            id: id, kind: kind, isRunning: isRunning, tick: tickNumber.load(ordering: .relaxed),
            subscribers: connectionCount.load(ordering: .relaxed), inputsQueued: inputsQueued)
    }

    /// Inputs waiting for the next tick.
    package var inputsQueued: Int { fatalError("abstract") }

    /// Subscribes a connection. Answers on the connection's loop: the subscription, whose first frame follows at once, or why not.
    package func subscribe(_ request: SubscribeRequest) { fatalError("abstract") }

    /// Queues an input from a connection. The world is asked for its permission when it is drained.
    ///
    /// Returns the shard's number for the input.
    package func push(
        _ message: InputMessage, from subscription: Subscription
    ) throws(ShardError) -> UInt64 { fatalError("abstract") }

    /// Queues an input that came without a connection; the sender must have one elsewhere. Answers on the worker's thread.
    package func push(_ request: InputRequest) { fatalError("abstract") }

    /// Counts an input that could not even be read.
    package func countRefusedInput() { fatalError("abstract") }

    /// Ends the shard; its subscribers are told `ending`. Asynchronous.
    package func stop(_ ending: StreamEnding) { fatalError("abstract") }

    /// Starts ticking. Called once, by the registry; `onEnd` hears of the shard's end.
    func start(onEnd: @escaping @Sendable (_ id: String, StreamEnding) -> Void) { fatalError("abstract") }

    /// Undoes `subscribe` after the connection is gone.
    func detach(attachment: UInt64) { fatalError("abstract") }
}

/// A shard at a glance.
package struct ShardInformation: Sendable, Equatable {
    package let id: String
    package let kind: String
    package let isRunning: Bool
    package let tick: UInt64
    package let subscribers: Int
    package let inputsQueued: Int
}

/// Who wants to watch, and where.
package struct SubscribeRequest: Sendable {
    package let subscriber: SubscriberID
    package let caller: Caller
    package let transport: Transports
    package let connection: ConnectionReference
    /// Runs on the connection's loop.
    package let answer: @Sendable (Result<Subscription, ShardError>) -> Void

    package init(
        subscriber: SubscriberID, caller: Caller, transport: Transports, connection: Connection,
        answer: @escaping @Sendable (Result<Subscription, ShardError>) -> Void
    ) {
        self.subscriber = subscriber
        self.caller = caller
        self.transport = transport
        self.connection = ConnectionReference(connection)
        self.answer = answer
    }
}

/// A connection on its way through other threads; only its own loop may look inside.
package struct ConnectionReference: @unchecked Sendable {
    // Safety: `onLoop` asserts the loop's thread; the reference itself is immutable.

    private let connection: Connection
    package let loop: EventLoop

    package init(_ connection: Connection) {
        self.connection = connection
        loop = connection.loop
    }

    /// The connection. On its loop only.
    package var onLoop: Connection {
        loop.assertOnLoop()
        return connection
    }
}

/// What a client sends: an input and its own number for it (spec/realtime.md 2.4).
package struct InputMessage: Sendable {
    package let input: JSONValue
    package let clientSequence: UInt64?
    /// The size of the message it came in, which counts against the queue.
    package let bytesCount: Int

    package init(input: JSONValue, clientSequence: UInt64?, bytesCount: Int) {
        self.input = input
        self.clientSequence = clientSequence
        self.bytesCount = bytesCount
    }
}

/// An input sent by request rather than over the subscriber's own connection.
package struct InputRequest: Sendable {
    package let subscriber: SubscriberID
    package let caller: Caller
    package let message: InputMessage
    /// The shard's number for the input, or why it was refused.
    package let answer: @Sendable (Result<UInt64, ShardError>) -> Void

    package init(
        subscriber: SubscriberID, caller: Caller, message: InputMessage,
        answer: @escaping @Sendable (Result<UInt64, ShardError>) -> Void
    ) {
        self.subscriber = subscriber
        self.caller = caller
        self.message = message
        self.answer = answer
    }
}

/// One connection's place in a shard. Belongs to the connection's loop.
package final class Subscription: @unchecked Sendable {
    // Safety: the variables are touched on the connection's loop only.

    package let shard: ShardHandle
    package let subscriber: SubscriberID
    package let caller: Caller
    private let attachment: UInt64
    private let transport: Transports
    /// Let go of at the end: the connection holds its handler, and that holds this.
    private var connection: ConnectionReference?
    private var stripe: Stripe
    /// Whether the stripe has the connection in its list.
    private var isAttached = false

    init(
        shard: ShardHandle, attachment: UInt64, request: SubscribeRequest, stripe: Stripe
    ) {
        self.shard = shard
        self.attachment = attachment
        subscriber = request.subscriber
        caller = request.caller
        transport = request.transport
        connection = request.connection
        self.stripe = stripe
    }

    /// Leaves the shard. Called when the connection closes; more than once does no harm.
    package func cancel() {
        guard let connection = self.connection?.onLoop else { return }
        self.connection = nil
        if isAttached { stripe.remove(connection, from: transport) }
        shard.detach(attachment: attachment)
    }

    /// Starts the stream with its first frame.
    func begin(first: Frame) {
        guard let connection = connection?.onLoop else { return }
        // Whoever was answered may have closed it.
        guard connection.isOpen else { return cancel() }
        isAttached = true
        stripe.attach(connection, as: transport, first: first)
    }

    /// Follows the subscriber into another view. It comes behind `begin` in the lane.
    func move(to next: Stripe) {
        guard isAttached, let connection = connection?.onLoop else { return }
        stripe.remove(connection, from: transport)
        stripe = next
        next.attach(connection, as: transport, first: nil)
    }
}
