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
        /// Inside the body of a request whose handler reads it as it comes.
        case streaming(RequestBody)
        /// The handler has not answered yet.
        case handling
        /// The answer's head is sent, and its body is made piece by piece.
        case answering(any HTTPBodySource)
        /// The connection ends with what has been written, or speaks another protocol now.
        case finished
    }

    /// Requests with larger bodies are handled on the cooperative pool: to parse so many takes some 300 µs.
    private static let loopBodyBytesMaximum = 64 * 1024

    /// How long a client may take for one piece of an answer: a source may hold what others need, such as a state of the database.
    private static let pieceTimeMaximum: Duration = .seconds(60)

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
    /// Whether the source of the answer's body has been asked and has not answered yet.
    private var awaitsPiece = false

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
            case .handling, .answering: return offset
            // With nothing left to read, the end of the body may still be told.
            case .streaming(let body) where body.isPaused && offset < bytes.count: return offset
            case .finished: return connection.handler === self ? bytes.count : offset
            case .head where connection.bytesWaiting > Connection.bytesWaitingHighWatermark:
                // Requests are pipelined faster than their answers are read.
                isBackpressured = true
                connection.pauseReading()
                return offset
            case .head, .body, .streaming: break
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
                abandonExchange(because: .malformed(error))
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
            if head.method == .options { return respond(optionsResponse(to: head), on: connection) }
            let route = try self.route(&request)
            try Self.check(route.access, request)
            state = .body(request, route)
            awaitBody(of: request, route, on: connection)
            if case .streaming(let handle) = route.handler { stream(request, to: handle, on: connection) }
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

    /// OPTIONS is answered everywhere, so that browsers may ask before they call (spec/services.md 4.5); what can be asked with it
    /// is what the path has routes for.
    private func optionsResponse(to head: HTTPRequestHead) -> HTTPResponse {
        let methods = service.routes.allowedMethods(head.segments) + [.options]
        return HTTPResponse(.noContent, fields: [.allow: methods.map(\.token).joined(separator: ", ")])
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
        switch state {
        case .body(let request, _):
            if !Self.ignoresBody(request.head.method) { body.append(contentsOf: bytes) }
            connection.setDeadline(bodyStart + timeAllowed(for: body.count))
        case .streaming(let body):
            body.receive(bytes)
            connection.setDeadline(bodyStart + timeAllowed(for: body.byteCount) + body.timePaused)
        case .head, .handling, .answering, .finished: break
        }
    }

    /// How long a body may take of which so much has come.
    private func timeAllowed(for byteCount: Int) -> Duration {
        let timeouts = service.settings.timeouts
        return timeouts.body + .seconds(byteCount / timeouts.bodyBytesPerSecondMinimum)
    }

    private func complete(on connection: Connection) {
        if case .streaming(let body) = state {
            body.finish()
            state = .handling
            connection.setDeadline(connection.loop.now + service.settings.timeouts.handling)
            return connection.pauseReading()
        }
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
            // Handlers wait for other threads far longer than they compute, unless there is much to parse: on the loop they cost no
            // other thread's wake-up.
            let isSmall = request.body.count <= Self.loopBodyBytesMaximum
            run(handle, request, preferring: isSmall ? connection.loop : nil, on: connection)
        case .background(let handle): run(handle, request, preferring: nil, on: connection)
        case .streaming: preconditionFailure("a body that is read as it comes has been taken before")
        case .exchange(let handle):
            do throws(APIError) {
                try handle(request, exchange(on: connection))
            } catch {
                respond(ErrorBody.response(for: error), on: connection)
            }
        }
        switch state {
        case .handling, .answering: connection.pauseReading()
        case .head, .body, .streaming, .finished: break
        }
    }

    /// Starts a handler on `executor`, on the cooperative pool without one.
    private func run(
        _ handle: @escaping @Sendable (Request) async throws(APIError) -> HTTPResponse, _ request: Request,
        preferring executor: EventLoop?, on connection: Connection
    ) {
        let exchange = exchange(on: connection)
        // Owned by the exchange: it ends with the one answer it gives, and a connection that closes meanwhile ignores it. Of high priority,
        // since somebody waits.
        Task(executorPreference: executor, priority: .high) {
            do throws(APIError) {
                exchange.respond(try await handle(request))
            } catch {
                exchange.respond(ErrorBody.response(for: error))
            }
        }
    }

    /// Starts a handler that reads the body while it arrives.
    private func stream(
        _ request: Request,
        to handle: @escaping @Sendable (Request, RequestBody) async throws(APIError) -> HTTPResponse,
        on connection: Connection
    ) {
        let body = RequestBody(connection)
        state = .streaming(body)
        let exchange = exchange(on: connection)
        // Owned by the exchange, as for handlers that get the whole body.
        Task(priority: .high) {
            do throws(APIError) {
                exchange.respond(try await handle(request, body))
            } catch {
                exchange.respond(ErrorBody.response(for: error))
            }
        }
    }

    private func exchange(on connection: Connection) -> Exchange {
        Exchange(http: self, connection: connection, number: exchangeNumber, service: service)
    }

    // MARK: Answering

    /// Writes the answer to the current request. A pause of reading is lifted by the caller if there was one.
    private func respond(_ response: HTTPResponse, on connection: Connection) {
        var response = response
        if service.settings.readiness.isDraining || connection.peerHasFinished { response.closesConnection = true }
        guard let source = source(of: &response) else {
            send(response, writesBody: true, on: connection)
            return endExchange(on: connection)
        }
        send(response, writesBody: false, on: connection)
        guard writer.sendsBody else {
            source.close()
            return endExchange(on: connection)
        }
        state = .answering(source)
        ask(source, on: connection)
    }

    /// What makes the body piece by piece; nil for one that is written with the head. A large one for which there is no room is replaced by a
    /// refusal.
    private func source(of response: inout HTTPResponse) -> (any HTTPBodySource)? {
        if case .pieces(let source) = response.body { return source }
        let metrics = service.settings.metrics
        guard let count = response.body.count, count > SlicedBody.sliceBytes else { return nil }
        guard metrics.answerBytesHeld.value + count <= service.settings.answerBytesMaximum else {
            metrics.answersRefused.add()
            response = ErrorBody.response(for: .answersTooMany)
            return nil
        }
        return SlicedBody(response.body, held: metrics.answerBytesHeld)
    }

    /// The next request, or the end.
    private func endExchange(on connection: Connection) {
        if writer.keepsAlive {
            state = .head
            connection.setDeadline(connection.loop.now + service.settings.timeouts.idle)
        } else {
            state = .finished
            connection.finish()
        }
    }

    /// Asks for a piece of the answer's body, which has as long as an answer has.
    private func ask(_ source: any HTTPBodySource, on connection: Connection) {
        if let body = source as? SlicedBody { return send(body.slice(), number: exchangeNumber, on: connection) }
        awaitsPiece = true
        connection.setDeadline(connection.loop.now + service.settings.timeouts.handling)
        let exchange = exchange(on: connection)
        // Owned by the exchange: a connection that closes meanwhile ignores the piece.
        Task(priority: .high) { exchange.send(await source.next()) }
    }

    /// A piece of the answer's body.
    func send(_ piece: HTTPBodyPiece, number: UInt64, on connection: Connection) {
        guard case .answering(let source) = state, number == exchangeNumber, connection.isOpen else { return }
        awaitsPiece = false
        switch piece {
        case .bytes(let bytes):
            // The stall rule watches clients that take nothing; this one, those that take next to nothing.
            connection.setDeadline(connection.loop.now + Self.pieceTimeMaximum)
            guard !bytes.isEmpty else { return ask(source, on: connection) }
            connection.write { writer.writeChunk(bytes.span, into: &$0) }
        case .end:
            connection.write { writer.lastChunk(into: &$0) }
            source.close()
            endExchange(on: connection)
            if connection.isOpen { connection.resumeReading() }
        case .broken: connection.close()
        }
    }

    private func send(_ response: HTTPResponse, writesBody: Bool = true, on connection: Connection) {
        let settings = service.settings
        connection.write {
            writer.write(
                response, date: settings.date.text, common: settings.commonFields, writesBody: writesBody, into: &$0)
        }
        record.answered(response.status, now: connection.loop.clock.now(), settings: settings)
    }

    /// An answer from an exchange; ignored unless it is to the current request and the first to it.
    func respond(_ response: HTTPResponse, number: UInt64, on connection: Connection) {
        guard isHandling(number), connection.isOpen else { return }
        var response = response
        let wasPaused = connection.isReadingPaused
        if case .streaming(let body) = state {
            // What is left of the body would be taken for a request.
            body.fail(.bodyIncomplete)
            response.closesConnection = true
        }
        respond(response, on: connection)
        if case .answering = state {
            if !wasPaused { connection.pauseReading() }
        } else if wasPaused, connection.isOpen {
            connection.resumeReading()
        }
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
        switch state {
        case .handling, .streaming: number == exchangeNumber
        case .head, .body, .answering, .finished: false
        }
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
        fields["Sec-WebSocket-Protocol"] = application.subprotocol ?? acceptance.subprotocol
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
        if case .answering(let source) = state, !awaitsPiece { return ask(source, on: connection) }
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
        case .streaming(let body):
            let allowed = bodyStart + timeAllowed(for: body.byteCount) + body.timePaused
            // Not the client's fault where the handler is slow.
            if body.isPaused { return connection.setDeadline(connection.loop.now + service.settings.timeouts.body) }
            guard connection.loop.now >= allowed else { return connection.setDeadline(allowed) }
            service.settings.metrics.requestTimeouts.add()
            exchangeNumber += 1
            body.fail(.timeout)
            respond(ErrorBody.response(for: .timeout), on: connection)
        case .answering: connection.close()
        case .handling:
            // Whatever comes later belongs to no request any more.
            exchangeNumber += 1
            respond(ErrorBody.response(for: .handlerTimeout), on: connection)
        case .finished: break
        }
    }

    public override func peerFinished(on connection: Connection) {
        // A client may half-close behind its last request and still read the answer.
        switch state {
        case .handling, .answering: return
        case .head, .body, .streaming, .finished: break
        }
        abandonExchange(because: .bodyIncomplete)
        state = .finished
        connection.finish()
    }

    public override func closed(on connection: Connection) {
        abandonExchange(because: .bodyIncomplete)
    }

    /// Lets go of whoever reads the request's body or makes the answer's.
    private func abandonExchange(because reason: APIError) {
        switch state {
        case .streaming(let body): body.fail(reason)
        case .answering(let source): source.close()
        case .head, .body, .handling, .finished: break
        }
    }

    /// Before an answer to something that is not a request: nothing is known of its method or version, and what the record holds
    /// is of the request before.
    private func forgetUnlessBodyIsDue(on connection: Connection) {
        switch state {
        case .body, .streaming: return
        case .head, .handling, .answering, .finished: break
        }
        writer = HTTPResponseWriter()
        record = RequestRecord(unreadableSince: connection.loop.now)
    }
}
