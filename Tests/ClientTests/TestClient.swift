internal import PylonTestSupport

@testable internal import PylonClient

/// A connection under test, whose messages a blocking test can wait for. Ends with its owner.
final class TestClient: Sendable {
    let shard: ShardConnection
    let messages = Mailbox<ShardMessage?>()
    private let reading: Task<Void, Never>

    /// Begins to connect; the mailbox gets what becomes of it.
    static func connecting(
        _ url: String, _ group: ClientGroup, _ change: (inout ShardOptions) -> Void = { _ in }
    ) -> Mailbox<Result<ShardConnection, ClientError>> {
        var options = ShardOptions(shard: "zone", subscriber: "u1", token: .fixed("secret"))
        options.backoff = Backoff(minimum: .milliseconds(10), maximum: .milliseconds(20))
        options.transport = .webSocket
        // Another test's server might listen there.
        options.usesShardPort = false
        change(&options)
        let result = Mailbox<Result<ShardConnection, ClientError>>()
        let asked = options
        Task {
            do throws(ClientError) {
                result.put(.success(try await ShardConnection(url: url, options: asked, group: group)))
            } catch {
                result.put(.failure(error))
            }
        }
        return result
    }

    /// Reads the messages of `shard`, all the time unless told to wait.
    init(_ shard: ShardConnection, reads: Bool = true) {
        self.shard = shard
        let (queue, messages) = (shard.messages, messages)
        reading = Task {
            guard reads else { return }
            for await message in queue { messages.put(message) }
            messages.put(nil)
        }
    }

    deinit {
        reading.cancel()
        shard.close()
    }

    /// Skips to the next message that `pick` makes something of.
    func next<Value>(_ pick: (ShardMessage) -> Value?) throws -> Value {
        // One that reconnects for ever says something for ever.
        for _ in 0..<1000 {
            guard let message = try messages.next() else { throw DeadlinePassed(description: "the messages ended") }
            if let value = pick(message) { return value }
        }
        throw DeadlinePassed(description: "none of 1,000 messages is the one that is awaited")
    }

    func nextState() throws -> ShardState { try next { if case .state(let state) = $0 { state } else { nil } } }

    func nextEvent() throws -> ShardEvent { try next { if case .event(let event) = $0 { event } else { nil } } }

    func nextFailure() throws -> ClientError { try next { if case .failure(let error) = $0 { error } else { nil } } }

    /// Waits until the connection is doing that.
    func await(_ status: ShardStatus) throws { try next { if case .status(status) = $0 { () } else { nil } } }

    /// How the connection ended.
    func ending() throws -> ShardEnding {
        try next { if case .status(.closed(let ending)) = $0 { ending } else { nil } }
    }

    func send(_ input: JSONValue, tick: Tick? = nil) throws -> UInt64 {
        let shard = shard
        return try waiting { try await shard.send(input, tick: tick) }
    }
}
