internal import PylonBytes
internal import PylonEventLoop
internal import PylonFanout
internal import PylonGateway
internal import PylonHTTP
internal import PylonJSON
internal import PylonNet
internal import PylonShardHost
internal import PylonSimulation
internal import PylonStreamProtocol
internal import PylonTelemetry
internal import PylonTime
internal import PylonWebSocket

/// The shard WebSocket of stream v2 (docs/protocol/stream-v2.md): as `ShardSocket`, but every message is answered and every ending
/// explained.
final class ShardSession: WebSocketApplication {
    /// The subprotocol by which clients ask for it.
    static let subprotocol = "pylon.v2"
    /// A connection may ask for the whole state once a second, and is as often worth a line in the log.
    private static let interval: Duration = .seconds(1)

    /// What a request to upgrade asks for.
    struct Request {
        /// Whether it offers the subprotocol; it may ask in its query instead.
        let offersSubprotocol: Bool
        let options: SessionOptions

        /// Nil for a stream v1. Throws `APIError.invalidField`.
        init?(upgrade request: PylonGateway.Request) throws(APIError) {
            let query = request.head.query(plusAsSpace: true)
            offersSubprotocol = SubprotocolList(headerValues: request.head.fields.all("Sec-WebSocket-Protocol")).values
                .contains(ShardSession.subprotocol)
            guard offersSubprotocol || query.first("proto") == "2" else { return nil }
            options = try SessionOptions { query.first($0) }
        }
    }

    let limits: WebSocketLimits?
    let subprotocol: String?
    private let place: ShardPlace
    private let log: Log
    private var keyframeNext = Instant(nanoseconds: 0)
    private var desyncLogNext = Instant(nanoseconds: 0)

    /// The socket of `request`, whose place is not taken yet.
    init(_ request: Request, _ place: ShardPlace, _ limits: WebSocketLimits, _ log: Log) {
        self.place = place
        self.limits = limits
        self.log = log
        subprotocol = request.offersSubprotocol ? Self.subprotocol : nil
    }

    func opened(_ socket: WebSocketConnection, on connection: Connection) {
        place.take(socket, on: connection)
    }

    /// Says goodbye to somebody for whom there is no place.
    static func refuse(_ error: ShardError, _ socket: WebSocketConnection, on connection: Connection) {
        let oldest: UInt64? = if case .resyncRequired(let oldest) = error { oldest } else { nil }
        let bye = StreamFarewell.bye(
            refusing: error.byeCode, reason: error.message, oldestSequence: oldest, on: connection.loop)
        socket.close(error.closeCode, reason: error.message, behind: bye.json)
    }

    // MARK: Messages

    func received(
        _ bytes: UnsafeRawBufferPointer, isText: Bool, socket: WebSocketConnection, on connection: Connection
    ) {
        guard let subscription = place.subscription else { return }
        subscription.noteHeard()
        do throws(ClientMessageError) {
            let message = try isText ? ClientMessage(text: bytes) : ClientMessage(binary: bytes)
            take(message, bytesCount: bytes.count, subscription, socket, now: connection.loop.now)
        } catch {
            place.shard.countRefusedInput()
            refuse(.invalidMessage, error.message, clientSequence: error.clientSequence, on: socket)
        }
    }

    private func take(
        _ message: ClientMessage, bytesCount: Int, _ subscription: Subscription, _ socket: WebSocketConnection,
        now: Instant
    ) {
        switch message {
        case .input(let input, let number, let tick):
            let message = InputMessage(input: input, clientSequence: number, tick: tick, bytesCount: bytesCount)
            do throws(ShardError) {
                _ = try place.shard.push(message, from: subscription)
            } catch {
                refuse(error.streamCode, error.message, clientSequence: number, on: socket)
            }
        case .acknowledgement(let tick): subscription.acknowledge(Tick(tick))
        case .keyframe:
            guard now >= keyframeNext else {
                return refuse(.rateLimited, "one keyframe a second", clientSequence: nil, on: socket)
            }
            keyframeNext = now + Self.interval
            place.shard.resendState(to: subscription)
        case .ping(let id, let clientMilliseconds):
            send(on: socket) { [place] in
                ServerMessage.writePong(id: id, clientMilliseconds: clientMilliseconds, place.shard.time, into: &$0)
            }
        case .hash(let tick, let hash):
            compare(tick: tick, hash: hash, subscription, socket)
        }
    }

    private func compare(
        tick: UInt64, hash: UInt64, _ subscription: Subscription, _ socket: WebSocketConnection
    ) {
        // Safety: the answer runs on the connection's loop, to which this object and the socket belong.
        nonisolated(unsafe) let owner = self
        nonisolated(unsafe) let socket = socket
        subscription.compare(tick: tick, hash: hash) {
            // The connection may have ended, or be with another shard.
            guard owner.place.subscription === subscription else { return }
            owner.reportDesync(tick: tick, on: socket)
        }
    }

    private func reportDesync(tick: UInt64, on socket: WebSocketConnection) {
        send(on: socket) {
            ServerMessage.writeError(
                .desync, "the state of tick \(tick) is another here", clientSequence: nil, tick: tick, into: &$0)
        }
        let now = place.shard.worker.clock.now()
        guard now >= desyncLogNext else { return }
        desyncLogNext = now + Self.interval
        log.warning("shard \(place.shard.id): the client of \(place.subscriber) has another state of tick \(tick)")
    }

    private func refuse(
        _ code: StreamErrorCode, _ message: String, clientSequence: UInt64?, on socket: WebSocketConnection
    ) {
        send(on: socket) { ServerMessage.writeError(code, message, clientSequence: clientSequence, into: &$0) }
    }

    private func send(on socket: WebSocketConnection, _ write: (inout JSONWriter) -> Void) {
        var json = JSONWriter(capacity: 160)
        write(&json)
        json.withUnsafeBytes { socket.send($0, isText: true) }
    }

    // MARK: Ending

    func farewell(for ending: StreamEnding, on connection: Connection) -> [UInt8]? {
        StreamFarewell.bye(for: ending, on: connection.loop).json
    }

    func farewell(for error: WebSocketError, on connection: Connection) -> [UInt8]? {
        StreamFarewell.bye(refusing: .protocolError, reason: "\(error.reason)", on: connection.loop).json
    }

    func closed(on connection: Connection) { place.leave() }
}
