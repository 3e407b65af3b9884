internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// What every scenario is measured with: the server's executable, and how a side and its clients are started.
struct Rig {
    /// Flags that every scenario takes besides its own.
    static let grammar = Arguments.Grammar(
        values: ["server", "runs"], switches: ["verbose"], optionalValues: ["json"])

    let serverPath: String?
    let isVerbose: Bool
    /// How often every case is measured.
    let runs: Int
    let signals: Interruption

    /// How long one side is measured.
    struct Timing {
        var warmup: Duration
        var seconds: Int
        /// System calls and allocations are counted too, in a second of their own.
        var withCounters: Bool
    }

    init(_ arguments: Arguments, _ signals: Interruption) throws(BenchError) {
        serverPath = arguments.has("no-server") ? nil : arguments.values["server"] ?? Self.serverBesideThisExecutable()
        isVerbose = arguments.has("verbose")
        runs = try arguments.number("runs", default: 1, in: 1...100)
        self.signals = signals
        // It wakes late on a busy machine; root need not.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -20)
        if let serverPath, access(serverPath, X_OK) != 0 { throw .usage("no executable at \(serverPath)") }
    }

    /// The sides in the order of run `run`: turn about, so that a machine that speeds up or slows down favours neither.
    static func order(run: Int) -> [Side] { run.isMultiple(of: 2) ? [.floor, .pylon] : [.pylon, .floor] }

    /// The medians of as many runs of `measure` as are asked for; it is handed the run's number, 0....
    func median(_ case: String, _ measure: (Int) throws(BenchError) -> Figures) throws(BenchError) -> Figures {
        var results: [Figures] = []
        for run in 0..<runs {
            Console.note("\(`case`): run \(run + 1) of \(runs)")
            results.append(try measure(run))
        }
        return Figures.median(results)
    }

    /// Starts the sender of a load's frames.
    func start(_ side: Side, _ load: FanoutCase) throws(BenchError) -> ServerUnderTest {
        switch side {
        case .floor: try ServerUnderTest.floor(load, signals)
        case .pylon: try startServer(ShardDefinition.list(load), over: load.transport)
        }
    }

    /// Starts the server.
    func startServer(
        _ shards: [ShardDefinition], over transport: Transport = .webSocket
    ) throws(BenchError) -> ServerUnderTest {
        guard let serverPath else { throw .usage("build `pylon` beside pylon-bench or name it with --server") }
        return try ServerUnderTest.pylon(
            at: serverPath, log: isVerbose, transport: transport, shards: shards, signals)
    }

    /// Starts the server on an app. Requests are not logged, as the server beside it logs none.
    func startServer(
        app manifest: String, database: String, shards: [ShardDefinition] = [], isPinned: Bool = true
    ) throws(BenchError) -> ServerUnderTest {
        guard let serverPath else { throw .usage("build `pylon` beside pylon-bench or name it with --server") }
        return try ServerUnderTest.pylon(
            at: serverPath, log: isVerbose, transport: .webSocket, shards: shards,
            flags: ["--app", manifest, "--db", database], environment: ["PYLON_LOG": "warn"],
            isPinned: isPinned, signals)
    }

    /// Opens the streams of a load.
    func openClients(of sender: some Sender, _ load: FanoutCase) throws(BenchError) -> StreamClient {
        try StreamClient.open(
            LoadClient.Options(
                port: sender.clientPort, clients: load.clients, stuckClients: load.stuckClients,
                transport: load.transport, payloadBytes: load.payloadBytes,
                target: sender.target(events: load.eventsPerTick > 0), shards: load.shards,
                token: sender.clientToken, timeout: .seconds(60)), signals)
    }

    /// Runs one side under a load from start to end.
    func measure(_ side: Side, _ load: FanoutCase, _ timing: Timing) throws(BenchError) -> Measurement {
        let server = try start(side, load)
        defer { server.stop() }
        try signals.sleep(.milliseconds(200))
        return try measure(server, since: ProcessSample(familyOf: server.pid), load, timing)
    }

    /// Puts a running sender of a load's frames under that load; `idle` is what it had used before its first client.
    func measure(
        _ sender: some Sender, since idle: ProcessSample, _ load: FanoutCase, _ timing: Timing
    ) throws(BenchError) -> Measurement {
        let client = try openClients(of: sender, load)
        // Before the sender, so that it does not have to say goodbye to anyone.
        defer { client.process.kill() }
        try signals.sleep(timing.warmup)
        let connected = try ProcessSample(familyOf: sender.pid)
        let window = try client.observe(rateHz: load.rateHz, seconds: timing.seconds) { () throws(BenchError) in
            try ProcessSample(familyOf: sender.pid).cpuNanoseconds
        }
        var measurement = window.result.measurement(
            load, seconds: Double(timing.seconds), cpuNanoseconds: window.used)
        measurement.residentBytesPerConnection =
            Double(connected.residentBytes - idle.residentBytes) / Double(load.clients)
        if timing.withCounters, let counters = CostCounters(of: ProcessSample.busiest(inFamilyOf: sender.pid)) {
            var count = CostCounters.Count()
            // A busy machine may wake this process so late that the counters miss a tick: then once more.
            for _ in 0..<3 where !count.isOnTime { count = try counters.count(client, load) }
            measurement.systemCallsPerDelivery = count.systemCallsPerDelivery
            measurement.allocationsPerDelivery = count.allocationsPerDelivery
        }
        return measurement
    }

    /// Every process needs a descriptor for each stream.
    static func checkFileLimit(clients: Int) throws(BenchError) {
        guard clients + 64 <= fileLimit else {
            throw .usage("\(clients) clients need more open files than the hard limit of \(fileLimit)")
        }
    }

    /// The open files a process may have.
    static var fileLimit: Int {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        return Int(clamping: limit.rlim_max)
    }

    private static func serverBesideThisExecutable() -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &buffer, buffer.count)
        guard length > 0 else { return nil }
        let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let server = path[...slash] + "pylon"
        return access(String(server), X_OK) == 0 ? String(server) : nil
    }
}
