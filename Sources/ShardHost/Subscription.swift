internal import PylonBytes
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
    /// Where the connection is in the list, nil when it is in none.
    private var stripe: Stripe?

    init(shard: any ShardHandle, attachment: UInt64, request: SubscribeRequest) {
        self.shard = shard
        self.attachment = attachment
        subscriber = request.subscriber
        caller = request.caller
        transport = request.transport
        connection = request.connection
    }

    /// Leaves the shard. Called when the connection closes; more than once does no harm.
    package func cancel() {
        guard let connection = self.connection?.onLoop else { return }
        self.connection = nil
        stripe?.remove(connection, from: transport)
        stripe = nil
        shard.detach(attachment: attachment)
    }

    /// Starts a stream of snapshots with its first frame.
    func begin(on stripe: SnapshotStripe, first: Frame) {
        guard let connection = openConnection() else { return }
        self.stripe = stripe
        stripe.attach(connection, as: transport, first: first)
    }

    /// Starts a stream of events with what comes before the next one.
    func begin(on stripe: EventStripe, opening: [SharedBytes]) {
        guard let connection = openConnection() else { return }
        self.stripe = stripe
        stripe.attach(connection, as: transport, opening: opening)
    }

    /// Follows the subscriber into another view. It comes behind `begin` in the lane.
    func move(to next: SnapshotStripe) {
        guard let stripe, let connection = connection?.onLoop else { return }
        stripe.remove(connection, from: transport)
        self.stripe = next
        next.attach(connection, as: transport, first: nil)
    }

    private func openConnection() -> Connection? {
        guard let connection = connection?.onLoop else { return nil }
        guard connection.isOpen else {
            // Whoever was answered has closed it.
            cancel()
            return nil
        }
        return connection
    }
}
