internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// The fan-out scenario: one shard, many subscribers, the server's cost per delivered frame beside the bare C send
/// loop's in the same run on the same core.
struct Fanout {
    static let grammar = Arguments.Grammar(
        values: ["clients", "hz", "bytes", "transport", "mode", "seconds", "warmup", "runs", "server", "stuck"],
        switches: ["floor", "no-floor", "no-server", "no-counters", "verbose"], optionalValues: ["json"])

    static let usage = """
        pylon-bench fanout [--clients 1000,4000] [--hz 20,60] [--bytes 512,4096] [--transport ws,sse,unix]
                           [--seconds 5] [--warmup 1] [--runs 1] [--server PATH] [--no-server] [--no-floor]
                           [--stuck PERCENT] [--no-counters] [--json [FILE]] [--verbose]
          Starts the bare send loop and the server in turn on core 0 and reads N streams from core 1.
          --server PATH   the pylon executable; by default the one beside pylon-bench
          --stuck         this share of the clients never reads; the others' frames are counted
          --json          print one JSON object for each case instead of the table; with FILE, write them there too
          --no-counters   skip the extra second in which system calls and allocations are counted
          --mode          the same as --transport
        """

    private let cases: [FanoutCase]
    private let seconds: Int
    private let warmup: Int
    private let runs: Int
    private let serverPath: String?
    private let withFloor: Bool
    private let withCounters: Bool
    private let isVerbose: Bool
    private let signals: Interruption

    init(_ arguments: Arguments, _ signals: Interruption) throws(BenchError) {
        let transports = try Transport.list(
            try arguments.string("transport", default: try arguments.string("mode", default: "ws,sse")))
        let clients = try arguments.numbers("clients", default: [1000, 4000], in: 1...60_000)
        let rates = try arguments.numbers("hz", default: [20, 60], in: 1...10_000)
        let sizes = try arguments.numbers("bytes", default: [512, 4096], in: 80...1_000_000)
        let stuckPercent = try arguments.number("stuck", default: 0, in: 0...90)
        try Self.checkFileLimit(clients: clients.max() ?? 0)
        var cases: [FanoutCase] = []
        for transport in transports {
            for clients in clients {
                for rate in rates {
                    for bytes in sizes {
                        cases.append(
                            FanoutCase(
                                transport: transport, clients: clients, rateHz: rate, payloadBytes: bytes,
                                stuckClients: clients * stuckPercent / 100))
                    }
                }
            }
        }
        self.cases = cases
        seconds = try arguments.number("seconds", default: 5, in: 1...3600)
        warmup = try arguments.number("warmup", default: 1, in: 0...600)
        runs = try arguments.number("runs", default: 1, in: 1...100)
        let beside = Self.serverBesideThisExecutable()
        serverPath = arguments.has("no-server") ? nil : arguments.values["server"] ?? beside
        withFloor = !arguments.has("no-floor")
        withCounters = !arguments.has("no-counters")
        isVerbose = arguments.has("verbose")
        self.signals = signals
        // It wakes late on a busy machine; root need not.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -20)
        if let serverPath, access(serverPath, X_OK) != 0 { throw .usage("no executable at \(serverPath)") }
        if serverPath == nil, !withFloor { throw .usage("neither a server nor the floor to measure") }
        if serverPath == nil {
            Console.note("no server to measure (build `pylon` or name one with --server): floor only")
        }
    }

    /// Measures every case; `finished` is called after each.
    func run(_ finished: (CaseResult) -> Void) throws(BenchError) {
        for load in cases {
            var result = CaseResult(load: load)
            for run in 0..<runs {
                var sides: [Side] = (withFloor ? [.floor] : []) + (serverPath == nil ? [] : [.pylon])
                // Turn about, so that a machine that speeds up or slows down favours neither.
                if !run.isMultiple(of: 2) { sides.reverse() }
                for side in sides {
                    Console.note("\(load.name): \(side.rawValue), run \(run + 1) of \(runs)")
                    let measurement = try measure(side, load)
                    if side == .floor { result.floor.append(measurement) } else { result.pylon.append(measurement) }
                }
            }
            finished(result)
        }
    }

    private func measure(_ side: Side, _ load: FanoutCase) throws(BenchError) -> Measurement {
        let server =
            switch side {
            case .floor: try ServerUnderTest.floor(load, signals)
            case .pylon: try ServerUnderTest.pylon(at: serverPath ?? "", log: isVerbose, load, signals)
            }
        defer {
            server.process.terminate()
            if load.transport == .unixSocket { unlink(Loopback.localPath(port: server.clientPort)) }
        }
        try signals.sleep(.milliseconds(200))
        let idle = try ProcessSample(pid: server.process.pid)
        let client = try ChildProcess(subcommand: [
            "client", "--core", "1", "--port", "\(server.clientPort)", "--clients", "\(load.clients)",
            "--transport", load.transport.rawValue, "--bytes", "\(load.payloadBytes)", "--target", server.target,
            "--token=\(server.token)", "--stuck", "\(load.stuckClients)",
        ])
        // Before the server, so that it does not have to say goodbye to anyone.
        defer { client.kill() }
        _ = try client.receive("opening \(load.clients) streams", within: .seconds(70), signals)
        try signals.sleep(.seconds(warmup))
        let connected = try ProcessSample(pid: server.process.pid)
        let window = try observe(client, load, seconds: seconds) { () throws(BenchError) in
            try ProcessSample(pid: server.process.pid).cpuNanoseconds
        }
        var measurement = window.result.measurement(load, seconds: Double(seconds), cpuNanoseconds: window.used)
        measurement.residentBytesPerConnection =
            Double(connected.residentBytes - idle.residentBytes) / Double(load.clients)
        if withCounters { try count(server.process, client, load, into: &measurement) }
        return measurement
    }

    /// Counts what costs too much to count while timing, in a window of its own.
    private func count(
        _ server: ChildProcess, _ client: ChildProcess, _ load: FanoutCase, into measurement: inout Measurement
    ) throws(BenchError) {
        let systemCalls = EventCounter.systemCalls(of: server.pid)
        let allocations = EventCounter.allocations(of: server.pid)
        guard systemCalls != nil || allocations != nil else { return }
        let counters = [systemCalls, allocations].compactMap { $0 }
        // A busy machine may wake this process so late that the counters miss a tick: then once more.
        for _ in 0..<3 {
            for counter in counters { counter.reset() }
            var isCounting = false
            let counted = try observe(client, load, seconds: 1) { () throws(BenchError) in
                isCounting.toggle()
                for counter in counters { isCounting ? counter.start() : counter.stop() }
                return 0
            }
            guard counted.result.frames > 0 else { return }
            let frames = Double(counted.result.frames)
            measurement.systemCallsPerDelivery = systemCalls.map { Double($0.count) / frames }
            measurement.allocationsPerDelivery = allocations.map { Double($0.count) / frames }
            if counted.isOnTime { return }
        }
    }

    /// Lets `client` count for `seconds` and reads `gauge` at both ends of that window; `isOnTime` when both readings
    /// fell between the same ticks as the ends.
    private func observe(
        _ client: ChildProcess, _ load: FanoutCase, seconds: Int, _ gauge: () throws(BenchError) -> UInt64
    ) throws(BenchError) -> (result: WindowResult, used: UInt64, isOnTime: Bool) {
        try client.send("phase")
        let phase = try client.receive("the newest frame", within: .seconds(5), signals)
        guard phase.count == 2, let newest = UInt64(phase[1]) else { throw .process("client: \(phase)") }
        // Both ends lie shortly before a tick is due, so that no tick's work is cut in two.
        let clock = SystemClock()
        let interval = 1_000_000 / UInt64(load.rateHz)
        let earliest = clock.microsecondsSinceEpoch() + 100_000
        let origin = newest == 0 ? earliest : newest + interval * 4 / 5
        let from = origin + (earliest - min(origin, earliest) + interval - 1) / interval * interval
        let to = from + UInt64(seconds) * 1_000_000
        try client.send("window \(from) \(to)")
        try signals.sleep(until: instant(atEpoch: from))
        let before = try gauge()
        let lateBefore = Int64(clock.microsecondsSinceEpoch()) - Int64(from)
        try signals.sleep(until: instant(atEpoch: to))
        let after = try gauge()
        let lateAfter = Int64(clock.microsecondsSinceEpoch()) - Int64(to)
        let words = try client.receive("the client's count", within: .seconds(20), signals)
        return (try WindowResult(words), after - before, max(lateBefore, lateAfter) < Int64(interval) / 10)
    }

    private func instant(atEpoch microseconds: UInt64) -> Instant {
        let clock = SystemClock()
        let now = clock.microsecondsSinceEpoch()
        return clock.now() + .microseconds(Int64(microseconds > now ? microseconds - now : 0))
    }

    /// Every process needs a descriptor for each stream.
    private static func checkFileLimit(clients: Int) throws(BenchError) {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard clients + 64 <= limit.rlim_max else {
            throw .usage("\(clients) clients need more open files than the hard limit of \(limit.rlim_max)")
        }
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

/// The client's `result` line.
struct WindowResult {
    private let values: [String: Int]

    init(_ words: [String]) throws(BenchError) {
        guard words.first == "result" else { throw .process("client: \(words.joined(separator: " "))") }
        var values: [String: Int] = [:]
        for word in words.dropFirst() {
            let parts = word.split(separator: "=")
            if parts.count == 2 { values[String(parts[0])] = Int(parts[1]) }
        }
        self.values = values
    }

    var frames: Int { self["frames"] }

    private subscript(name: String) -> Int { values[name] ?? 0 }

    func measurement(_ load: FanoutCase, seconds: Double, cpuNanoseconds: UInt64) -> Measurement {
        let due = seconds * Double(load.rateHz)
        let ticks = Double(self["ticks"])
        // A server may be up to a tick off at either end of the window without having lost any.
        let isOnTime = ticks >= due - 1
        let expected = (isOnTime ? ticks : due) * Double(load.readingClients)
        func milliseconds(_ name: String) -> Double { Double(self[name]) / 1000 }
        return Measurement(
            seconds: seconds, deliveries: Double(frames), ticks: ticks,
            deliveredRatio: Double(frames) / max(expected, 1),
            isEveryTickDelivered: isOnTime && frames > 0 && self["complete"] == load.readingClients
                && self["lost"] == 0,
            latencyMilliseconds: .init(
                p50: milliseconds("p50"), p99: milliseconds("p99"), p999: milliseconds("p999"), max: milliseconds("max")
            ),
            cpuMicrosecondsPerDelivery: Double(cpuNanoseconds) / 1000 / Double(max(frames, 1)),
            cpuShare: Double(cpuNanoseconds) / 1e9 / seconds,
            residentBytesPerConnection: 0, systemCallsPerDelivery: nil, allocationsPerDelivery: nil,
            lostStreams: self["lost"], wrongSizes: self["wrong_sizes"])
    }
}
