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
    /// Runs on the connection's loop.
    package let answer: @Sendable (Result<Subscription, ShardError>) -> Void

    package init(
        subscriber: SubscriberID, caller: Caller, transport: Transports, stream: ShardStream = .snapshots,
        role: SubscriberRole = .player, connection: Connection,
        answer: @escaping @Sendable (Result<Subscription, ShardError>) -> Void
    ) {
        self.subscriber = subscriber
        self.caller = caller
        self.transport = transport
        self.stream = stream
        self.role = role
        self.connection = ConnectionReference(connection)
        self.answer = answer
    }
}
