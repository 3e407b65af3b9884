internal import PylonFanout
internal import PylonNet
package import PylonSimulation

/// One connection's place in a shard. Belongs to the connection's loop.
package final class Subscription: @unchecked Sendable {
    // Safety: the variables are touched on the connection's loop only.

    package let shard: any ShardHandle
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
        shard: any ShardHandle, attachment: UInt64, request: SubscribeRequest, stripe: Stripe
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
