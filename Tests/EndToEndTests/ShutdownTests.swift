internal import Glibc
internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// How the server ends, in good order and otherwise.
@Suite(.blocking) struct ShutdownTests {
    @Test(arguments: [SIGTERM, SIGINT]) func streamsGetAGoodbyeAndTheStatusIsZero(signal: Int32) throws {
        let server = try ServerHarness()
        try server.createShard("ticking", "counter", #"{"tick_rate_hz":100}"#)
        try server.createShard("quiet", "counter", #"{"tick_rate_hz":0}"#)
        let sockets = try ["ticking", "quiet"].map { try server.join($0, as: "ann") }
        let streams = try ["ticking", "quiet"].map { try server.watch($0, as: "bob") }
        for socket in sockets { #expect(try socket.nextSnapshot() != nil) }
        for stream in streams { #expect(try stream.next() != nil) }
        server.signal(signal)
        for socket in sockets {
            guard case .close(1001, _) = try socket.closing() else {
                Issue.record("not closed with 1001")
                continue
            }
            try socket.sendClose(.goingAway)
            socket.socket.close()
        }
        for stream in streams {
            var last = try stream.next()
            while let event = try stream.next() { last = event }
            #expect(last?.name == "end")
            #expect(last?.data.contains("shutting down") == true)
            stream.http.socket.close()
        }
        #expect(server.waitForExit(within: .seconds(10)) == 0)
        #expect(!server.log.contains("ERROR"), "\(server.log)")
    }

    @Test func idleConnectionsAreClosed() throws {
        let server = try ServerHarness()
        let idle = try HTTPClient(port: server.port)
        #expect(try idle.request("GET", "/health").status == 200)
        let untouched = try (0..<4).map { try TestSocket(port: server.port + $0) }
        // A request later than theirs, so that the connections have been accepted on every loop that has any.
        #expect(try server.eventually { try server.metric("pylon_connections") ?? 0 >= 5 })
        server.signal(SIGTERM)
        try idle.socket.waitForEnd()
        for socket in untouched { try socket.waitForEnd() }
        #expect(server.waitForExit() == 0)
    }

    /// A client in the middle of a request head, which the server has read: it came in one piece with a request that is answered.
    private func halfway(_ server: ServerHarness, _ head: String) throws -> HTTPClient {
        let client = try HTTPClient(port: server.port)
        try client.socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n" + head)
        #expect(try client.readResponse().status == 200)
        return client
    }

    /// Waits until the shutdown has reached the connections.
    private func waitForDrain(_ idle: TestSocket) throws {
        try idle.waitForEnd()
    }

    @Test func whileItDrainsItIsNotReadyAndTakesNoWork() throws {
        let server = try ServerHarness(environment: ["PYLON_LOOPS": "1"])
        let probe = try halfway(server, "GET /readyz HTTP/1.1\r\n")
        let health = try halfway(server, "GET /health HTTP/1.1\r\n")
        let work = try halfway(server, "POST /api/auth/guest HTTP/1.1\r\n")
        let idle = try halfway(server, "")
        server.signal(SIGTERM)
        try waitForDrain(idle.socket)
        for client in [probe, health, work] { try client.socket.send("Host: a\r\n\r\n") }
        let ready = try probe.readResponse()
        #expect(ready.status == 503)
        #expect(ready.json["status"] == "draining")
        #expect(ready.field("Connection") == "close")
        #expect(try health.readResponse().status == 200, "alive it still is")
        let refused = try work.readResponse()
        #expect(refused.status == 503)
        #expect(refused.errorCode == "SHUTTING_DOWN")
        #expect(refused.field("Retry-After") != nil)
        for client in [probe, health, work] { try client.socket.waitForEnd() }
        for client in [probe, health, work] { client.socket.close() }
        idle.socket.close()
        #expect(server.waitForExit() == 0)
    }

    @Test func aClientThatDoesNotGoIsWaitedForOnlySoLong() throws {
        let server = try ServerHarness(environment: ["PYLON_DRAIN_SECS": "1"])
        let holding = try halfway(server, "GET /he")
        let began = ContinuousClock.now
        #expect(server.stop() == 0)
        #expect(ContinuousClock.now - began < .seconds(8), "the head timeout would take longer")
        try holding.socket.waitForEnd()
    }

    @Test func aClientThatNeverReadsDoesNotHoldItUp() throws {
        let server = try ServerHarness(environment: ["PYLON_DRAIN_SECS": "1"])
        try server.createShard("heavy", "fanout", #"{"tick_rate_hz":100,"payload_bytes":65536}"#)
        let stuck = try server.join("heavy", as: "stuck", receiveBufferBytes: 4096)
        #expect(try server.eventually { try server.metric("pylon_frames_dropped_total") ?? 0 > 0 })
        #expect(server.stop() == 0)
        stuck.socket.reset()
    }

    @Test func aSecondSignalEndsItAtOnce() throws {
        let server = try ServerHarness(environment: ["PYLON_LOOPS": "1", "PYLON_DRAIN_SECS": "600"])
        try server.createShard("heavy", "fanout", #"{"tick_rate_hz":100,"payload_bytes":65536}"#)
        let stuck = try server.join("heavy", as: "stuck", receiveBufferBytes: 4096)
        let idle = try halfway(server, "")
        #expect(try server.eventually { try server.metric("pylon_frames_dropped_total") ?? 0 > 0 })
        server.signal(SIGTERM)
        try waitForDrain(idle.socket)
        idle.socket.close()
        server.signal(SIGTERM)
        #expect(server.waitForExit(within: .seconds(10)) == 0)
        stuck.socket.reset()
    }

    @Test func noTimeToDrainIsAnAnswerToo() throws {
        let server = try ServerHarness(environment: ["PYLON_DRAIN_SECS": "0"])
        let holding = try halfway(server, "GET /he")
        #expect(server.stop() == 0)
        try holding.socket.waitForEnd()
    }

    @Test func anotherMayTakeThePortsAtOnce() throws {
        let first = try ServerHarness()
        try first.createShard("s", "counter")
        let client = try first.join("s", as: "ann")
        #expect(try client.nextSnapshot() != nil)
        first.signal(SIGKILL)
        #expect(first.waitForExit() == 128 + SIGKILL)
        let second = try ServerHarness(port: first.port)
        #expect(second.port == first.port)
        #expect(try second.get("/health").status == 200)
        #expect(try second.get("/api/shards/s").status == 404)
        client.socket.close()
        #expect(second.stop() == 0)
    }
}
