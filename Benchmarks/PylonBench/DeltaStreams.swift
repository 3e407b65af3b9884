internal import PylonBenchKit
internal import PylonClient
internal import PylonThreading
internal import PylonTime

/// The server's side of streams of deltas: what a state costs it, sent whole and as what changed, acknowledgements included.
struct DeltaStreams {
    private let rig: Rig
    private let clients: Int
    private let bytes: [Int]
    private let rateHz: Int
    private let seconds: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        clients = try arguments.number("clients", default: 200, in: 1...2000)
        bytes = try arguments.numbers("bytes", default: [512, 4096, 32_768], in: 80...1_000_000)
        rateHz = try arguments.number("hz", default: 20, in: 1...1000)
        seconds = try arguments.number("seconds", default: 5, in: 1...600)
    }

    /// Both ways for each size, one behind the other.
    func measure() throws(BenchError) -> [Figures] {
        var all: [Figures] = []
        for bytes in bytes {
            all.append(
                try rig.median("deltas, \(bytes) bytes") { (run) throws(BenchError) in
                    var cases = [false, true]
                    if !run.isMultiple(of: 2) { cases.reverse() }
                    var costs: [Bool: Cost] = [:]
                    for takesDeltas in cases { costs[takesDeltas] = try cost(bytes, takesDeltas: takesDeltas) }
                    return figures(bytes, whole: costs[false] ?? Cost(), deltas: costs[true] ?? Cost())
                })
        }
        return all
    }

    private struct Cost {
        var microseconds = 0.0
        var bytes = 0.0
        var deltaShare = 0.0
    }

    private func figures(_ bytes: Int, whole: Cost, deltas: Cost) -> Figures {
        var figures = Figures()
        figures.add("state_bytes", bytes)
        figures.add("clients", clients)
        figures.add("hz", rateHz)
        figures.add("whole_us_per_state", whole.microseconds, places: 2)
        figures.add("deltas_us_per_state", deltas.microseconds, places: 2)
        figures.add("whole_bytes_per_state", whole.bytes, places: 0)
        figures.add("deltas_bytes_per_state", deltas.bytes, places: 0)
        figures.add("share_as_deltas", deltas.deltaShare, places: 3)
        return figures
    }

    /// What a state costs the server, with all its clients on one loop and core.
    private func cost(_ bytes: Int, takesDeltas: Bool) throws(BenchError) -> Cost {
        let server = try rig.startServer([ShardDefinition(number: 0, rateHz: rateHz, payloadBytes: bytes)])
        defer { server.stop() }
        let connections = try open(server, takesDeltas: takesDeltas)
        defer { for connection in connections { connection.close() } }
        try rig.signals.sleep(.seconds(1))
        let (before, used) = (try server.metrics(), try ProcessSample(pid: server.pid).cpuNanoseconds)
        try rig.signals.sleep(.seconds(seconds))
        let (after, usedAfter) = (try server.metrics(), try ProcessSample(pid: server.pid).cpuNanoseconds)
        func difference(_ name: String) -> Double { (after.value(name) ?? 0) - (before.value(name) ?? 0) }
        let states = difference("pylon_frames_delivered_total")
        guard states > 0 else { throw .process("no states were sent") }
        return Cost(
            microseconds: Double(usedAfter - used) / 1000 / states,
            bytes: difference("pylon_sent_bytes_total") / states,
            deltaShare: difference("pylon_stream_deltas_sent_total") / states)
    }

    private func open(_ server: ServerUnderTest, takesDeltas: Bool) throws(BenchError) -> [ShardConnection] {
        let url = "http://127.0.0.1:\(server.httpPort)"
        let opened = Opened()
        for number in 0..<clients {
            var options = ShardOptions(
                shard: "\(ShardDefinition.prefix)0", subscriber: "c\(number)", token: .fixed(ServerUnderTest.token))
            options.takesDeltas = takesDeltas
            options.compresses = false
            opened.open(url, options)
        }
        let deadline = SystemClock().now() + .seconds(30)
        while opened.count < clients {
            guard SystemClock().now() < deadline else { throw .timedOut("the clients' streams") }
            try rig.signals.sleep(.milliseconds(20))
        }
        return try opened.take()
    }

    /// Connections on their way.
    private final class Opened: Sendable {
        private let results = Lock<[Result<ShardConnection, ClientError>]>([])

        var count: Int { results.withLock { $0.count } }

        func open(_ url: String, _ options: ShardOptions) {
            Task {
                let result: Result<ShardConnection, ClientError>
                do throws(ClientError) {
                    result = .success(try await ShardConnection(url: url, options: options))
                } catch {
                    result = .failure(error)
                }
                results.withLock { $0.append(result) }
            }
        }

        func take() throws(BenchError) -> [ShardConnection] {
            var connections: [ShardConnection] = []
            for result in results.withLock({ $0 }) {
                switch result {
                case .success(let connection): connections.append(connection)
                case .failure(let error): throw .process("a client: \(error)")
                }
            }
            return connections
        }
    }
}
