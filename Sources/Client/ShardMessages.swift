/// A connection's messages, in order. They end when the connection does.
///
/// For one reader: several share the messages between them.
public struct ShardMessages: AsyncSequence, Sendable {
    /// What is read.
    public typealias Element = ShardMessage
    /// Reading does not fail: failures are messages.
    public typealias Failure = Never

    /// Reads them one by one.
    public struct AsyncIterator: AsyncIteratorProtocol {
        let queue: MessageQueue

        public mutating func next() async -> ShardMessage? { await queue.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> ShardMessage? { await queue.next() }
    }

    let queue: MessageQueue

    /// States left out so far because newer ones came before they were read.
    public var statesDropped: UInt64 { queue.droppedTotal }

    /// A reader; `for await` makes one.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(queue: queue) }
}
