package import PylonBytes
internal import PylonEventLoop
package import PylonFanout
package import PylonNet
package import PylonSimulation

/// Who wants to watch, and where.
package struct SubscribeRequest: Sendable {
    package let subscriber: SubscriberID
    package let caller: Caller
    package let transport: Transports
    package let stream: ShardStream
    package let role: SubscriberRole
    package let connection: ConnectionReference
    /// The client's, for what one may have of the server; nil on the same host.
    package let address: IPAddress?
    /// Runs on the connection's loop.
    package let answer: @Sendable (Result<Subscription, ShardError>) -> Void
    /// Subscribes the connection to the shard to which its subscriber has moved. Runs on the connection's loop, with the reading of the
    /// connection paused until the answer; nil for a stream that ends instead.
    package let follow: (@Sendable (_ target: any ShardHandle, Passage) -> Void)?
    /// How it comes from another shard; nil for one that comes by itself.
    package let passage: Passage?
    /// Why it may not come in unless it takes up its seat again; nil when it may in any case.
    package let refusal: ShardError?

    package init(
        subscriber: SubscriberID, caller: Caller, transport: Transports, stream: ShardStream = .snapshots,
        role: SubscriberRole = .player, connection: Connection, address: IPAddress? = nil, passage: Passage? = nil,
        refusal: ShardError? = nil,
        follow: (@Sendable (_ target: any ShardHandle, Passage) -> Void)? = nil,
        answer: @escaping @Sendable (Result<Subscription, ShardError>) -> Void
    ) {
        self.subscriber = subscriber
        self.caller = caller
        self.transport = transport
        self.stream = stream
        self.role = role
        self.connection = ConnectionReference(connection)
        self.address = address
        self.answer = answer
        self.follow = follow
        self.passage = passage
        self.refusal = refusal
    }
}
