internal import PylonBenchKit

/// Many small shards in one process: whether their ticks run on time, and what shards cost that nobody watches.
struct ManyShards: Scenario {
    static let name = "shards"
    static let grammar = Arguments.Grammar(
        values: ["shards", "hz", "subscribers", "bytes", "seconds", "warmup"], switches: ["watched-only"])
    static let usage = """
        pylon-bench shards [--shards 1000] [--hz 20] [--subscribers 4] [--bytes 512] [--seconds 10] [--warmup 2]
                           [--watched-only]
          Runs so many shards with so many WebSockets each, then as many that nobody watches, then as many that are
          event-driven.
          --watched-only  leave out the latter two
        """

    private let rig: Rig
    private let shards: Int
    private let rateHz: Int
    private let subscribers: Int
    private let payloadBytes: Int
    private let seconds: Int
    private let warmup: Int
    private let isWatchedOnly: Bool

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        shards = try arguments.number("shards", default: 1000, in: 1...10_000)
        rateHz = try arguments.number("hz", default: 20, in: 1...1000)
        subscribers = try arguments.number("subscribers", default: 4, in: 1...1000)
        payloadBytes = try arguments.number("bytes", default: 512, in: 80...1_000_000)
        seconds = try arguments.number("seconds", default: 10, in: 1...600)
        warmup = try arguments.number("warmup", default: 2, in: 0...600)
        isWatchedOnly = arguments.has("watched-only")
        try Rig.checkFileLimit(clients: shards * subscribers)
    }

    func run(_ output: Output) throws(BenchError) {
        func run(_ name: String, rateHz: Int, clients: Int) throws(BenchError) {
            let load = FanoutCase(
                transport: .webSocket, clients: clients, rateHz: rateHz, payloadBytes: payloadBytes, shards: shards)
            let figures = try rig.median("shards, \(name)") { (_) throws(BenchError) in try measure(load, name) }
            output.print(figures, of: Self.self)
        }
        try run("watched", rateHz: rateHz, clients: shards * subscribers)
        if isWatchedOnly { return }
        try run("unwatched", rateHz: rateHz, clients: 0)
        try run("event-driven", rateHz: 0, clients: 0)
    }

    private func measure(_ load: FanoutCase, _ name: String) throws(BenchError) -> Figures {
        let server = try rig.startServer([])
        defer { server.stop() }
        _ = try MemorySample(of: server)
        let empty = try MemorySample(of: server)
        for shard in ShardDefinition.list(load) { try server.create(shard) }
        let filled = try MemorySample(of: server)
        let client = load.clients > 0 ? try rig.openClients(of: server, load) : nil
        defer { client?.process.kill() }
        try rig.signals.sleep(.seconds(warmup))

        let before = try server.metrics()
        let window = try client?.openWindow(rateHz: load.rateHz, seconds: seconds)
        let cpuBefore = try ProcessSample(pid: server.process.pid).cpuNanoseconds
        try rig.signals.sleep(.seconds(seconds))
        let cpu = try ProcessSample(pid: server.process.pid).cpuNanoseconds - cpuBefore
        let after = try server.metrics()
        let lateness = TickLateness(from: before, to: after)

        var figures = Figures()
        figures.add("case", name)
        figures.add("shards", shards)
        figures.add("hz", load.rateHz)
        figures.add("subscribers_per_shard", load.clients / shards)
        if load.rateHz > 0 {
            lateness.add(to: &figures)
            figures.expect("share_within_2_ms", .atLeast(0.99))
            figures.expect("ticks_skipped", .atMost(0))
        }
        if let client, let window {
            let measured = try client.result(of: window).measurement(
                load, seconds: Double(seconds), cpuNanoseconds: cpu)
            figures.add("every_tick_delivered", measured.isEveryTickDelivered)
            figures.add("delivered_ratio", measured.deliveredRatio, places: 4)
            figures.add("us_per_delivery", measured.cpuMicrosecondsPerDelivery)
            figures.add("p50_ms", measured.latencyMilliseconds.p50, places: 2)
            figures.add("p99_ms", measured.latencyMilliseconds.p99, places: 2)
            figures.expect("every_tick_delivered", .isTrue)
        }
        figures.add("cpu_share", Double(cpu) / 1e9 / Double(seconds), places: 4)
        figures.add("heap_bytes_per_shard", Double(filled.heapBytes - empty.heapBytes) / Double(shards), places: 0)
        figures.add(
            "rss_bytes_per_shard", Double(filled.residentBytes - empty.residentBytes) / Double(shards), places: 0)
        return figures
    }
}
