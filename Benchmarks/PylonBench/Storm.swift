internal import PylonBenchKit

/// All clients of a shard dropped at once and back at once.
struct Storm: Scenario {
    static let name = "storm"
    static let grammar = Arguments.Grammar(values: ["clients", "hz", "bytes", "seconds"])
    static let usage = """
        pylon-bench storm [--clients 5000] [--hz 20] [--bytes 512] [--seconds 5]
          Resets all WebSockets at once, lets all return at once, and waits until each has a frame again.
          --seconds       how long tick lateness is watched before
        """

    private let rig: Rig
    private let load: FanoutCase
    private let seconds: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        load = FanoutCase(
            transport: .webSocket, clients: try arguments.number("clients", default: 5000, in: 1...60_000),
            rateHz: try arguments.number("hz", default: 20, in: 1...1000),
            payloadBytes: try arguments.number("bytes", default: 512, in: 80...1_000_000))
        seconds = try arguments.number("seconds", default: 5, in: 1...600)
        // Those that go are not all gone when the first come back.
        try Rig.checkFileLimit(clients: load.clients * 2)
    }

    func run(_ output: Output) throws(BenchError) {
        output.print(try rig.median("storm") { (_) throws(BenchError) in try measure() }, of: Self.self)
    }

    private func measure() throws(BenchError) -> Figures {
        let server = try rig.start(.pylon, load)
        defer { server.stop() }
        let client = try rig.openClients(of: server, load)
        defer { client.process.kill() }
        try rig.signals.sleep(.seconds(2))
        let start = try server.metrics()
        try rig.signals.sleep(.seconds(seconds))
        let before = try server.metrics()
        let answer = try client.ask("storm", for: "the clients' return", within: .seconds(40))
        let stormed = try ClientAnswer(answer, expecting: "stormed")
        let after = try server.metrics()
        try rig.signals.sleep(.seconds(1))
        let window = try client.openWindow(rateHz: load.rateHz, seconds: 2)
        let settled = try client.result(of: window).measurement(load, seconds: 2, cpuNanoseconds: 0)
        var figures = Figures()
        figures.add("clients", load.clients)
        figures.add("hz", load.rateHz)
        figures.add("bytes", load.payloadBytes)
        figures.add("back", stormed["back"])
        figures.add("failures", stormed["failures"])
        figures.add("back_p50_ms", stormed.milliseconds("p50"), places: 0)
        figures.add("back_p99_ms", stormed.milliseconds("p99"), places: 0)
        figures.add("all_back_ms", stormed.milliseconds("max"), places: 0)
        TickLateness(from: start, to: before).add(to: &figures, prefix: "before_")
        TickLateness(from: before, to: after).add(to: &figures, prefix: "during_")
        figures.add("every_tick_afterwards", settled.isEveryTickDelivered)
        figures.expect("back", .atLeast(Double(load.clients)))
        figures.expect("failures", .atMost(0))
        figures.expect("every_tick_afterwards", .isTrue)
        return figures
    }
}
