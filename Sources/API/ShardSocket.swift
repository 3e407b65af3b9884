internal import PylonAuth
internal import PylonBytes
internal import PylonFanout
package import PylonGateway
internal import PylonHTTP
package import PylonNet
internal import PylonJSON
package import PylonShardHost
internal import PylonSimulation
package import PylonTelemetry
package import PylonWebSocket

/// The shard WebSocket (spec/realtime.md 3.1): connecting subscribes, messages are inputs, closing unsubscribes.
///
/// The handshake is accepted before the world has been asked, because browsers show scripts a close code but never the status of
/// a refused handshake: 1008 for "you may not", 1013 for "full or stopped".
package final class ShardSocket: WebSocketApplication {
    private var shard: any ShardHandle
    private let subscriber: SubscriberID
    private let caller: Caller
    private var stream: ShardStream
    private let role: SubscriberRole
    private let address: IPAddress?
    /// Why the caller may not come in, known before the handshake and told behind it.
    private let refusal: ShardError?
    private let release: @Sendable () -> Void
    private var subscription: Subscription?

    package let limits: WebSocketLimits?

    private init(
        shard: any ShardHandle, subscriber: SubscriberID, caller: Caller, stream: ShardStream,
        role: SubscriberRole, address: IPAddress?, refusal: ShardError?, limits: WebSocketLimits,
        release: @escaping @Sendable () -> Void
    ) {
        self.shard = shard
        self.subscriber = subscriber
        self.caller = caller
        self.stream = stream
        self.role = role
        self.address = address
        self.refusal = refusal
        self.limits = limits
        self.release = release
    }

    /// What a request to upgrade becomes. `shard` and `sid` come from the query, where `+` is a space; `sid` defaults to the
    /// caller's user id, then to `anon`. Refusals before the handshake: 400, 404, 429.
    package static func factory(
        registry: ShardRegistry, cap: AddressCap, door: ShardDoor, limits: WebSocketLimits, log: Log
    ) -> WebSocketFactory {
        { (request) throws(APIError) in
            let query = request.head.query(plusAsSpace: true)
            guard let id = query.first("shard"), !id.isEmpty else { throw .missingShard }
            guard let shard = registry.get(id) else { throw .shardNotFound }
            let subscriber = try SubscriberID(wire: query.first("sid") ?? request.identity.userID ?? "anon")
            let role = try SubscriberRole(request)
            let refusal = try door.refusal(request, to: shard, as: subscriber)
            let client = request.cappedAddress
            if let session = try ShardSession.Request(upgrade: request) {
                guard cap.admit(client) else { throw .tooManyConnections }
                return ShardSession(
                    session, shard: shard, subscriber: subscriber, caller: request.caller, role: role,
                    address: client, refusal: refusal, limits, log
                ) {
                    cap.release(client)
                }
            }
            let stream = try ShardStream(upgrade: request)
            guard cap.admit(client) else { throw .tooManyConnections }
            return ShardSocket(
                shard: shard, subscriber: subscriber, caller: request.caller, stream: stream, role: role,
                address: client, refusal: refusal, limits: limits
            ) {
                cap.release(client)
            }
        }
    }

    package func opened(_ socket: WebSocketConnection, on connection: Connection) {
        if let refusal { return socket.close(.policyViolation, reason: refusal.message) }
        // A client may send its first input right behind the handshake; it must not come before the subscription.
        connection.pauseReading()
        subscribe(socket, on: connection, movedFrom: nil)
    }

    private func subscribe(_ socket: WebSocketConnection, on connection: Connection, movedFrom source: String?) {
        // Safety: the answer runs on the connection's loop, to which this object and the socket belong.
        nonisolated(unsafe) let owner = self
        nonisolated(unsafe) let socket = socket
        let reference = ConnectionReference(connection)
        let transport: Transports = socket.isDeflated && stream == .snapshots ? .webSocketDeflated : .webSocket
        shard.subscribe(
            SubscribeRequest(
                subscriber: subscriber, caller: caller, transport: transport, stream: stream, role: role,
                connection: connection, address: address, movedFrom: source,
                follow: { owner.follow(to: $0, socket, on: reference.onLoop) }
            ) {
                owner.answered($0, socket: socket, on: reference.onLoop)
            })
    }

    /// Goes on with the shard to which the subscriber has moved: its snapshots, or its events to come, simply follow.
    private func follow(to target: any ShardHandle, _ socket: WebSocketConnection, on connection: Connection) {
        let source = shard.id
        subscription = nil
        shard = target
        if case .events = stream { stream = .events(after: nil) }
        subscribe(socket, on: connection, movedFrom: source)
    }

    private func answered(
        _ result: Result<Subscription, ShardError>, socket: WebSocketConnection, on connection: Connection
    ) {
        // A connection that ends meanwhile has lifted its pauses itself.
        guard connection.isOpen else { return }
        connection.resumeReading()
        switch result {
        case .success(let subscription): self.subscription = subscription
        case .failure(let error):
            socket.close(error.closeCode, reason: error.message)
        }
    }

    /// Inputs that cannot be read or are refused are dropped and counted: the v1 wire has no error frame.
    package func received(
        _ bytes: UnsafeRawBufferPointer, isText: Bool, socket: WebSocketConnection, on connection: Connection
    ) {
        guard let subscription else { return }
        let message: InputMessage
        do {
            let json = try JSONParser.parse(bytes.bindMemory(to: UInt8.self).span)
            message = try InputMessage(json: json, bytesCount: bytes.count)
        } catch {
            return shard.countRefusedInput()
        }
        do throws(ShardError) {
            _ = try shard.push(message, from: subscription)
        } catch {
            // The shard has counted it.
        }
    }

    package func closed(on connection: Connection) {
        subscription?.cancel()
        subscription = nil
        release()
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
