internal import PylonBenchKit
internal import PylonTime

/// Clients that connect, shake hands and leave, thousands of times a second: none may fail, and no memory may stay.
struct Churn: Scenario {
    static let name = "churn"
    static let grammar = Arguments.Grammar(values: ["rate", "seconds", "warmup", "hz", "bytes"])
    static let usage = """
        pylon-bench churn [--rate 2000] [--seconds 30] [--warmup 3] [--hz 20] [--bytes 512]
          Connects so often a second to a ticking shard, half of the clients leaving with a closing handshake and half
          with a reset.
          --warmup        seconds of the same before memory is read for the first time
        """

    /// How long the allocator gets to give memory back.
    private static let rest = Duration.seconds(10)

    private let rig: Rig
    private let rate: Int
    private let seconds: Int
    private let warmup: Int
    private let shard: ShardDefinition

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        rate = try arguments.number("rate", default: 2000, in: 1...20_000)
        seconds = try arguments.number("seconds", default: 30, in: 1...600)
        warmup = try arguments.number("warmup", default: 3, in: 0...60)
        shard = ShardDefinition(
            number: 0, rateHz: try arguments.number("hz", default: 20, in: 0...1000),
            payloadBytes: try arguments.number("bytes", default: 512, in: 80...1_000_000))
    }

    func run(_ output: Output) throws(BenchError) {
        output.print(try rig.median("churn") { (_) throws(BenchError) in try measure() }, of: Self.self)
    }

    private func measure() throws(BenchError) -> Figures {
        let server = try rig.startServer([shard])
        defer { server.stop() }
        try rig.signals.sleep(.seconds(1))
        let fresh = try MemorySample(of: server)
        // Code and caches that a process touches for the first time are no leak.
        if warmup > 0 { _ = try churn(server, seconds: warmup) }
        try rig.signals.sleep(Self.rest)
        let before = try MemorySample(of: server)
        let cpuBefore = try ProcessSample(pid: server.process.pid).cpuNanoseconds
        let answer = try churn(server, seconds: seconds)
        let cpu = try ProcessSample(pid: server.process.pid).cpuNanoseconds - cpuBefore
        let after = try MemorySample(of: server)
        try rig.signals.sleep(Self.rest)
        let rested = try MemorySample(of: server)

        var figures = Figures()
        figures.add("rate_per_second", rate)
        figures.add("seconds", seconds)
        figures.add("connections", answer["done"])
        figures.add("failures", answer["failed"])
        figures.add("achieved_per_second", Double(answer["done"]) / max(answer.milliseconds("took") / 1000, 1e-9))
        figures.add("handshake_p50_ms", answer.milliseconds("p50"), places: 2)
        figures.add("handshake_p99_ms", answer.milliseconds("p99"), places: 2)
        figures.add("handshake_max_ms", answer.milliseconds("max"), places: 1)
        figures.add("us_per_connection", Double(cpu) / 1000 / Double(max(answer["done"], 1)), places: 1)
        figures.add("rss_at_start", fresh.residentBytes)
        figures.add("rss_before", before.residentBytes)
        figures.add("rss_after", after.residentBytes)
        figures.add("rss_after_10_s", rested.residentBytes)
        figures.add("rss_ratio", Double(rested.residentBytes) / Double(before.residentBytes))
        figures.add("heap_before", before.heapBytes)
        figures.add("heap_after", after.heapBytes)
        figures.add("heap_after_10_s", rested.heapBytes)
        figures.expect("failures", .atMost(0))
        figures.expect("achieved_per_second", .atLeast(Double(rate) * 0.99))
        figures.expect("rss_ratio", .atMost(1.1))
        return figures
    }

    /// Lets clients come and go, then waits until the server knows of none.
    private func churn(_ server: ServerUnderTest, seconds: Int) throws(BenchError) -> ClientAnswer {
        let client = try ChildProcess(subcommand: [
            "churn-client", "--core", "\(StreamClient.core)", "--port", "\(server.clientPort)", "--rate", "\(rate)",
            "--seconds", "\(seconds)", "--bytes", "\(shard.payloadBytes)", "--target", server.target(),
            "--token=\(ServerUnderTest.token)",
        ])
        defer { client.kill() }
        let line = try client.receive("the churn", within: .seconds(seconds + 30), rig.signals)
        let answer = try ClientAnswer(line, expecting: "churned")
        let deadline = SystemClock().now() + .seconds(15)
        // The request for the metrics is a connection itself.
        while try server.metrics().value("pylon_connections") ?? 0 > 1 {
            guard SystemClock().now() < deadline else { throw .timedOut("the server to let go of all connections") }
            try rig.signals.sleep(.milliseconds(100))
        }
        return answer
    }
}
