internal import Glibc
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// `--unix-socket`: everything the main port serves, for zone servers and proxies on the same host.
@Suite(.blocking) struct UnixSocketTests {
    /// A path that no other test has.
    private let path = "/tmp/pylon-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).sock"

    private var exists: Bool { access(path, F_OK) == 0 }

    @Test func requestsAndStreamsWorkWithoutACap() throws {
        let server = try ServerHarness(["--unix-socket", path], environment: ["PYLON_MAX_CONNS_PER_IP": "1"])
        try server.createShard("zone", "counter", #"{"tick_rate_hz":50}"#)
        let http = HTTPClient(over: try TestSocket(path: path))
        try http.send("GET", "/health")
        #expect(try http.readResponse().status == 200)
        let sockets = try (0..<5).map { index in
            try WebSocketClient(
                over: try TestSocket(path: path), "/?shard=zone&sid=z\(index)", token: ServerHarness.adminToken)
        }
        for socket in sockets {
            let first = try #require(try socket.nextSnapshot())
            let second = try #require(try socket.nextSnapshot())
            #expect(second.tick == first.tick + 1)
        }
        try sockets[0].send(text: #"{"input":{"add":3},"client_seq":1}"#)
        #expect(try sockets[4].snapshot { $0.json["total"] == 3 } != nil)
    }

    @Test func theFileIsForOwnerAndGroupAndGoesWithTheServer() throws {
        let server = try ServerHarness(["--unix-socket", path])
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o660)
        #expect(server.stop() == 0)
        #expect(!exists)
    }

    @Test func aFileLeftBehindIsReplaced() throws {
        let first = try ServerHarness(["--unix-socket", path])
        first.signal(SIGKILL)
        _ = first.waitForExit()
        #expect(exists, "nobody was there to take it away")
        let second = try ServerHarness(["--unix-socket", path])
        let http = HTTPClient(over: try TestSocket(path: path))
        try http.send("GET", "/readyz")
        #expect(try http.readResponse().status == 200)
        #expect(second.stop() == 0)
    }

    @Test(arguments: [false, true]) func aPathThatCannotBeHadIsOneLineAndStatus1(isTooLong: Bool) throws {
        let server = try ServerHarness(["--unix-socket", path])
        let wanted = isTooLong ? "/tmp/" + String(repeating: "x", count: 120) : path
        let process = try ChildProcess(
            ChildProcess.pylon, ["serve", "--port", "0", "--log", "error", "--unix-socket", wanted])
        _ = try process.readAll()
        #expect(process.waitForExit(within: TestSocket.patience) == 1)
        #expect(process.errors.split(separator: "\n").count == 1)
        #expect(process.errors.contains(wanted))
        #expect(server.stop() == 0)
    }
}
