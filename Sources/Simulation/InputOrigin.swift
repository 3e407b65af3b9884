/// By which way an input came, and so who hears when it is refused behind the queue.
package enum InputOrigin: Hashable, Sendable {
    /// Over a stream v1, which has no answers.
    case unanswered
    /// Over the stream v2 of the shard's connection of this number.
    case connection(UInt64)
    /// By request; the subscriber's event streams v2 are told.
    case request
}

/// An input that the world threw at.
package struct InputFailure: Sendable {
    package let origin: InputOrigin
    package let subscriber: SubscriberID
    package let clientSequence: UInt64?
    package let error: any Error

    init<World: Simulation>(_ queued: Shard<World>.QueuedInput, _ error: any Error) {
        origin = queued.origin
        subscriber = queued.subscriber
        clientSequence = queued.clientSequence
        self.error = error
    }
}
