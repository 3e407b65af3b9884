public import PylonReplication

/// What a connection to a shard is asked for.
public struct ShardOptions: Sendable {
    /// Where the bearer token comes from.
    public enum TokenSource: Sendable {
        case none
        case fixed(String)
        /// Asked before every attempt, and so again after a refusal, on the cooperative pool.
        case provider(@Sendable () async throws -> String)
    }

    /// The longest token that a request can carry.
    static let tokenBytesMaximum = 8 << 10

    /// The shard's name.
    public var shard: String
    /// The name under which to take part; by default the caller's user id.
    public var subscriber: String?
    public var token: TokenSource
    /// The one way in that may be used; by default the first that works.
    public var transport: ShardTransport?
    /// Tries the shards' own port first, the main one + 3, where the URL names a port. Turn it off where only that port can be reached.
    public var usesShardPort = true
    /// Speaks stream v2 to servers that know it.
    public var prefersVersion2 = true
    /// Also follows the shard's events; stream v2 only.
    public var followsEvents = false
    /// Takes states of JSON as what changed since one that is here, which costs the wire less; stream v2 over WebSocket only.
    public var takesDeltas = true
    /// More of the request's query, such as a join code.
    public var query: [(name: String, value: String)] = []
    /// Comes back when the stream is cut.
    public var reconnects = true
    /// Goes on trying from the start when no way in works, instead of failing.
    public var waitsForServer = false
    /// How long a stream may say nothing. By default 10 s where pings are answered, else for ever, as a shard may rest.
    public var silenceMaximum: Duration?
    public var backoff = Backoff()
    /// Offers permessage-deflate over TCP; there is no point in it on one host.
    public var compresses = true
    /// A larger message ends the stream.
    public var messageBytesMaximum = 16 << 20
    /// States that wait to be read; beyond it the oldest are left out.
    public var statesWaitingMaximum = 8
    /// Events that wait to be read; beyond it the stream ends, and goes on when all have been.
    public var eventsWaitingMaximum = 1024
    /// Called on the client's loop for what came, changed and went in a world of entities, frame by frame. It must neither block nor read the
    /// connection's ``Replica``.
    public var onReplicaEvent: (@Sendable (ReplicaEvent) -> Void)?

    public init(shard: String, subscriber: String? = nil, token: TokenSource = .none) {
        self.shard = shard
        self.subscriber = subscriber
        self.token = token
    }

    /// Throws `invalidOption` for what could not stand in a request.
    func check() throws(ClientError) {
        guard !shard.isEmpty else { throw .invalidOption("the name of the shard is empty") }
        guard statesWaitingMaximum > 0, eventsWaitingMaximum > 0, messageBytesMaximum > 0 else {
            throw .invalidOption("a limit has to be greater than 0")
        }
        if case .fixed(let token) = token { try Self.check(token: token) }
    }

    /// Throws `invalidOption` for a token that could not stand in a field: visible ASCII can.
    static func check(token: String) throws(ClientError) {
        guard !token.isEmpty, token.utf8.count <= tokenBytesMaximum,
            token.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw .invalidOption("the token is not of visible ASCII characters") }
    }
}
