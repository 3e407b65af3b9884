internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Slow and stuck clients hurt nobody but themselves, on a server with one loop and one tick worker.
@Suite(.keepingPace) struct IsolationTests {
    private static let shared = Result {
        try ServerHarness(
            ["--host", "127.0.0.1", "--test-endpoints"], environment: ["PYLON_LOOPS": "1", "PYLON_TICK_WORKERS": "1"])
    }
    private static let heavy = #"{"tick_rate_hz":50,"payload_bytes":65536}"#

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    /// Reads until a hundred ticks have followed each other without a gap. This process may be the slow one for a moment, on a
    /// machine that does other things; a shard that waits for somebody would never get there.
    private func seesHundredConsecutiveTicks(_ socket: WebSocketClient) throws -> Bool {
        var run = 0
        var last: UInt64 = 0
        let found = try socket.snapshot {
            run = $0.tick == last + 1 ? run + 1 : 0
            last = $0.tick
            return run == 100
        }
        return found != nil
    }

    @Test func aSocketThatNeverReadsDelaysNobody() throws {
        try server.createShard("heavy-socket", "fanout", Self.heavy)
        let stuck = try server.join("heavy-socket", as: "stuck", receiveBufferBytes: 4096)
        let healthy = try server.join("heavy-socket", as: "healthy")
        #expect(try seesHundredConsecutiveTicks(healthy))
        #expect(try server.eventually { try server.metric("pylon_frames_dropped_total") ?? 0 > 0 })
        stuck.socket.reset()
        healthy.socket.reset()
    }

    @Test func aStreamThatIsNeverReadDelaysNobody() throws {
        try server.createShard("heavy-stream", "fanout", Self.heavy)
        let stuck = try TestSocket(port: server.port, receiveBufferBytes: 4096)
        try stuck.send(
            "GET /api/shards/heavy-stream/connect?sid=stuck HTTP/1.1\r\nHost: a\r\n"
                + "Authorization: Bearer \(ServerHarness.adminToken)\r\n\r\n")
        let healthy = try server.join("heavy-stream", as: "healthy")
        #expect(try seesHundredConsecutiveTicks(healthy))
        #expect(try server.subscribers(of: "heavy-stream") == 2)
        stuck.reset()
        healthy.socket.reset()
    }

    @Test func aClientThatFellBehindResumesWithTheNewest() throws {
        try server.createShard("resumes", "fanout", Self.heavy)
        let slow = try server.join("resumes", as: "slow", receiveBufferBytes: 4096)
        let healthy = try server.join("resumes", as: "healthy")
        _ = try healthy.snapshot { $0.tick >= 60 }
        let now = try #require(try healthy.nextSnapshot()).tick
        // What the kernel and the ring held comes first, in order; then a gap, and the present.
        var last: UInt64 = 0
        var frames = 0
        let caughtUp = try slow.snapshot {
            #expect($0.tick >= last)
            last = $0.tick
            frames += 1
            return $0.tick >= now
        }
        #expect(caughtUp != nil)
        #expect(frames < 60, "\(frames) frames were kept for a client that read none")
        healthy.socket.reset()
    }

    @Test func anOpenStreamBlocksNoRequest() throws {
        try server.createShard("quiet", "counter", #"{"tick_rate_hz":0}"#)
        let stream = try server.watch("quiet", as: "ann")
        _ = try stream.next()
        for index in 0..<20 {
            #expect(try server.get("/health").status == 200)
            try server.createShard("beside-\(index)", "counter")
        }
        #expect(try server.subscribers(of: "quiet") == 1)
        stream.http.socket.close()
    }

    @Test func whoeverPipelinesAndNeverReadsIsNotListenedTo() throws {
        let flooder = try TestSocket(port: server.port, receiveBufferBytes: 4096)
        let requests = Array(String(repeating: "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", count: 500).utf8)
        let most = 64 << 20
        #expect(try flooder.flood(requests, bytesMaximum: most) < most)
        #expect(try server.get("/health").status == 200)
        flooder.reset()
    }

    @Test func whoeverTalksToAnEchoAndNeverReadsIsNotListenedTo() throws {
        let flooder = try WebSocketClient(port: server.port, "/__test__/echo", receiveBufferBytes: 4096)
        // A masked binary frame of 16 KiB whose key is zero.
        let frame: [UInt8] = [0x82, 0xFE, 0x40, 0x00, 0, 0, 0, 0] + [UInt8](repeating: 7, count: 0x4000)
        let most = 64 << 20
        #expect(try flooder.socket.flood(frame, bytesMaximum: most) < most)
        #expect(try server.get("/health").status == 200)
        flooder.socket.reset()
    }
}
