internal import PylonAPI
internal import PylonAuth
internal import PylonBytes
internal import PylonEventLoop
internal import PylonGateway
internal import PylonHTTP
internal import PylonJSON
internal import PylonNet
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonThreading
internal import PylonTime
internal import PylonWebSocket

/// One service on one loop, whose time stands still until a test moves it.
///
/// Routes: `/health`, `/echo`, `/large` (8 MiB), `/never` (answered by the test through `exchanges`), those of ``StreamedBodies``, the
/// shard routes; a WebSocket anywhere echoes.
final class GatewayHarness: Sendable {
    static let largeBytes = 8 << 20
    /// Answers of that size that may wait for their clients.
    static let largeAnswersMaximum = 3

    let clock = ManualClock()
    let net = NetCounters()
    let counters = GatewayCounters()
    let exchanges = ExchangeBox()
    let streamed = StreamedBodies()
    let registry: ShardRegistry
    let port: UInt16
    let loop: EventLoop
    private let loopThread: Thread
    private let worker: TickWorker
    private let workerThread: Thread

    init(
        deflates: Bool = true, webSocket: @escaping WebSocketFactory = { (_) throws(APIError) in EchoSocket() }
    ) throws {
        loop = try EventLoop(index: 0, clock: clock)
        worker = TickWorker(index: 0, clock: clock)
        workerThread = worker.start()
        registry = ShardRegistry(
            kinds: [ShardKind("still") { _ in Still() }], workers: [worker], shardsMaximum: 9, clock: clock
        ) { 1 }
        let listening = try ListeningSocket.open(address: .v4(0x7F00_0001), port: 0, count: 1)
        port = listening.port
        let service = try Self.service(
            clock, counters, registry, exchanges, streamed, webSocket, deflates: deflates)
        let listener = Listener(descriptor: listening.descriptors[0], loop: loop, counters: net) { connection in
            HTTPConnection(service: service, connection: connection)
        }
        loopThread = loop.start()
        nonisolated(unsafe) let handed = listener
        // Safety: only the loop's thread touches the listener from here on.
        loop.submit {
            do { try handed.start() } catch { preconditionFailure("cannot listen: \(error)") }
        }
    }

    deinit {
        loop.submit { [loop] in
            for channel in loop.registeredChannels {
                if let connection = channel as? Connection { connection.close() }
                if let listener = channel as? Listener { listener.stop() }
            }
        }
        loop.stop()
        worker.stop()
        loopThread.join()
        workerThread.join()
    }

    private static func service(
        _ clock: ManualClock, _ counters: GatewayCounters, _ registry: ShardRegistry, _ exchanges: ExchangeBox,
        _ streamed: StreamedBodies, _ webSocket: @escaping WebSocketFactory, deflates: Bool
    ) throws -> HTTPService {
        let log = Log(level: .error, format: .text, clock: clock)
        let sessions = SessionStore(clock: clock)
        let health = Handler.immediate { (_) throws(APIError) in
            HTTPResponse(.ok, contentType: "text/plain", body: .text("ok"))
        }
        let large = Handler.immediate { (_) throws(APIError) in
            HTTPResponse(.ok, contentType: "text/plain", body: .bytes([UInt8](repeating: 120, count: largeBytes)))
        }
        let echo = Handler.immediate { (request) throws(APIError) in
            HTTPResponse(.ok, contentType: "text/plain", body: .bytes(request.body))
        }
        let never = Handler.exchange { (_, exchange) throws(APIError) in exchanges.put(exchange) }
        var settings = ServiceSettings(clock: clock, readiness: ReadinessState(), metrics: counters, log: log)
        settings.deflatesWebSockets = deflates
        settings.answerBytesMaximum = largeBytes * largeAnswersMaximum
        let routes: [Route<Handler>] =
            [
                Route(.get, "/health", nil, access: .anyone, bodyLimit: .none, handler: health),
                Route(.get, "/large", nil, access: .anyone, bodyLimit: .none, handler: large),
                Route(.post, "/echo", nil, access: .anyone, bodyLimit: .mebi(1), handler: echo),
                Route(.get, "/never", nil, access: .anyone, bodyLimit: .none, handler: never),
            ] + streamed.table
            + ShardRoutes(
                registry: registry, factories: BlockingThread(name: "factories"), cap: .unlimited,
                door: ShardDoor(attempts: AttemptLimit(clock: clock)), inputBytesMaximum: 65_536
            ).table
        return HTTPService(
            name: "test", stages: [.identity(IdentityResolver(adminToken: "admin", sessions: sessions))],
            routes: try RouteTable(routes), webSocket: webSocket, requiresUpgrade: false,
            settings: settings)
    }

    /// Moves time and lets the loop notice.
    func advance(by duration: Duration) {
        clock.advance(by: duration)
        loop.wake()
    }

    /// Waits for `condition`, each look a round trip through the loop; false when it did not come true in time.
    func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
        let deadline = ContinuousClock.now + TestSocket.patience
        while ContinuousClock.now < deadline {
            if try condition() { return true }
            turn()
        }
        return false
    }

    /// Waits until the loop has taken a turn.
    func turn() {
        let turned = BlockingQueue<Bool>(capacity: 1)
        loop.submit { _ = turned.push(true) }
        _ = turned.popAll()
    }

    /// A client that has been served once, with `rest` sent in the same piece behind the request: the loop has read it.
    func client(sending rest: String = "") throws -> HTTPClient {
        let client = try HTTPClient(port: port)
        try client.socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n" + rest)
        guard try client.readResponse().status == 200 else { throw SocketError.ended }
        return client
    }
}

/// Requests that wait for the test to answer them.
final class ExchangeBox: Sendable {
    private let queue = BlockingQueue<Exchange>(capacity: 64)

    func put(_ exchange: Exchange) { _ = queue.push(exchange) }

    /// Those that came since, waiting for one.
    func take() -> [Exchange] { queue.popAll() ?? [] }
}

/// A world in which nothing happens.
struct Still: Simulation {
    static func decodeInput(_ json: JSONValue) throws -> Bool { true }

    mutating func apply(_ input: Bool, from subscriber: SubscriberID, _ context: StepContext) {}

    mutating func step(_ context: StepContext) {}

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.value(0) }
}
