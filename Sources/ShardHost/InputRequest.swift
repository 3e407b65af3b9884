package import PylonJSON
package import PylonSimulation

/// What a client sends: an input and its own number for it (spec/realtime.md 2.4).
package struct InputMessage: Sendable {
    package let input: JSONValue
    package let clientSequence: UInt64?
    /// The client's tick that it belongs to; nil for at once.
    package let tick: UInt64?
    /// The size of the message it came in, which counts against the queue.
    package let bytesCount: Int

    package init(input: JSONValue, clientSequence: UInt64?, tick: UInt64? = nil, bytesCount: Int) {
        self.input = input
        self.clientSequence = clientSequence
        self.tick = tick
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
