internal import PylonAuth
internal import PylonEventLoop
package import PylonGateway
internal import PylonHTTP
internal import PylonJSON
internal import PylonMatchmaking
package import PylonNet
internal import PylonShardHost
package import PylonWebSocket

/// The matchmaker over a WebSocket: it tells each change of the player's status, and takes what the routes take.
///
/// Closing it leaves no queue: a player whose page reloads keeps the place.
package final class MatchSocket: WebSocketApplication {
    /// Its path on the main port.
    package static let path = "/api/matchmaker/connect"

    /// Criteria fit, and little else.
    package let limits: WebSocketLimits? = WebSocketLimits(frameBytesMaximum: 16 << 10, messageBytesMaximum: 16 << 10)

    private let desk: MatchDesk
    private let player: String?
    private let origin: MatchOrigin
    private let release: @Sendable () -> Void
    private var watch: UInt64?

    private init(desk: MatchDesk, player: String?, origin: MatchOrigin, release: @escaping @Sendable () -> Void) {
        self.desk = desk
        self.player = player
        self.origin = origin
        self.release = release
    }

    /// What a request to upgrade becomes. Refusals before the handshake: 429. Whoever is not signed in is told by close 1008, which
    /// browsers show.
    package static func factory(desk: MatchDesk, cap: AddressCap) -> WebSocketFactory {
        { (request) throws(APIError) in
            let client = request.cappedAddress
            guard cap.admit(client) else { throw .tooManyConnections }
            return MatchSocket(desk: desk, player: request.identity.userID, origin: MatchOrigin(request)) {
                cap.release(client)
            }
        }
    }

    package func opened(_ socket: WebSocketConnection, on connection: Connection) {
        guard let player else { return socket.close(.policyViolation, reason: "unauthorized: sign in first") }
        let outlet = Outlet(socket, connection)
        guard let number = desk.watchers.watch(player, { [desk] in outlet.tell(desk.matchmaker.status(of: player)) })
        else {
            return socket.close(.tryAgainLater, reason: "too many connections of this player")
        }
        watch = number
        perform(outlet, on: connection) { [desk] in outlet.tell(desk.matchmaker.status(of: player)) }
    }

    package func received(
        _ bytes: UnsafeRawBufferPointer, isText: Bool, socket: WebSocketConnection, on connection: Connection
    ) {
        guard let player else { return }
        let outlet = Outlet(socket, connection)
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes.bindMemory(to: UInt8.self).span)
        } catch {
            return outlet.fail(.invalidJSON(error.description))
        }
        perform(outlet, on: connection) { [desk, origin] in
            do throws(APIError) {
                try Self.handle(json, of: player, origin, desk, outlet)
            } catch {
                outlet.fail(error)
            }
        }
    }

    /// What is done is told by the status that follows from it, to each connection of the player.
    private static func handle(
        _ json: JSONValue, of player: String, _ origin: MatchOrigin, _ desk: MatchDesk, _ outlet: Outlet
    ) throws(APIError) {
        switch try json.requiredString("type") {
        case "join": try desk.join(player, json, from: origin)
        case "cancel":
            let outcome = desk.matchmaker.cancel(player)
            if outcome != .cancelled { outlet.tell(desk.matchmaker.status(of: player)) }
        case "ack": outlet.tell(try desk.acknowledge(player))
        case "status": outlet.tell(desk.matchmaker.status(of: player))
        default: throw .invalidField("type", problem: "must be join, cancel, ack or status")
        }
    }

    /// One piece at a time for each socket: what follows stays unread until it is done, so that whoever asks without end fills nothing
    /// that others need.
    private func perform(
        _ outlet: Outlet, on connection: Connection, _ work: @escaping @Sendable () -> Void
    ) {
        let isTaken = desk.submit {
            work()
            outlet.listenAgain()
        }
        guard isTaken else { return outlet.fail(.answersTooMany) }
        connection.pauseReading()
    }

    package func closed(on connection: Connection) {
        if let player, let watch { desk.watchers.unwatch(player, watch) }
        watch = nil
        release()
    }

    /// Where messages for the client go, from any thread.
    private struct Outlet: @unchecked Sendable {
        // Safety: the socket is touched on its connection's loop only.
        private let socket: WebSocketConnection
        private let reference: ConnectionReference

        init(_ socket: WebSocketConnection, _ connection: Connection) {
            self.socket = socket
            reference = ConnectionReference(connection)
        }

        func tell(_ status: PlayerStatus) {
            send("status") { status.writeMembers(to: &$0) }
        }

        func tell(_ assignment: MatchAssignment) {
            send("assignment") { assignment.writeMembers(to: &$0) }
        }

        func fail(_ error: APIError) {
            let (_, code, message) = ErrorBody.parts(of: error)
            send("error") { json in
                json.member("code", code)
                json.member("message", message)
            }
        }

        /// Lifts the pause of reading.
        func listenAgain() {
            reference.loop.submit { [reference] in
                // A connection that has ended has lifted its pauses itself.
                if reference.onLoop.isOpen { reference.onLoop.resumeReading() }
            }
        }

        private func send(_ type: String, _ write: (inout JSONWriter) -> Void) {
            var json = JSONWriter()
            json.beginObject()
            json.member("type", type)
            write(&json)
            json.endObject()
            let text = json.text
            reference.loop.submit { [self] in
                guard reference.onLoop.isOpen else { return }
                var text = text
                text.withUTF8 { socket.send(UnsafeRawBufferPointer($0), isText: true) }
            }
        }
    }
}
