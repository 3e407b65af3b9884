internal import PylonTestSupport
internal import Testing

/// Flags, variables, exit statuses.
@Suite(.blocking) struct CommandLineTests {
    struct Outcome {
        let status: Int32?
        let output: String
        let errors: String

        var isOneLine: Bool { errors.hasSuffix("\n") && errors.split(separator: "\n").count == 1 }
    }

    /// Runs the command to its end.
    private func run(_ arguments: [String], _ environment: [String: String] = [:]) throws -> Outcome {
        let process = try ChildProcess(ChildProcess.pylon, arguments, environment: environment)
        let output = try process.readAll()
        let status = process.waitForExit(within: TestSocket.patience)
        return Outcome(status: status, output: output, errors: process.errors)
    }

    @Test(arguments: [["--help"], ["help"], ["-h"], ["serve", "--help"]])
    func helpListsEveryFlagAndVariable(arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
        for name in [
            "--port", "--host", "--unix-socket", "--db", "--dev", "--log", "--test-endpoints", "--help", "--version",
            "PYLON_PORT",
            "PYLON_HOST", "PYLON_UNIX_SOCKET", "PYLON_DB_PATH", "PYLON_ADMIN_TOKEN", "PYLON_DEV_MODE",
            "PYLON_CORS_ORIGIN", "PYLON_LOOPS",
            "PYLON_TICK_WORKERS", "PYLON_MAX_SHARDS", "PYLON_MAX_CONNS_PER_IP", "PYLON_TRUST_PROXY_HOPS",
            "PYLON_WS_MAX_FRAME", "PYLON_SHARD_MAX_MESSAGE", "PYLON_WS_PING_SECS", "PYLON_DRAIN_SECS", "PYLON_LOG",
            "PYLON_LOG_FORMAT", "schema check", "schema push", "backup", "restore", "policy explain",
            "PYLON_DB_READERS",
        ] {
            #expect(outcome.output.contains(name), "\(name)")
        }
    }

    @Test(arguments: [["--version"], ["version"], ["serve", "--version"]])
    func theVersionIsOneLine(arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == 0)
        #expect(outcome.output == "pylon 0.1.0\n")
    }

    @Test(arguments: [
        ["--nonsense"], ["serve", "--nonsense"], ["serve", "extra"], ["dance"], ["serve", "--port"],
        ["serve", "--port", "x"], ["serve", "--port", "-1"], ["serve", "--port", "65533"], ["serve", "--port="],
        ["serve", "--host", "nowhere"], ["serve", "--host", ""], ["serve", "--log", "loud"], ["serve", "--dev=maybe"],
        ["--port", "99999999999999999999"],
    ])
    func aWrongFlagIsOneLineAndStatus64(arguments: [String]) throws {
        let outcome = try run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.isOneLine, "\(outcome.errors)")
        #expect(outcome.errors.hasPrefix("pylon: "))
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: [
        ("PYLON_PORT", "x"), ("PYLON_PORT", "70000"), ("PYLON_PORT", "43 21"), ("PYLON_HOST", "example.com"),
        ("PYLON_LOOPS", "-1"), ("PYLON_LOOPS", "257"), ("PYLON_TICK_WORKERS", "many"), ("PYLON_MAX_SHARDS", "0"),
        ("PYLON_MAX_CONNS_PER_IP", "-1"), ("PYLON_TRUST_PROXY_HOPS", "33"), ("PYLON_WS_MAX_FRAME", "1"),
        ("PYLON_SHARD_MAX_MESSAGE", "1e6"), ("PYLON_WS_PING_SECS", "0"), ("PYLON_DRAIN_SECS", "10s"),
        ("PYLON_LOG", "verbose"), ("PYLON_LOG_FORMAT", "xml"), ("PYLON_DEV_MODE", "yes"), ("PYLON_CORS_ORIGIN", "a b"),
        ("PYLON_CORS_ORIGIN", "*"),
    ])
    func aWrongVariableIsOneLineAndStatus64(name: String, value: String) throws {
        let outcome = try run(
            ["serve", "--log", "error"].filter { name != "PYLON_LOG" || $0 == "serve" }, [name: value])
        #expect(outcome.status == 64)
        #expect(outcome.isOneLine, "\(outcome.errors)")
        #expect(outcome.errors.contains(name == "PYLON_HOST" ? "--host" : name))
    }

    @Test(arguments: ["0.0.0.0", "192.0.2.1", "::"]) func theEchoIsForLoopbackOnly(host: String) throws {
        let outcome = try run(["serve", "--port", "0", "--host", host, "--test-endpoints"])
        #expect(outcome.status == 64)
        #expect(outcome.isOneLine)
        #expect(outcome.errors.contains("loopback"))
    }

    // MARK: Ports

    @Test(arguments: [0, 1, 2, 3]) func aTakenPortIsOneLineAndStatus1(offset: UInt16) throws {
        let holder = try PortHolder()
        let base = min(holder.port - offset, 65_532)
        let outcome = try run(["serve", "--port", String(base), "--host", "127.0.0.1"])
        #expect(outcome.status == 1)
        #expect(outcome.isOneLine, "\(outcome.errors)")
        // Other tests have servers too: a port between may be taken as well.
        #expect((base...base + 3).contains { outcome.errors.contains("cannot listen on port \($0)") })
        holder.release()
    }

    @Test func anotherServerOnThePortIsOneLineAndStatus1() throws {
        let server = try ServerHarness()
        for offset in [-3, 0, 3] {
            let outcome = try run(["serve", "--port", String(Int(server.port) + offset)])
            #expect(outcome.status == 1)
            #expect(outcome.isOneLine, "\(outcome.errors)")
        }
        #expect(try server.get("/health").status == 200)
    }

    @Test func variablesAreReadAndFlagsWin() throws {
        let first = try ServerHarness()
        let port = first.port
        #expect(first.stop() == 0)
        let second = try ServerHarness(environment: ["PYLON_PORT": String(port), "PYLON_HOST": "127.0.0.1"])
        #expect(second.port == port)
        #expect(second.readyLine.contains("//127.0.0.1:"))
        #expect(try second.get("/health").status == 200)
        #expect(second.stop() == 0)
        let third = try ServerHarness(["--port=\(port)"], environment: ["PYLON_PORT": "1"])
        #expect(third.port == port)
    }

    @Test func aServerListensOnIPv6Too() throws {
        let server = try ServerHarness(["--host", "::"])
        #expect(try server.get("/health").status == 200, "IPv4 arrives on the dual-stack socket")
    }

    // MARK: Connections per address

    @Test func streamsPerAddressAreLimited() throws {
        let server = try ServerHarness(environment: ["PYLON_MAX_CONNS_PER_IP": "2"])
        try server.createShard("s", "counter", #"{"tick_rate_hz":0}"#)
        let first = try server.join("s", as: "a")
        let second = try server.watch("s", as: "b")
        #expect(try first.nextSnapshot() != nil)
        #expect(try second.next() != nil)
        let refused = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=s&sid=c", token: ServerHarness.adminToken)
        #expect(refused.status == 429)
        #expect(refused.errorCode == "TOO_MANY_CONNECTIONS")
        #expect(try server.get("/api/shards/s/connect", token: ServerHarness.adminToken).status == 429)
        for _ in 0..<5 { #expect(try server.get("/health").status == 200) }
        #expect(try server.metric("pylon_connections_refused_total") == 2)
        first.socket.reset()
        #expect(try isAdmittedInTheEnd(server))
        second.http.socket.close()
        #expect(try isAdmittedInTheEnd(server))
    }

    private func isAdmittedInTheEnd(_ server: ServerHarness, fields: [String] = []) throws -> Bool {
        try server.eventually {
            let target = "/?shard=s&sid=d"
            let answer = try WebSocketClient.refusal(
                port: server.shardPort, target, token: ServerHarness.adminToken, fields: fields)
            return answer.status == 101
        }
    }

    @Test func streamsLeftBeforeTheyBeganGiveTheirPlacesBack() throws {
        let server = try ServerHarness(environment: ["PYLON_MAX_CONNS_PER_IP": "2"])
        try server.createShard("s", "counter", #"{"tick_rate_hz":0}"#)
        let request =
            "GET /api/shards/s/connect HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(ServerHarness.adminToken)\r\n\r\n"
        for _ in 0..<100 {
            let socket = try TestSocket(port: server.port)
            try socket.send(request)
            socket.reset()
        }
        let stream = try server.eventually { try server.watch("s", as: "a").head.status == 200 }
        #expect(stream)
        #expect(try isAdmittedInTheEnd(server))
        #expect(try server.eventually { try server.subscribers(of: "s") == 0 })
        #expect(try server.eventually { try server.metric("pylon_event_streams") == 0 })
    }

    @Test func zeroIsNoLimit() throws {
        let server = try ServerHarness(environment: ["PYLON_MAX_CONNS_PER_IP": "0"])
        try server.createShard("s", "counter", #"{"tick_rate_hz":0,"max_subscribers":0}"#)
        let sockets = try (0..<80).map { try server.join("s", as: "s\($0)") }
        for socket in sockets { #expect(try socket.nextSnapshot() != nil) }
    }

    @Test func behindAProxyTheForwardedAddressCounts() throws {
        let server = try ServerHarness(environment: ["PYLON_MAX_CONNS_PER_IP": "1", "PYLON_TRUST_PROXY_HOPS": "1"])
        try server.createShard("s", "counter", #"{"tick_rate_hz":0}"#)
        func open(_ address: String) throws -> WebSocketClient {
            try WebSocketClient(
                port: server.shardPort, "/?shard=s&sid=x", token: ServerHarness.adminToken,
                fields: ["X-Forwarded-For: \(address)"])
        }
        func status(_ address: String) throws -> Int {
            try WebSocketClient.refusal(
                port: server.shardPort, "/?shard=s&sid=x", token: ServerHarness.adminToken,
                fields: ["X-Forwarded-For: \(address)"]
            ).status
        }
        let first = try open("192.0.2.1")
        let second = try open("192.0.2.2")
        #expect(try first.nextSnapshot() != nil)
        #expect(try second.nextSnapshot() != nil)
        #expect(try status("192.0.2.1") == 429)
        #expect(try status("203.0.113.9, 192.0.2.1") == 429, "what the client wrote itself does not count")
        #expect(try status("192.0.2.1, 203.0.113.9") == 101)
        first.socket.close()
        #expect(try isAdmittedInTheEnd(server, fields: ["X-Forwarded-For: 192.0.2.1"]))
    }

    @Test func withoutAProxyTheForwardedAddressIsIgnored() throws {
        let server = try ServerHarness(environment: ["PYLON_MAX_CONNS_PER_IP": "1"])
        try server.createShard("s", "counter", #"{"tick_rate_hz":0}"#)
        let first = try server.join("s", as: "a")
        #expect(try first.nextSnapshot() != nil)
        let answer = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=s&sid=x", token: ServerHarness.adminToken,
            fields: ["X-Forwarded-For: 192.0.2.7"])
        #expect(answer.status == 429)
        first.socket.close()
    }
}
