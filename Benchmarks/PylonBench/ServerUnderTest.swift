internal import CSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// A started sender of frames and how its clients reach it.
struct ServerUnderTest: Sender {
    /// All senders run here, one at a time, and the load client on the other core.
    static let core = 0
    static let token = "bench-admin-token"

    let process: ChildProcess
    /// Where requests go; 0 for the floor, which answers none.
    let httpPort: Int
    let clientPort: Int
    let transport: Transport
    let signals: Interruption

    var pid: pid_t { process.pid }
    var clientToken: String { httpPort == 0 ? "" : Self.token }

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
            process: process, httpPort: 0, clientPort: chosen == 0 ? port : chosen, transport: load.transport,
            signals: signals)
    }

    /// The server at `path`, with `shards`, and with further flags and variables; on
    /// its core, or wherever the scheduler likes.
    static func pylon(
        at path: String, log: Bool, transport: Transport, shards: [ShardDefinition], flags: [String] = [],
        environment: [String: String] = [:], isPinned: Bool = true, _ signals: Interruption
    ) throws(BenchError) -> ServerUnderTest {
        let port = try Loopback.freePorts(4)
        let words = ["exec"] + (isPinned ? ["--core", "\(core)"] : []) + (log ? ["--log"] : [])
        let isLocal = transport == .unixSocket
        let local = isLocal ? ["--unix-socket", Loopback.localPath(port: port)] : []
        let process = try ChildProcess(
            subcommand: words + ["--", path, "serve", "--host", "127.0.0.1", "--port", "\(port)"] + local + flags,
            environment: [
                "PYLON_ADMIN_TOKEN": token, "PYLON_MAX_CONNS_PER_IP": "0", "PYLON_LOOPS": "1", "PYLON_DRAIN_SECS": "1",
            ].merging(environment) { $1 })
        let server = ServerUnderTest(
            process: process, httpPort: port,
            clientPort: transport.isWebSocket && !isLocal ? port + 3 : port, transport: transport, signals: signals)
        try server.waitUntilReady()
        for shard in shards { try server.create(shard) }
        return server
    }

    func target(events: Bool = false) -> String {
        let shard = "\(ShardDefinition.prefix){shard}"
        if transport.isWebSocket { return "/?shard=\(shard)&sid=c{n}" + (events ? "&stream=events" : "") }
        return "/api/shards/\(shard)/\(events ? "events" : "connect")?sid=c{n}"
    }

    /// Ends the process and removes what it left.
    func stop() {
        process.terminate()
        if transport == .unixSocket { unlink(Loopback.localPath(port: clientPort)) }
    }

    /// One request with the administrator's token; throws unless it is answered with a status of 200 to 299.
    @discardableResult
    func request(_ method: String, _ path: String, body: String = "") throws(BenchError) -> String {
        let request = AdminRequest(method: method, path: path, token: Self.token, body: body)
        guard let answer = request.send(port: httpPort) else { throw .process("no answer to \(method) \(path)") }
        guard 200..<300 ~= answer.status else { throw .process("\(method) \(path): \(answer.status) \(answer.body)") }
        return answer.body
    }

    /// What the server says of itself now.
    func metrics() throws(BenchError) -> MetricsPage { MetricsPage(try request("GET", "/metrics")) }

    /// Makes a shard.
    func create(_ shard: ShardDefinition) throws(BenchError) {
        try request("POST", "/api/shards", body: shard.json)
    }

    private func waitUntilReady() throws(BenchError) {
        let deadline = SystemClock().now() + .seconds(15)
        let probe = AdminRequest(method: "GET", path: "/health", token: Self.token)
        while probe.send(port: httpPort, timeout: .seconds(1))?.status != 200 {
            guard process.isRunning else { throw .process("the server ended while starting (see --verbose)") }
            guard SystemClock().now() < deadline else { throw .timedOut("GET /health of the server") }
            try signals.sleep(.milliseconds(20))
        }
    }
}
