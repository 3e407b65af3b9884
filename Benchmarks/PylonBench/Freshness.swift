internal import PylonBenchKit

/// Clients that stop reading for a while and then read again: how soon they see the present, and what it costs others.
struct Freshness: Scenario {
    static let name = "freshness"
    static let grammar = Arguments.Grammar(values: ["clients", "hz", "bytes", "percent", "pause", "transport"])
    static let usage = """
        pylon-bench freshness [--clients 500] [--hz 60] [--bytes 4096] [--percent 10] [--pause 7] [--transport ws]
          Lets some clients stop reading and go on, and waits until each has read a frame younger than 100 ms.
          --percent       the share of the clients that pauses
          --pause         for how many seconds
        """

    private let rig: Rig
    private let load: FanoutCase
    private let pausing: Int
    private let pauseSeconds: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        let transport = try Transport.list(try arguments.string("transport", default: "ws")).first
        load = FanoutCase(
            transport: transport ?? .webSocket, clients: try arguments.number("clients", default: 500, in: 1...60_000),
            rateHz: try arguments.number("hz", default: 60, in: 1...1000),
            payloadBytes: try arguments.number("bytes", default: 4096, in: 80...1_000_000))
        pausing = load.clients * (try arguments.number("percent", default: 10, in: 1...90)) / 100
        pauseSeconds = try arguments.number("pause", default: 7, in: 1...25)
        try Rig.checkFileLimit(clients: load.clients)
        guard pausing > 0 else { throw .usage("nobody pauses: more clients or a greater --percent") }
    }

    func run(_ output: Output) throws(BenchError) {
        output.print(try rig.median("freshness") { (_) throws(BenchError) in try measure() }, of: Self.self)
    }

    private func measure() throws(BenchError) -> Figures {
        let server = try rig.start(.pylon, load)
        defer { server.stop() }
        let client = try rig.openClients(of: server, load)
        defer { client.process.kill() }
        try rig.signals.sleep(.seconds(1))
        let before = try ProcessSample(pid: server.process.pid)
        try client.process.send("pause \(pausing)")
        // The window of the healthy ones reaches from the pause to behind the return.
        let seconds = pauseSeconds + 2
        _ = try client.openWindow(rateHz: load.rateHz, seconds: seconds)
        try rig.signals.sleep(.seconds(pauseSeconds))
        let paused = try ProcessSample(pid: server.process.pid)
        try client.process.send("resume")
        let answers = try client.collect(["resumed", "result"], within: .seconds(30))
        guard let resumed = answers["resumed"], let result = answers["result"] else { throw .interrupted }
        var healthy = load
        healthy.stuckClients = pausing
        let measured = WindowResult(result).measurement(healthy, seconds: Double(seconds), cpuNanoseconds: 0)
        var figures = Figures()
        figures.add("mode", load.transport.rawValue)
        figures.add("clients", load.clients)
        figures.add("hz", load.rateHz)
        figures.add("bytes", load.payloadBytes)
        figures.add("paused_clients", pausing)
        figures.add("pause_seconds", pauseSeconds)
        figures.add("healthy_every_tick", measured.isEveryTickDelivered)
        figures.add("healthy_delivered_ratio", measured.deliveredRatio, places: 4)
        figures.add("healthy_p50_ms", measured.latencyMilliseconds.p50, places: 2)
        figures.add("healthy_p99_ms", measured.latencyMilliseconds.p99, places: 2)
        figures.add("fresh_p50_ms", resumed.milliseconds("p50"), places: 2)
        figures.add("fresh_max_ms", resumed.milliseconds("max"), places: 2)
        figures.add("oldest_frame_read_ms", resumed.milliseconds("oldest"), places: 0)
        figures.add("stale_frames_per_client", Double(resumed["stale"]) / Double(pausing), places: 1)
        figures.add("never_fresh", resumed["late"] + resumed["lost"])
        figures.add("rss_growth_while_paused", paused.residentBytes - before.residentBytes)
        figures.expect("healthy_every_tick", .isTrue)
        figures.expect("fresh_max_ms", .atMost(20))
        figures.expect("never_fresh", .atMost(0))
        return figures
    }
}
