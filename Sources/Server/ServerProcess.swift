internal import CSystem
internal import Glibc
internal import PylonAPI
internal import PylonAuth
internal import PylonEventLoop
internal import PylonGateway
internal import PylonHTTP
internal import PylonNet
internal import PylonShardHost
internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime
internal import PylonWebSocket

/// The running server: everything constructed in one flat list, started and stopped in phases.
final class ServerProcess {
    private let configuration: Configuration
    private let server: ShardServer
    private let clock = SystemClock()
    private let log: Log
    private let readiness = ReadinessState()
    private let metrics = MetricsRegistry()
    private let gateway = GatewayCounters()
    private let net = NetCounters()
    private let sessions: SessionStore
    private let identities: IdentityResolver
    /// Streams per client address and service.
    private let shardCap: AddressCap
    /// Connections of any kind per client address; none behind a proxy, where all come from one.
    private let connectionCap: AddressCap
    private let factories = BlockingThread(name: "factories")
    private let workers: [TickWorker]
    private let registry: ShardRegistry
    private let loops: [EventLoop]
    private var threads: [Thread] = []
    private var logThread: Thread?
    private var listeners: [Listener] = []
    private var ports: [UInt16] = []
    private var phases = PhaseList([])

    /// A client may hold this many times more connections than streams: enough for browsers and keep-alive pools, too few to take every
    /// descriptor.
    private static let connectionsPerStream = 16

    init(server: ShardServer, configuration: Configuration) throws(StartError) {
        self.server = server
        self.configuration = configuration
        let processors = Int(csystem_available_cpus())
        let workerCount = configuration.integer(.tickWorkers)
        let loopCount = configuration.integer(.loops)
        let clock = clock
        log = Log(
            level: LogLevel(name: configuration.text(.logLevel)) ?? .info,
            format: configuration.text(.logFormat) == "json" ? .json : .text, clock: clock)
        sessions = SessionStore(clock: clock)
        identities = IdentityResolver(adminToken: configuration.text(.adminToken), sessions: sessions)
        let streamsMaximum = configuration.integer(.connectionsPerAddress)
        shardCap = AddressCap(maximum: streamsMaximum, refused: gateway.connectionsRefused)
        connectionCap = AddressCap(
            maximum: configuration.integer(.proxyHops) > 0 ? 0 : streamsMaximum * Self.connectionsPerStream,
            refused: gateway.connectionsRefused)
        workers = (0..<(workerCount == 0 ? processors : workerCount)).map { TickWorker(index: $0, clock: clock) }
        registry = ShardRegistry(
            kinds: server.kinds, workers: workers, shardsMaximum: configuration.integer(.shardsMaximum), clock: clock
        ) { SecureRandom.number() }
        do throws(SystemError) {
            var made: [EventLoop] = []
            for index in 0..<(loopCount == 0 ? processors : loopCount) {
                made.append(try EventLoop(index: index, clock: clock))
            }
            loops = made
        } catch {
            throw StartError(description: "cannot start: \(error)")
        }
    }

    // MARK: Start-up

    func start() throws(StartError) {
        phases = PhaseList([
            Phase("log", start: startLog, stop: stopLog),
            Phase("metrics", start: registerMetrics),
            Phase("descriptors", start: raiseDescriptorLimit),
            Phase("tick workers", start: startWorkers, stop: stopWorkers),
            Phase("shards", start: createShards),
            Phase("event loops", start: startLoops, stop: stopLoops),
            Phase("listeners", start: openListeners, stop: closeListeners),
            Phase("readiness", start: { () throws(StartError) in self.readiness.becomeReady() }),
        ])
        try phases.start()
    }

    /// The one line on standard output that scripts and people wait for.
    func announce() {
        let isAnywhere = ["0.0.0.0", "::"].contains(configuration.text(.host))
        let host = isAnywhere ? "localhost" : configuration.text(.host)
        print(
            "\(server.program) \(ShardServer.version) is ready: http://\(host.contains(":") ? "[\(host)]" : host):\(ports[0])/"
        )
        // Whoever waits for the line may read through a pipe.
        fflush(nil)
        log.info("listening on \(configuration.text(.host)), ports \(ports.map(String.init).joined(separator: ", "))")
    }

    private func startLog() throws(StartError) {
        logThread = log.start()
    }

    private func stopLog() {
        log.close()
        logThread?.join()
    }

    private func raiseDescriptorLimit() throws(StartError) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        // Without it the server works, for fewer clients.
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }

    private func startWorkers() throws(StartError) {
        threads += workers.map { $0.start() } + [factories.start()]
    }

    private func stopWorkers() {
        factories.close()
        workers.forEach { $0.stop() }
        threads.forEach { $0.join() }
        threads = []
    }

    private func createShards() throws(StartError) {
        for shard in server.shards {
            do {
                _ = try registry.create(id: shard.id, kind: shard.kind, config: shard.config)
            } catch {
                throw StartError(description: "cannot create shard \(shard.id): \(error)")
            }
        }
    }

    private func startLoops() throws(StartError) {
        loopThreads = loops.map { $0.start() }
        let registry = registry
        let first = loops[0]
        first.submit { Self.sweepPeriodically(registry, on: first) }
    }

    private var loopThreads: [Thread] = []

    /// Stopped shards stay visible for up to half a minute, then they are forgotten.
    private static func sweepPeriodically(_ registry: ShardRegistry, on loop: EventLoop) {
        registry.sweepFinished()
        loop.schedule(after: .seconds(30)) { sweepPeriodically(registry, on: loop) }
    }

    private func stopLoops() {
        for loop in loops {
            loop.submit { Drain.closeConnections(on: loop) }
        }
        loops.forEach { $0.stop() }
        loopThreads.forEach { $0.join() }
        loopThreads = []
    }

    // MARK: Listeners

    private func openListeners() throws(StartError) {
        let services = try makeServices()
        let base = UInt16(configuration.integer(.port))
        let opened = try base == 0 ? openFreePorts(services.count) : openPorts(from: base, services.count)
        ports = opened.map(\.port)
        for (service, sockets) in zip(services, opened) {
            for (loop, descriptor) in zip(loops, sockets.descriptors) {
                let listener = Listener(descriptor: descriptor, loop: loop, cap: connectionCap, counters: net) {
                    connection in
                    HTTPConnection(service: service, connection: connection)
                }
                listeners.append(listener)
                nonisolated(unsafe) let handed = listener
                // Safety: from here on only the loop's thread touches the listener.
                loop.submit { [log] in
                    do { try handed.start() } catch { log.error("cannot listen: \(error)") }
                }
            }
        }
    }

    private typealias OpenPort = (descriptors: [Int32], port: UInt16)

    private func openPorts(from base: UInt16, _ count: Int) throws(StartError) -> [OpenPort] {
        var opened: [OpenPort] = []
        for offset in 0..<UInt16(count) {
            do throws(SystemError) {
                opened.append(
                    try ListeningSocket.open(address: configuration.address, port: base + offset, count: loops.count))
            } catch {
                opened.flatMap(\.descriptors).forEach { close($0) }
                let problem = error.number == EADDRINUSE ? "it is taken" : "\(error)"
                throw StartError(
                    description: "cannot listen on port \(base + offset): \(problem); choose another with --port")
            }
        }
        return opened
    }

    /// Looks for consecutive free ports: the offset rule P, P+1, P+2, P+3 holds whatever P is.
    private func openFreePorts(_ count: Int) throws(StartError) -> [OpenPort] {
        for _ in 0..<64 {
            // Anywhere above the registered ports and below the kernel's own range for outgoing connections.
            let base = UInt16(20_000 + SecureRandom.number() % 12_000)
            if let opened = try? openPorts(from: base, count) { return opened }
        }
        throw StartError(description: "found no \(count) consecutive free ports")
    }

    private func closeListeners() {
        let listeners = listeners
        self.listeners = []
        for loop in loops {
            nonisolated(unsafe) let own = listeners.filter { $0.loop === loop }
            // Safety: only the loop's thread touches its listeners.
            loop.submit { own.forEach { $0.stop() } }
        }
    }

    // MARK: Services

    /// P, P+1, P+2, P+3 in this order.
    private func makeServices() throws(StartError) -> [HTTPService] {
        let settings = makeSettings()
        let stages = [
            Stage.clientAddress(trustedHops: configuration.integer(.proxyHops)),
            Stage.accessLog(log),
            Stage.readiness(readiness),
            Stage.identity(identities),
        ]
        let offersEcho = configuration.isOn(.testEndpoints)
        let shardBytes = configuration.integer(.shardMessageBytes)
        let shards = ShardSocket.factory(
            registry: registry, cap: shardCap,
            limits: WebSocketLimits(frameBytesMaximum: shardBytes, messageBytesMaximum: shardBytes))
        let operations = OperationsRoutes(
            version: ShardServer.version, isDevelopment: configuration.isOn(.developmentMode), clock: clock,
            readiness: readiness, metrics: metrics, counters: gateway)
        let routes =
            operations.table + AuthRoutes(sessions: sessions).table
            + ShardRoutes(
                registry: registry, factories: factories, cap: shardCap, inputBytesMaximum: shardBytes
            ).table + PageRoutes.table(server.pages)
            + (offersEcho ? EchoSocket.table : [])
        func service(
            _ name: String, _ routes: [Route<Handler>], _ webSocket: @escaping WebSocketFactory, requiresUpgrade: Bool
        ) throws(StartError) -> HTTPService {
            do {
                return HTTPService(
                    name: name, stages: stages, routes: try RouteTable(routes), webSocket: webSocket,
                    requiresUpgrade: requiresUpgrade, settings: settings)
            } catch {
                throw StartError(description: "the routes of \(name) do not fit together: \(error.description)")
            }
        }
        return [
            try service(
                "http", routes, UpgradeRoutes.main(shards: shards, offersEcho: offersEcho), requiresUpgrade: false),
            try service("sync WebSocket", [], UpgradeRoutes.unavailable, requiresUpgrade: true),
            try service("sync events", [UpgradeRoutes.events], UpgradeRoutes.unavailable, requiresUpgrade: false),
            try service("shard WebSocket", [], shards, requiresUpgrade: true),
        ]
    }

    private func makeSettings() -> ServiceSettings {
        var settings = ServiceSettings(clock: clock, readiness: readiness, metrics: gateway, log: log)
        let frameBytes = configuration.integer(.webSocketFrameBytes)
        settings.webSocketLimits = WebSocketLimits(frameBytesMaximum: frameBytes, messageBytesMaximum: frameBytes)
        settings.pingInterval = .seconds(configuration.integer(.pingSeconds))
        settings.commonFields = HTTPFieldBlock(CommonFields.fields(allowedOrigin: configuration.allowedOrigin))
        return settings
    }

    private func registerMetrics() throws(StartError) {
        MetricsCatalog.register(
            in: metrics, clock: clock, net: net, gateway: gateway, registry: registry, sessions: sessions, log: log)
    }

    // MARK: Shutdown

    /// Two phases: first stop attracting work and let clients go, then take everything down. `isImpatient` ends the first early.
    func shutDown(orWhen isImpatient: () -> Bool) {
        readiness.beginDraining()
        log.info("draining: \(net.open.value) connections")
        registry.stopAll()
        let deadline = clock.now() + .seconds(configuration.integer(.drainSeconds))
        var nextRound = clock.now()
        while clock.now() < deadline, !isImpatient() {
            if clock.now() >= nextRound {
                // Again each second: probes still connect, and may then say nothing.
                for loop in loops {
                    loop.submit { Drain.endConnections(on: loop) }
                }
                nextRound = clock.now() + .seconds(1)
            } else if net.open.value == 0 {
                break
            }
        }
        log.info("stopping with \(net.open.value) connections left")
        Watchdog.arm(after: .seconds(5), program: server.program)
        phases.stop()
    }
}
