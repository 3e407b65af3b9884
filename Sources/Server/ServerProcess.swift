internal import CSystem
internal import Glibc
internal import PylonAPI
internal import PylonAuth
internal import PylonCache
internal import PylonCrypto
internal import PylonEventLoop
internal import PylonFanout
internal import PylonGateway
internal import PylonJSON
internal import PylonNet
internal import PylonOperations
internal import PylonReplay
internal import PylonRooms
internal import PylonShardHost
internal import PylonStorage
internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

/// The running server: everything constructed in one flat list, started and stopped in phases.
final class ServerProcess {
    let configuration: Configuration
    let server: ShardServer
    let clock = SystemClock()
    let log: Log
    let readiness = ReadinessState()
    let metrics = MetricsRegistry()
    let gateway = GatewayCounters()
    private let net = NetCounters()
    let sessions: SessionStore
    let identities: IdentityResolver
    let rooms: RoomDirectory
    let cache: CacheStore
    let matches: MatchService
    /// Streams per client address and service.
    let shardCap: AddressCap
    /// Seats not held because the address had its share.
    private let seatsNotHeld = Counter()
    /// Codes for private shards that were wrong, per client address.
    let joinAttempts: AttemptLimit
    /// Connections of any kind per client address; none behind a proxy, where all come from one.
    private let connectionCap: AddressCap
    let factories = BlockingThread(name: "factories")
    private let workers: [TickWorker]
    let registry: ShardRegistry
    let lobby: Lobby
    /// Nil without a folder for them.
    let recordings: Recordings?
    /// Nil without a manifest, for then there is no database.
    private let shardStore: DatabaseShardStore?
    private let keepers: ShardKeepers
    private let loops: [EventLoop]
    private var threads: [Thread] = []
    private var logThread: Thread?
    private var recordingThread: Thread?
    private let listeners: ListenerSet
    private var phases = PhaseList([])
    /// Nil without a manifest.
    private(set) var dataPlane: DataPlane?

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
        // Nobody listens yet; the directory counts them.
        rooms = RoomDirectory(clock: clock) { _ in }
        cache = CacheStore(clock: clock)
        joinAttempts = AttemptLimit(clock: clock)
        let streamsMaximum = configuration.integer(.connectionsPerAddress)
        shardCap = AddressCap(maximum: streamsMaximum, refused: gateway.connectionsRefused)
        connectionCap = AddressCap(
            maximum: configuration.integer(.proxyHops) > 0 ? 0 : streamsMaximum * Self.connectionsPerStream,
            refused: gateway.connectionsRefused)
        workers = (0..<(workerCount == 0 ? processors : workerCount)).map { TickWorker(index: $0, clock: clock) }
        recordings = try Self.recordings(configuration, program: server.program, clock: clock)
        let hasDatabase = ManifestFile.path(named: configuration.text(.manifestPath)) != nil
        shardStore = hasDatabase ? DatabaseShardStore() : nil
        keepers = ShardKeepers(
            recordings: recordings, store: shardStore,
            heldSeats: AddressCap(maximum: configuration.integer(.heldSeatsPerAddress), refused: seatsNotHeld),
            report: { [log] line in log.error(line) })
        registry = ShardRegistry(
            kinds: server.kinds, workers: workers, shardsMaximum: configuration.integer(.shardsMaximum), clock: clock,
            random: { SecureRandom.number() }, keepers: keepers,
            onEnd: { [log] id, ending in log.info("shard \(id): \(ending.reason)") })
        lobby = Lobby(registry: registry) { SecureRandom.number() }
        if let problem = lobby.problem { throw StartError(description: problem) }
        matches = MatchService(server, configuration, registry: registry, clock: clock, log: log)
        try matches.check(registry, log)
        do throws(SystemError) {
            var made: [EventLoop] = []
            for index in 0..<(loopCount == 0 ? processors : loopCount) {
                made.append(try EventLoop(index: index, clock: clock))
            }
            loops = made
        } catch {
            throw StartError(description: "cannot start: \(error)")
        }
        listeners = ListenerSet(loops: loops, counters: net, log: log)
    }

    // MARK: Start-up

    func start() throws(StartError) {
        phases = PhaseList([
            Phase("log", start: startLog, stop: stopLog),
            Phase("metrics", start: registerMetrics),
            Phase("descriptors", start: raiseDescriptorLimit),
            Phase("data plane", start: openDataPlane, stop: { self.dataPlane?.close() }),
            Phase("recordings", start: startRecordings, stop: stopRecordings),
            Phase("tick workers", start: startWorkers, stop: stopWorkers),
            Phase("shards", start: createShards),
            Phase("event loops", start: startLoops, stop: stopLoops),
            Phase("listeners", start: openListeners, stop: listeners.close),
            Phase("readiness", start: { () throws(StartError) in self.readiness.becomeReady() }),
        ])
        try phases.start()
    }

    /// The one line on standard output that scripts and people wait for.
    func announce() {
        let isAnywhere = ["0.0.0.0", "::"].contains(configuration.text(.host))
        let host = isAnywhere ? "localhost" : configuration.text(.host)
        print(
            "\(server.program) \(ShardServer.version) is ready: http://\(host.contains(":") ? "[\(host)]" : host):\(listeners.ports[0])/"
        )
        // Whoever waits for the line may read through a pipe.
        fflush(nil)
        if dataPlane == nil { log.info("no manifest (--app, PYLON_MANIFEST): no entities are served") }
        if configuration.isOn(.developmentMode) {
            log.warning("development mode: whoever reaches this server may be anybody, and read /metrics")
        }
        log.info(
            "listening on \(configuration.text(.host)), ports \(listeners.ports.map(String.init).joined(separator: ", "))"
        )
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

    private func openDataPlane() throws(StartError) {
        guard let plane = try DataPlane(configuration, for: server, clock: clock, log: log) else { return }
        dataPlane = plane
        shardStore?.open(plane.database)
        try restoreSessions(from: plane.database)
        MetricsCatalog.register(in: metrics, keepers.counters)
        MetricsCatalog.register(in: metrics, plane)
    }

    private func restoreSessions(from database: Database) throws(StartError) {
        do throws(StorageError) {
            try AppDatabase.wait { [sessions, sessionLifetime, configuration] () async throws(StorageError) in
                if configuration.isOn(.sessionsInMemory) {
                    try await SessionStore.forgetStored(in: database)
                } else {
                    try await sessions.open(database, lifetime: sessionLifetime)
                }
            }
        } catch {
            throw StartError(description: "the stored sessions cannot be read: \(error)")
        }
    }

    private static func recordings(
        _ configuration: Configuration, program: String, clock: any Clock
    ) throws(StartError) -> Recordings? {
        guard let settings = configuration.recordingSettings(program: "\(program) \(ShardServer.version)") else {
            guard configuration.integer(.recordingMinutes) == 0 else {
                throw StartError(description: "PYLON_RECORD_MINUTES needs a folder: set PYLON_RECORD_DIR")
            }
            return nil
        }
        do throws(RecordingError) {
            return try Recordings(settings, clock: clock)
        } catch {
            throw StartError(description: "the folder of the recordings, \(error)")
        }
    }

    private func startRecordings() throws(StartError) {
        guard let recordings else { return }
        recordingThread = recordings.start()
        MetricsCatalog.register(in: metrics, recordings.counters)
    }

    /// After the workers, which hand over their last blocks when their shards end.
    private func stopRecordings() {
        recordings?.close()
        recordingThread?.join()
    }

    private func startWorkers() throws(StartError) {
        threads += workers.map { $0.start() } + [factories.start()] + matches.start()
    }

    private func stopWorkers() {
        factories.close()
        matches.close()
        workers.forEach { $0.stop() }
        threads.forEach { $0.join() }
        threads = []
    }

    /// Those that were there when the last process ended, then those to begin with that are not among them. One that is stored and did
    /// not come back is not made anew: that would be the end of it.
    private func createShards() throws(StartError) {
        registry.noteRestored(false)
        try restoreShards()
        for shard in server.shards where registry.get(shard.id) == nil && !registry.isWithheld(shard.id) {
            do {
                var config = shard.config.object ?? JSONObject()
                if config["idle_ticks_before_shutdown"] == nil { config["idle_ticks_before_shutdown"] = 0 }
                _ = try registry.create(id: shard.id, kind: shard.kind, config: .object(config))
                for name in registry.ignoredFields(of: shard.config, kind: shard.kind) {
                    log.warning("shard \(shard.id): config.\(name) means nothing to the kind \(shard.kind)")
                }
            } catch {
                throw StartError(description: "cannot create shard \(shard.id): \(error)")
            }
        }
        registry.noteRestored(true)
    }

    private func restoreShards() throws(StartError) {
        guard let dataPlane else { return }
        do throws(StorageError) {
            try DatabaseShardStore.restoreAll(
                from: dataPlane.database, counters: keepers.counters, report: { [log] line in log.error(line) }
            ) { [registry, log] kept throws(RestoreError) in
                try registry.restore(kept)
                log.info("shard \(kept.id) is back")
            }
        } catch {
            throw StartError(description: "the stored shards cannot be read: \(error)")
        }
    }

    private func startLoops() throws(StartError) {
        loopThreads = loops.map { $0.start() }
        let registry = registry
        let first = loops[0]
        first.submit { Self.sweepPeriodically(registry, on: first) }
        let rooms = rooms
        first.submit { Self.sweepPeriodically(rooms, on: first) }
        matches.begin(on: first)
    }

    private var loopThreads: [Thread] = []

    /// Stopped shards stay visible for up to half a minute, then they are forgotten.
    private static func sweepPeriodically(_ registry: ShardRegistry, on loop: EventLoop) {
        registry.sweepFinished()
        loop.schedule(after: .seconds(30)) { sweepPeriodically(registry, on: loop) }
    }

    /// Idle members leave within a few seconds; a crowd of them does so in parts, so that the loop has other turns between.
    private static func sweepPeriodically(_ rooms: RoomDirectory, on loop: EventLoop) {
        let isDone = rooms.sweep() < RoomDirectory.sweepMaximum
        loop.schedule(after: isDone ? .seconds(2) : .milliseconds(5)) { sweepPeriodically(rooms, on: loop) }
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
        try listeners.open(
            services, address: configuration.address, basePort: UInt16(configuration.integer(.port)), cap: connectionCap
        )
        let path = configuration.text(.unixSocket)
        if !path.isEmpty { try listeners.openLocal(services[0], path: path) }
    }

    private func registerMetrics() throws(StartError) {
        MetricsCatalog.register(
            in: metrics, clock: clock, net: net, gateway: gateway, registry: registry, sessions: sessions, log: log)
        MetricsCatalog.registerRooms(in: metrics, rooms)
        MetricsCatalog.registerCache(in: metrics, cache)
        metrics.register(
            "pylon_seats_not_held_total", help: "Seats not held because of the per-address cap.", seatsNotHeld)
        metrics.register(
            "pylon_join_codes_wrong_total", help: "Codes for private shards that opened nothing.", joinAttempts.failed)
        metrics.register(
            "pylon_lobby_refused_total", help: "Shards of users not made because they had as many as they may.",
            lobby.refused)
        MetricsCatalog.registerMatches(in: metrics, matches.matchmaker)
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
