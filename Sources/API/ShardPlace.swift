internal import PylonBytes
internal import PylonFanout
internal import PylonGateway
internal import PylonNet
internal import PylonShardHost
internal import PylonSimulation
internal import PylonWebSocket

/// The place of a WebSocket in a shard, and in each to which it follows its subscriber. Belongs to the connection's loop.
final class ShardPlace {
    /// Who takes the place, as the request says.
    struct Guest {
        let subscriber: SubscriberID
        let caller: Caller
        let role: SubscriberRole
        /// The client's, for what one may have of the server; nil on the same host.
        let address: IPAddress?
        /// Why the caller may not come into a shard, for want of its code; nil when it may.
        let refusal: (any ShardHandle) -> ShardError?
        /// Hears of every refusal that stood.
        let refused: (ShardError) -> Void
    }

    /// What is to be done when there is no place.
    typealias Refuse = (ShardError, WebSocketConnection, Connection) -> Void

    /// The shard that has the subscriber: another after a hand-off.
    private(set) var shard: any ShardHandle
    let subscriber: SubscriberID
    /// Nil until the shard has decided, and while the stream is between two.
    private(set) var subscription: Subscription?
    private let caller: Caller
    private let role: SubscriberRole
    private let address: IPAddress?
    private var stream: ShardStream
    /// Why it may not come into the shard that is asked now, unless a resume token proves good: known before the handshake and told behind
    /// it.
    private var standing: ShardError?
    /// Asked while the request is still on its way; whoever is in is moved unasked.
    private var refusal: ((any ShardHandle) -> ShardError?)?
    private let refused: (ShardError) -> Void
    private let refuse: Refuse
    private let release: @Sendable () -> Void

    /// A place for `guest`, of whom `shard` has not been asked yet but for its code. `release` runs once when it is over.
    init(
        in shard: any ShardHandle, for guest: Guest, _ stream: ShardStream, release: @escaping @Sendable () -> Void,
        refuse: @escaping Refuse
    ) {
        self.shard = shard
        self.stream = stream
        subscriber = guest.subscriber
        caller = guest.caller
        role = guest.role
        address = guest.address
        refusal = guest.refusal
        refused = guest.refused
        standing = guest.refusal(shard)
        self.refuse = refuse
        self.release = release
    }

    /// Takes the place. Nothing is read before it is decided: a client may send its first input right behind the handshake.
    func take(_ socket: WebSocketConnection, on connection: Connection) {
        connection.pauseReading()
        if let standing, !stream.hasResumeToken { return decided(.failure(standing), socket, on: connection) }
        subscribe(socket, on: connection, nil)
    }

    /// Leaves it. The last call.
    func leave() {
        subscription?.cancel()
        subscription = nil
        release()
    }

    private func subscribe(_ socket: WebSocketConnection, on connection: Connection, _ passage: Passage?) {
        // Safety: the closures run on the connection's loop, to which this object and the socket belong.
        nonisolated(unsafe) let place = self
        nonisolated(unsafe) let socket = socket
        let reference = ConnectionReference(connection)
        shard.subscribe(
            SubscribeRequest(
                subscriber: subscriber, caller: caller, transport: transport(of: socket), stream: stream, role: role,
                connection: connection, address: address, passage: passage,
                refusal: standing,
                follow: { place.follow(to: $0, $1, socket, on: reference.onLoop) }
            ) {
                place.decided($0, socket, on: reference.onLoop)
            })
    }

    private func transport(of socket: WebSocketConnection) -> Transports {
        switch stream {
        case .snapshots: socket.isDeflated ? .webSocketDeflated : .webSocket
        case .events: .webSocket
        case .session(let options) where options.takesDeltas:
            socket.isDeflated ? .webSocketV2DeltaDeflated : .webSocketV2Delta
        case .session: socket.isDeflated ? .webSocketV2Deflated : .webSocketV2
        }
    }

    /// Goes on with the shard to which the subscriber has gone. What is read meanwhile waits, so that it reaches that one.
    private func follow(
        to target: any ShardHandle, _ passage: Passage, _ socket: WebSocketConnection, on connection: Connection
    ) {
        subscription = nil
        shard = target
        // The cursor and the token are of the shard behind.
        switch stream {
        case .snapshots: break
        case .events: stream = .events(after: nil)
        case .session(var options):
            options.eventCursor = nil
            options.resumeToken = nil
            stream = .session(options)
        }
        standing = refusal?(target)
        subscribe(socket, on: connection, passage)
    }

    private func decided(
        _ result: Result<Subscription, ShardError>, _ socket: WebSocketConnection, on connection: Connection
    ) {
        // A connection that ends meanwhile has lifted its pauses itself.
        guard connection.isOpen else { return }
        connection.resumeReading()
        do throws(ShardError) {
            subscription = try result.get()
            refusal = nil
            standing = nil
        } catch {
            refused(error)
            refuse(error, socket, connection)
        }
    }
}

extension ShardError {
    /// How a WebSocket is closed whose subscription was refused (docs/protocol/shards.md).
    var closeCode: CloseCode {
        switch self {
        case .unauthorized: .policyViolation
        case .resyncRequired: .resyncRequired
        default: .tryAgainLater
        }
    }
}
