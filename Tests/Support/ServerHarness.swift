internal import Glibc
internal import PylonJSON

/// A server process under test: started with free ports, stopped with its owner.
///
/// Its clients may be used from any thread; one thread at a time stops it.
package final class ServerHarness: @unchecked Sendable {
    // Safety: `process` is touched by `stop`, `signal` and `kill` only, which one test calls at a time; the rest is immutable.

    /// The main port P.
    package let port: UInt16
    private let process: ChildProcess

    /// The port P+3 of the shard WebSockets.
    package var shardPort: UInt16 { port + 3 }

    /// The admin token of every server that `environment` gives none.
    package static let adminToken = "test-admin-token"

    /// Starts `pylon serve` and waits until it is ready. Port 0 takes free ports.
    package init(_ flags: [String] = [], environment: [String: String] = [:], port: UInt16 = 0) throws {
        var variables = ["PYLON_ADMIN_TOKEN": Self.adminToken, "PYLON_LOG": "warn", "PYLON_MAX_CONNS_PER_IP": "0"]
        variables.merge(environment) { _, given in given }
        var arguments = ["serve"] + flags
        if variables["PYLON_PORT"] == nil { arguments += ["--port", String(port)] }
        process = try ChildProcess(ChildProcess.pylon, arguments, environment: variables)
        let line = try process.readLine()
        guard let line, let colon = line.lastIndex(of: ":"), line.hasSuffix("/"),
            let port = UInt16(line[line.index(after: colon)...].dropLast())
        else {
            throw ProcessError.notReady(line ?? process.errors)
        }
        readyLine = line
        self.port = port
    }

    /// What the server said on standard output when it was ready.
    package let readyLine: String

    /// What the server wrote to its log so far.
    package var log: String { process.errors }

    /// Sends a signal.
    package func signal(_ number: Int32) { process.signal(number) }

    /// Waits for the process to end by itself. Returns its exit status, 128 + n for a signal n; nil when it did not end in time.
    package func waitForExit(within patience: Duration = TestSocket.patience) -> Int32? {
        process.waitForExit(within: patience)
    }

    /// Ends the process with SIGTERM and waits; see `waitForExit`.
    @discardableResult
    package func stop() -> Int32? {
        process.signal(SIGTERM)
        return process.waitForExit(within: TestSocket.patience)
    }

    // MARK: Asking

    /// One request on a connection of its own.
    package func request(
        _ method: String, _ target: String, token: String? = nil, fields: [String] = [], body: String? = nil
    ) throws -> HTTPMessage {
        let client = try HTTPClient(port: port)
        return try client.request(method, target, token: token, fields: fields + ["Connection: close"], body: body)
    }

    /// One GET on a connection of its own.
    package func get(_ target: String, token: String? = nil, fields: [String] = []) throws -> HTTPMessage {
        try request("GET", target, token: token, fields: fields)
    }

    /// A new guest.
    package func guest() throws -> (token: String, userID: String) {
        let answer = try request("POST", "/api/auth/guest")
        guard let token = answer.json["token"]?.string, let userID = answer.json["user_id"]?.string else {
            throw ProcessError.unexpected("no guest: \(answer.status) \(answer.text)")
        }
        return (token, userID)
    }

    /// Makes a shard with `config`, a JSON object.
    package func createShard(_ id: String, _ kind: String, _ config: String = "{}") throws {
        let body = #"{"id":"\#(id)","kind":"\#(kind)","config":\#(config)}"#
        let answer = try request("POST", "/api/shards", token: Self.adminToken, body: body)
        guard answer.status == 201 else { throw ProcessError.unexpected("no shard: \(answer.status) \(answer.text)") }
    }

    /// A WebSocket of a shard as an admin, who may be anybody.
    package func join(_ shard: String, as subscriber: String, receiveBufferBytes: Int32? = nil) throws
        -> WebSocketClient
    {
        try WebSocketClient(
            port: shardPort, "/?shard=\(shard)&sid=\(subscriber)", token: Self.adminToken,
            receiveBufferBytes: receiveBufferBytes)
    }

    /// An event stream of a shard as an admin.
    package func watch(_ shard: String, as subscriber: String) throws -> EventStreamClient {
        try EventStreamClient(
            port: port, "/api/shards/\(shard)/connect?sid=\(subscriber)", token: Self.adminToken)
    }

    /// The number of connections subscribed to a shard, as the API tells; nil when the shard is not there.
    package func subscribers(of shard: String) throws -> Int? {
        try get("/api/shards/\(shard)").json["subscribers"]?.int
    }

    /// A metric by its Prometheus name.
    package func metric(_ name: String) throws -> Double? {
        try get("/metrics", token: Self.adminToken).json["metrics"]?[name]?.double
    }

    /// Asks until `condition` holds; false when it did not in time. Each question is a round trip, so this does not spin.
    package func eventually(
        within patience: Duration = TestSocket.patience, _ condition: () throws -> Bool
    ) rethrows -> Bool {
        let deadline = ContinuousClock.now + patience
        while ContinuousClock.now < deadline {
            if try condition() { return true }
        }
        return false
    }
}
