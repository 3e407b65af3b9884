internal import PylonAuth
internal import PylonBytes
internal import PylonEventLoop
internal import PylonHTTP
package import PylonNet
internal import PylonTelemetry
internal import PylonTime
internal import PylonWebSocket

/// HTTP/1.1 on one connection: one request at a time, in order; what is pipelined waits unread.
package final class HTTPConnection: ConnectionHandler {
    private enum State {
        /// Between requests, or inside a head.
        case head
        /// Inside the body of a request whose route is known.
        case body(Request, Route<Handler>)
        /// The handler has not answered yet.
        case handling
        /// The connection ends with what has been written, or speaks another protocol now.
        case finished
    }

    private let service: HTTPService
    private var parser: HTTPRequestParser
    private var state = State.head
    private var writer = HTTPResponseWriter()
    private var body: [UInt8] = []
    private var bodyStart = Instant(nanoseconds: 0)
    private var record: RequestRecord
    /// Counts requests, so that an answer that comes too late is recognised.
    private var exchangeNumber: UInt64 = 0
    private var isBackpressured = false

    package init(service: HTTPService, connection: Connection) {
        self.service = service
        parser = HTTPRequestParser(limits: service.settings.limits)
        record = RequestRecord(unreadableSince: connection.loop.now)
        super.init()
        connection.setDeadline(connection.loop.now + service.settings.timeouts.head)
    }

    // MARK: Receiving

    public override func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        var offset = 0
        while true {
            switch state {
            case .handling: return offset
            case .finished: return connection.handler === self ? bytes.count : offset
            case .head where connection.bytesWaiting > Connection.bytesWaitingHighWatermark:
                // Requests are pipelined faster than their answers are read.
                isBackpressured = true
                connection.pauseReading()
                return offset
            case .head, .body: break
            }
            let rest = UnsafeRawBufferPointer(rebasing: bytes[offset...])
            let wasIdle = parser.isIdle
            let (consumed, event) = parser.next(rest.bindMemory(to: UInt8.self).span)
            switch event {
            case .needMore:
                if wasIdle, !parser.isIdle {
                    connection.setDeadline(connection.loop.now + service.settings.timeouts.head)
                }
                return offset + consumed
            case .head(let head): begin(head, on: connection)
            case .body(let range):
                let slice = UnsafeRawBufferPointer(rebasing: rest[range])
                receivedBody(slice, on: connection)
            case .end: complete(on: connection)
            case .failure(let error):
                service.settings.metrics.requestsMalformed.add()
                forgetUnlessBodyIsDue(on: connection)
                respond(ErrorBody.response(for: .malformed(error)), on: connection)
                return bytes.count
            }
            offset += consumed
        }
    }

    private func begin(_ head: HTTPRequestHead, on connection: Connection) {
        writer = HTTPResponseWriter(answering: head)
        record = RequestRecord(head, now: connection.loop.now)
        exchangeNumber += 1
        var request = Request(head: head, connection: connection)
        request.record = record
        do throws(APIError) {
            for stage in service.stages { try stage.run(&request) }
            if head.upgrades(to: "websocket") { return try upgrade(request, on: connection) }
            if service.requiresUpgrade { throw .upgradeRequired }
            if head.method == .options { return respond(optionsResponse(), on: connection) }
            let route = try self.route(&request)
            try Self.check(route.access, request)
            state = .body(request, route)
            awaitBody(of: request, route, on: connection)
        } catch {
            var response = ErrorBody.response(for: error)
            // The body that follows would be taken for a request.
            if head.hasBody { response.closesConnection = true }
            respond(response, on: connection)
        }
    }

    private func route(_ request: inout Request) throws(APIError) -> Route<Handler> {
        switch service.routes.match(request.head.method, request.head.segments) {
        case .found(let route, let parameters):
            request.parameters = parameters
            return route
        case .notFound: throw .notFound
        case .methodNotAllowed(let methods): throw .methodNotAllowed(methods)
        }
    }

    private static func check(_ access: RouteAccess, _ request: Request) throws(APIError) {
        switch access {
        case .anyone: break
        case .user: if request.identity.userID == nil { throw .authRequired }
        case .admin: if !request.identity.isAdmin { throw .forbidden }
        }
    }

    /// OPTIONS is answered everywhere, so that browsers may ask before they call (spec/services.md 4.5).
    private func optionsResponse() -> HTTPResponse {
        HTTPResponse(.noContent, fields: [.allow: "GET, HEAD, POST, PATCH, DELETE, OPTIONS"])
    }

    private func awaitBody(of request: Request, _ route: Route<Handler>, on connection: Connection) {
        body = []
        bodyStart = connection.loop.now
        if !Self.ignoresBody(request.head.method), let maximum = route.bodyLimit.bytesMaximum {
            parser.bodyBytesMaximum = maximum
        }
        guard request.head.hasBody else { return }
        connection.setDeadline(bodyStart + service.settings.timeouts.body)
        let length = request.head.contentLength ?? 0
        if request.head.expectsContinue, length <= parser.bodyBytesMaximum {
            connection.write { HTTPResponseWriter.writeContinue(into: &$0) }
        }
    }

    /// Bodies of these methods have no meaning here and are read past (spec/services.md 4.2 step 10).
    private static func ignoresBody(_ method: HTTPMethod) -> Bool {
        method == .get || method == .head || method == .options || method == .delete
    }

    private func receivedBody(_ bytes: UnsafeRawBufferPointer, on connection: Connection) {
        guard case .body(let request, _) = state else { return }
        if !Self.ignoresBody(request.head.method) { body.append(contentsOf: bytes) }
        let timeouts = service.settings.timeouts
        let earned = Duration.seconds(body.count / timeouts.bodyBytesPerSecondMinimum)
        connection.setDeadline(bodyStart + timeouts.body + earned)
    }

    private func complete(on connection: Connection) {
        guard case .body(var request, let route) = state else { return }
        request.body = body
        body = []
        state = .handling
        connection.setDeadline(connection.loop.now + service.settings.timeouts.handling)
        switch route.handler {
        case .immediate(let handle):
            do throws(APIError) {
                respond(try handle(request), on: connection)
            } catch {
                respond(ErrorBody.response(for: error), on: connection)
            }
        case .asynchronous(let handle):
            let exchange = exchange(on: connection)
            // Owned by the exchange: it ends with the one answer it gives, and a connection that closes meanwhile ignores it.
            Task {
                do throws(APIError) {
                    exchange.respond(try await handle(request))
                } catch {
                    exchange.respond(ErrorBody.response(for: error))
                }
            }
        case .exchange(let handle):
            do throws(APIError) {
                try handle(request, exchange(on: connection))
            } catch {
                respond(ErrorBody.response(for: error), on: connection)
            }
        }
        if case .handling = state { connection.pauseReading() }
    }

    private func exchange(on connection: Connection) -> Exchange {
        Exchange(http: self, connection: connection, number: exchangeNumber, service: service)
    }

    // MARK: Answering

    /// Writes the answer to the current request. A pause of reading is lifted by the caller if there was one.
    private func respond(_ response: HTTPResponse, on connection: Connection) {
        var response = response
        if service.settings.readiness.isDraining || connection.peerHasFinished { response.closesConnection = true }
        send(response, on: connection)
        if writer.keepsAlive {
            state = .head
            connection.setDeadline(connection.loop.now + service.settings.timeouts.idle)
        } else {
            state = .finished
            connection.finish()
        }
    }

    private func send(_ response: HTTPResponse, on connection: Connection) {
        let settings = service.settings
        connection.write {
            writer.write(response, date: settings.date.text, common: settings.commonFields, into: &$0)
        }
        record.answered(response.status, now: connection.loop.clock.now(), settings: settings)
    }

    /// An answer from an exchange; ignored unless it is to the current request and the first to it.
    func respond(_ response: HTTPResponse, number: UInt64, on connection: Connection) {
        guard isHandling(number), connection.isOpen else { return }
        let wasPaused = connection.isReadingPaused
        respond(response, on: connection)
        if wasPaused, connection.isOpen { connection.resumeReading() }
    }

    /// Answers with the head of a stream and hands the connection to `next`.
    func stream(_ response: HTTPResponse, number: UInt64, to next: ConnectionHandler, on connection: Connection) -> Bool
    {
        guard isHandling(number), connection.isOpen else { return false }
        let wasPaused = connection.isReadingPaused
        send(response, on: connection)
        state = .finished
        connection.replaceHandler(next)
        if wasPaused { connection.resumeReading() }
        return true
    }

    private func isHandling(_ number: UInt64) -> Bool {
        guard case .handling = state else { return false }
        return number == exchangeNumber
    }

    private func upgrade(_ request: Request, on connection: Connection) throws(APIError) {
        guard let factory = service.webSocket else { throw .notFound }
        guard !request.head.hasBody else {
            // Its bytes would be taken for frames.
            throw .handshakeRefused(status: .badRequest, message: "a handshake has no body", fields: HTTPFields())
        }
        let acceptance = try Self.handshake(request.head, deflates: service.settings.deflatesWebSockets)
        let application = try factory(request)
        var fields: HTTPFields = [.upgrade: "websocket", .connection: "Upgrade"]
        fields["Sec-WebSocket-Accept"] = acceptance.accept
        if let subprotocol = acceptance.subprotocol { fields["Sec-WebSocket-Protocol"] = subprotocol }
        if let extensions = acceptance.extensions { fields["Sec-WebSocket-Extensions"] = extensions }
        send(HTTPResponse(.switchingProtocols, fields: fields), on: connection)
        state = .finished
        let socket = WebSocketConnection(
            application: application, service: service, isDeflated: acceptance.isDeflated,
            connection: connection)
        connection.replaceHandler(socket)
        socket.begin(on: connection)
        application.opened(socket, on: connection)
    }

    private static func handshake(
        _ head: HTTPRequestHead, deflates: Bool
    ) throws(APIError) -> WebSocketHandshake.Acceptance {
        let request = WebSocketHandshake.Request(
            method: head.method.token, isHTTP11: head.version == .http11, connection: head.fields.all(.connection),
            upgrade: head.fields.all(.upgrade), key: head.fields.all("Sec-WebSocket-Key"),
            version: head.fields.all("Sec-WebSocket-Version"), subprotocols: head.fields.all("Sec-WebSocket-Protocol"),
            extensions: head.fields.all("Sec-WebSocket-Extensions"))
        do {
            return try WebSocketHandshake.answer(request, deflates: deflates)
        } catch {
            var fields = HTTPFields()
            for field in error.fields {
                if let name = HTTPFieldName(field.name) { fields[name] = field.value }
            }
            throw .handshakeRefused(
                status: HTTPStatus(UInt16(error.status)), message: "\(error.message)", fields: fields)
        }
    }

    // MARK: Ending

    /// Ends the connection if it waits for a request; the answer to one that is under way says that it closes.
    package func drain(on connection: Connection) {
        if case .head = state, parser.isIdle { connection.finish() }
    }

    public override func drained(on connection: Connection) {
        guard isBackpressured else { return }
        isBackpressured = false
        connection.resumeReading()
    }

    public override func deadlinePassed(on connection: Connection) {
        switch state {
        case .head where parser.isIdle:
            // Not idle while an answer is still on its way; whether that moves is for the stall rule to say.
            guard connection.bytesWaiting == 0 else {
                return connection.setDeadline(connection.loop.now + service.settings.timeouts.idle)
            }
            connection.close()
        case .head, .body:
            service.settings.metrics.requestTimeouts.add()
            forgetUnlessBodyIsDue(on: connection)
            respond(ErrorBody.response(for: .timeout), on: connection)
        case .handling:
            // Whatever comes later belongs to no request any more.
            exchangeNumber += 1
            respond(ErrorBody.response(for: .handlerTimeout), on: connection)
        case .finished: break
        }
    }

    public override func peerFinished(on connection: Connection) {
        // A client may half-close behind its last request and still read the answer.
        if case .handling = state { return }
        state = .finished
        connection.finish()
    }

    /// Before an answer to something that is not a request: nothing is known of its method or version, and what the record holds
    /// is of the request before.
    private func forgetUnlessBodyIsDue(on connection: Connection) {
        if case .body = state { return }
        writer = HTTPResponseWriter()
        record = RequestRecord(unreadableSince: connection.loop.now)
    }
}
