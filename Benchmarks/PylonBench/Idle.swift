internal import PylonBenchKit
internal import PylonTime

/// What a connected client costs in memory while nothing happens, with as many of them as there may be open files.
struct Idle: Scenario {
    static let name = "idle"
    static let grammar = Arguments.Grammar(values: ["clients", "bytes", "settle"])
    static let usage = """
        pylon-bench idle [--clients N] [--bytes 512] [--settle 5]
          Opens idle WebSockets on an event-driven shard, by default 100 fewer than the hard limit of open files.
          --settle        seconds of rest before memory is read
        """

    private let rig: Rig
    private let load: FanoutCase
    private let settleSeconds: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        let most = min(Rig.fileLimit - 100, 60_000)
        load = FanoutCase(
            transport: .webSocket, clients: try arguments.number("clients", default: most, in: 1...60_000), rateHz: 0,
            payloadBytes: try arguments.number("bytes", default: 512, in: 80...1_000_000))
        settleSeconds = try arguments.number("settle", default: 5, in: 1...60)
        try Rig.checkFileLimit(clients: load.clients)
    }

    func run(_ output: Output) throws(BenchError) {
        output.print(try rig.median("idle") { (_) throws(BenchError) in try measure() }, of: Self.self)
    }

    private func measure() throws(BenchError) -> Figures {
        let server = try rig.start(.pylon, load)
        defer { server.stop() }
        try rig.signals.sleep(.seconds(1))
        // What the first request leaves behind is not a client's.
        _ = try MemorySample(of: server)
        let before = try MemorySample(of: server)
        let opening = SystemClock().now()
        let client = try rig.openClients(of: server, load)
        defer { client.process.kill() }
        let openSeconds = Double((SystemClock().now() - opening).wholeNanoseconds) / 1e9
        try rig.signals.sleep(.seconds(1))
        let cpuBefore = try ProcessSample(pid: server.process.pid).cpuNanoseconds
        try rig.signals.sleep(.seconds(settleSeconds))
        let cpuAfter = try ProcessSample(pid: server.process.pid).cpuNanoseconds
        let after = try MemorySample(of: server)

        let window = try client.openWindow(from: SystemClock().microsecondsSinceEpoch() + 50_000, seconds: 3)
        try client.sleep(untilEpoch: window.from)
        try server.request("POST", "/api/shards/bench0/input", body: #"{"subscriber_id":"c0","input":{}}"#)
        let result = try client.result(of: window)
        let published = result.measurement(load, seconds: 3, cpuNanoseconds: 0)
        try rig.signals.sleep(.seconds(1))
        let afterPublish = try MemorySample(of: server)

        func each(_ bytes: Int) -> Double { Double(bytes) / Double(load.clients) }
        var figures = Figures()
        figures.add("clients", load.clients)
        figures.add("open_seconds", openSeconds, places: 2)
        figures.add("heap_bytes_per_client", each(after.heapBytes - before.heapBytes), places: 0)
        figures.add("rss_bytes_per_client", each(after.residentBytes - before.residentBytes), places: 0)
        figures.add("heap_bytes_per_client_after_publish", each(afterPublish.heapBytes - before.heapBytes), places: 0)
        figures.add(
            "rss_bytes_per_client_after_publish", each(afterPublish.residentBytes - before.residentBytes), places: 0)
        figures.add("cpu_share", Double(cpuAfter - cpuBefore) / 1e9 / Double(settleSeconds), places: 4)
        figures.add("publish_reached", result.frames)
        figures.add("publish_reached_all", result.frames == load.clients && result.lost == 0)
        figures.add("publish_max_ms", published.latencyMilliseconds.max, places: 1)
        figures.add("lost_streams", result.lost)
        figures.expect("heap_bytes_per_client", .atMost(1024))
        figures.expect("publish_reached_all", .isTrue)
        return figures
    }
}
