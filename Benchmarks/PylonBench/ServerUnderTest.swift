internal import CSystem
internal import Glibc
internal import PylonTime

/// A started sender of frames and how its clients reach it.
struct ServerUnderTest {
    /// All senders run here, one at a time, and the load client on the other core.
    static let core = 0
    private static let token = "bench-admin-token"

    let process: ChildProcess
    let clientPort: Int
    let target: String
    let token: String

    /// The bare send loop.
    static func floor(_ load: FanoutCase, _ signals: Interruption) throws(BenchError) -> ServerUnderTest {
        let chosen = load.transport == .unixSocket ? try Loopback.freePorts(1) : 0
        let process = try ChildProcess(subcommand: [
            "floor", "--core", "\(core)", "--transport", load.transport.rawValue, "--bytes", "\(load.payloadBytes)",
            "--hz", "\(load.rateHz)", "--port", "\(chosen)",
        ])
        let line = try process.receive("start of the floor", within: .seconds(5), signals)
        guard line.count == 2, line[0] == "listening", let port = Int(line[1]) else {
            throw .process("the floor said: \(line.joined(separator: " "))")
        }
        return ServerUnderTest(
            process: process, clientPort: chosen == 0 ? port : chosen, target: "/?shard=bench&sid=c", token: "")
    }

    /// The server at `path`, with one shard that makes the case's frames.
    static func pylon(
        at path: String, log: Bool, _ load: FanoutCase, _ signals: Interruption
    ) throws(BenchError) -> ServerUnderTest {
        let port = try Loopback.freePorts(4)
        let words = ["exec", "--core", "\(core)"] + (log ? ["--log"] : [])
        let isLocal = load.transport == .unixSocket
        let local = isLocal ? ["--unix-socket", Loopback.localPath(port: port)] : []
        let process = try ChildProcess(
            subcommand: words + ["--", path, "serve", "--host", "127.0.0.1", "--port", "\(port)"] + local,
            environment: [
                "PYLON_ADMIN_TOKEN": token, "PYLON_MAX_CONNS_PER_IP": "0", "PYLON_LOOPS": "1", "PYLON_DRAIN_SECS": "1",
            ])
        try waitUntilReady(process, port: port, signals)
        try createShard(load, port: port)
        let isWebSocket = load.transport.isWebSocket
        return ServerUnderTest(
            process: process, clientPort: isWebSocket && !isLocal ? port + 3 : port,
            target: isWebSocket ? "/?shard=bench&sid=c" : "/api/shards/bench/connect?sid=c", token: token)
    }

    private static func waitUntilReady(
        _ process: ChildProcess, port: Int, _ signals: Interruption
    ) throws(BenchError) {
        let deadline = SystemClock().now() + .seconds(15)
        let probe = AdminRequest(method: "GET", path: "/health", token: token)
        while probe.send(port: port, timeout: .seconds(1))?.status != 200 {
            guard process.isRunning else { throw .process("the server ended while starting (see --verbose)") }
            guard SystemClock().now() < deadline else { throw .timedOut("GET /health of the server") }
            try signals.sleep(.milliseconds(20))
        }
    }

    private static func createShard(_ load: FanoutCase, port: Int) throws(BenchError) {
        let config = """
            {"payload_bytes":\(load.payloadBytes),"tick_rate_hz":\(load.rateHz),"max_subscribers":0}
            """
        let request = AdminRequest(
            method: "POST", path: "/api/shards", token: token,
            body: "{\"id\":\"bench\",\"kind\":\"fanout\",\"config\":\(config)}")
        guard let answer = request.send(port: port) else { throw .process("no answer to POST /api/shards") }
        guard answer.status == 201 else { throw .process("POST /api/shards: \(answer.status) \(answer.body)") }
    }
}
