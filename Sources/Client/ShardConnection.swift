@_exported public import PylonJSON
internal import PylonThreading
@_exported public import PylonTime

/// A connection to one shard, for as long as the caller wants it: connects, comes back when it is cut, and speaks whichever version the
/// server does.
///
/// ```swift
/// let shard = try await ShardConnection(url: "http://127.0.0.1:4321", shard: "zone1", token: token)
/// try await shard.send(["move": ["x": 1, "y": 0]])
/// for await message in shard.messages {
///     if case .state(let state) = message { draw(try state.json()) }
/// }
/// ```
///
/// May be used from anywhere. It ends with ``close()``, and when nobody holds it any more.
public final class ShardConnection: Sendable {
    private let keeper: StreamKeeper

    /// Connects to `shard` of the server at `url`: `http://host:port`, or `unix:/path` on the same host.
    ///
    /// Returns when a stream has come to life. Throws when no way in works: what the server said, or else why the last one did not.
    public convenience init(
        url: String, shard: String, subscriber: String? = nil, token: String? = nil, followsEvents: Bool = false,
        group: ClientGroup = .shared
    ) async throws(ClientError) {
        var options = ShardOptions(shard: shard, subscriber: subscriber, token: token.map { .fixed($0) } ?? .none)
        options.followsEvents = followsEvents
        try await self.init(url: url, options: options, group: group)
    }

    /// Connects as `options` say; see ``init(url:shard:subscriber:token:followsEvents:group:)``.
    public init(url: String, options: ShardOptions, group: ClientGroup = .shared) async throws(ClientError) {
        let endpoint = try Endpoint(url: url)
        try options.check()
        let keeper = StreamKeeper(endpoint, options, group)
        self.keeper = keeper
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isSubmitted = group.submit { keeper.start { continuation.resume(returning: $0) } }
                if !isSubmitted { continuation.resume(returning: .failure(ClientError.closedHere)) }
            }
        } onCancel: {
            group.submit { keeper.close() }
        }
        try result.get()
    }

    deinit {
        close()
    }

    /// What the shard says. To be read by one task.
    public var messages: ShardMessages { ShardMessages(queue: keeper.queue) }

    /// What the connection is doing.
    public var status: ShardStatus { keeper.view.withLock { $0.status } }

    /// How the present stream travels; nil when there is none.
    public var transport: ShardTransport? { keeper.view.withLock { $0.transport } }

    /// The server's hello on the present stream, or on the last one; nil on a stream v1.
    public var hello: ShardHello? { keeper.view.withLock { $0.hello } }

    /// The entities in view, in a world of such; nil otherwise. Each stream has a replica of its own.
    public var replica: Replica? { keeper.view.withLock { $0.replica } }

    /// The server's clock as it is known now; it knows nothing on a stream v1 and over server-sent events.
    public var clock: ServerClock { keeper.view.withLock { $0.clock } }

    /// The newest input that the world contains; always 0 on a stream v1.
    public var acknowledged: UInt64 { keeper.view.withLock { $0.acknowledged } }

    /// The tick of the newest state.
    public var tick: Tick { keeper.view.withLock { $0.tick } }

    /// Sends one input and returns its number, which acknowledgements and refusals name. `tick` says which tick it is meant for, on stream v2.
    ///
    /// Returns when the input has been handed to the connection. It is sent again when the stream is cut before it was acknowledged and the
    /// seat was held; on a stream v1 it is not. Throws `notConnected`, `congested` or `closedHere`; nothing was sent then.
    @discardableResult
    public func send(_ input: JSONValue, tick: Tick? = nil) async throws(ClientError) -> UInt64 {
        let keeper = keeper
        let result = await withCheckedContinuation { continuation in
            let isSubmitted = keeper.group.submit { continuation.resume(returning: keeper.send(input, tick: tick)) }
            if !isSubmitted { continuation.resume(returning: .failure(.closedHere)) }
        }
        return try result.get()
    }

    /// Sends one input of the game's own type; see ``send(_:tick:)-(JSONValue,_)``. Throws `unencodable`, too.
    @discardableResult
    public func send(_ input: some Encodable, tick: Tick? = nil) async throws(ClientError) -> UInt64 {
        let json: JSONValue
        do { json = try JSONValueEncoder().encode(input) } catch { throw .unencodable("\(error)") }
        return try await send(json, tick: tick)
    }

    /// Asks for the whole state; over a WebSocket of stream v2 only.
    public func requestKeyframe() {
        say(OutgoingMessage.keyframe())
    }

    /// Tells the server the hash that this client's own simulation has at a tick; it answers with a refusal where they differ. Over a
    /// WebSocket of stream v2 only. Of worlds of entities the connection tells it by itself.
    public func reportHash(_ hash: UInt64, tick: Tick) {
        say(OutgoingMessage.hash(hash, tick: tick))
    }

    private func say(_ message: [UInt8]) {
        let keeper = keeper
        keeper.group.submit { keeper.say(message) }
    }

    /// Ends it for good, with a goodbye to the server. The messages end behind those that wait.
    public func close() {
        let keeper = keeper
        keeper.group.submit { keeper.close() }
    }
}
