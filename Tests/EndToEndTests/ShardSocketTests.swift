internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// The shard WebSocket: spec/realtime.md 3.1.
@Suite(.blocking) struct ShardSocketTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    // MARK: Frames

    @Test func aFrameIsTheTickAndTheSnapshot() throws {
        try server.createShard("layout", "fanout", #"{"tick_rate_hz":100,"payload_bytes":512}"#)
        let socket = try server.join("layout", as: "ann")
        for _ in 0..<3 {
            let snapshot = try #require(try socket.nextSnapshot())
            #expect(snapshot.payload.count == 512)
            #expect(snapshot.json["tick"]?.int.map { UInt64($0) } == snapshot.tick)
            #expect(snapshot.json["ts"]?.int != nil)
        }
    }

    @Test func whoeverOffersItGetsCompressedFrames() throws {
        try server.createShard("small", "fanout", #"{"tick_rate_hz":100,"payload_bytes":4096}"#)
        let plain = try server.join("small", as: "ann")
        let target = "/?shard=small&sid=bob"
        let deflated = try WebSocketClient(port: server.shardPort, target, token: Self.admin, offersDeflate: true)
        #expect(deflated.isDeflated)
        var last: UInt64?
        for _ in 0..<20 {
            let snapshot = try #require(try deflated.nextSnapshot())
            #expect(snapshot.payload.count == 4096)
            #expect(snapshot.json["tick"]?.int.map { UInt64($0) } == snapshot.tick)
            if let last { #expect(snapshot.tick == last + 1) }
            last = snapshot.tick
        }
        #expect(deflated.compressedTotal >= 20)
        #expect(try plain.nextSnapshot()?.payload.count == 4096)
    }

    @Test func aFrameComesAtOnceEvenWithoutTicks() throws {
        try server.createShard("silent", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("silent", as: "ann")
        let snapshot = try #require(try socket.nextSnapshot())
        #expect(snapshot.tick == 0)
        #expect(snapshot.json["total"] == 0)
    }

    @Test func whoeverJoinsLaterSeesTheStateAsItIs() throws {
        try server.createShard("later", "counter", #"{"tick_rate_hz":0}"#)
        let first = try server.join("later", as: "ann")
        try first.send(text: #"{"input":{"add":5}}"#)
        #expect(try first.snapshot { $0.json["total"] == 5 } != nil)
        let second = try server.join("later", as: "bob")
        #expect(try second.nextSnapshot()?.json["total"] == 5)
    }

    @Test func aClientThatNeverWritesGetsEveryTick() throws {
        try server.createShard("every", "counter", #"{"tick_rate_hz":100}"#)
        let socket = try server.join("every", as: "ann")
        var last = try #require(try socket.nextSnapshot()).tick
        for _ in 0..<100 {
            let snapshot = try #require(try socket.nextSnapshot())
            #expect(snapshot.tick == last + 1)
            last = snapshot.tick
        }
    }

    @Test func aShardMayPublishLessOftenThanItTicks() throws {
        try server.createShard("third", "counter", #"{"tick_rate_hz":300,"ticks_per_snapshot":3}"#)
        let socket = try server.join("third", as: "ann")
        _ = try socket.nextSnapshot()
        for _ in 0..<10 { #expect(try socket.nextSnapshot()?.tick.isMultiple(of: 3) == true) }
    }

    // MARK: Inputs

    @Test func anInputComesBackInTheStateAndIsAcknowledged() throws {
        try server.createShard("round", "counter", #"{"tick_rate_hz":50}"#)
        let socket = try server.join("round", as: "ann")
        for sequence in 1...5 {
            try socket.send(text: #"{"input":{"add":\#(sequence)},"client_seq":\#(sequence)}"#)
        }
        let snapshot = try #require(try socket.snapshot { $0.json["acks"]?["ann"] == 5 })
        #expect(snapshot.json["total"] == 15)
    }

    @Test func aBinaryMessageIsAnInputToo() throws {
        try server.createShard("binary", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("binary", as: "ann")
        try socket.send(.binary, Array(#"{"input":{"add":9}}"#.utf8))
        #expect(try socket.snapshot { $0.json["total"] == 9 } != nil)
    }

    @Test func inputsOfEachSenderAreAcknowledgedApart() throws {
        try server.createShard("apart", "counter", #"{"tick_rate_hz":0}"#)
        let ann = try server.join("apart", as: "ann")
        let bob = try server.join("apart", as: "bob")
        _ = try bob.nextSnapshot()
        try ann.send(text: #"{"input":{"add":1},"client_seq":41}"#)
        #expect(try bob.snapshot { $0.json["acks"]?["ann"] == 41 } != nil)
        try bob.send(text: #"{"input":{"add":1},"client_seq":3}"#)
        let snapshot = try #require(try ann.snapshot { $0.json["acks"]?["bob"] == 3 })
        #expect(snapshot.json["acks"]?["ann"] == 41)
    }

    @Test func whatIsNoInputIsDroppedAndTheConnectionStays() throws {
        try server.createShard("malformed", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("malformed", as: "ann")
        let deep = String(repeating: "[", count: 20_000)
        for text in [
            "", "{", "null", "7", "[]", "{}", #"{"input":{"add":"x"}}"#, #"{"input":{"add":1},"client_seq":-1}"#,
            #"{"input":{"add":1e99}}"#, #"{"input":{"add":1}} tail"#, "{\"input\":{\"add\":1}\0}", deep,
        ] {
            try socket.send(text: text)
        }
        try socket.send(.binary, [0xFF, 0x00, 0xFE])
        try socket.send(text: #"{"input":{"add":1},"client_seq":1}"#)
        let snapshot = try #require(try socket.snapshot { $0.json["acks"]?["ann"] == 1 })
        #expect(snapshot.json["total"] == 1)
    }

    @Test func anOversizedInputIsClosedWith1009() throws {
        try server.createShard("oversized", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("oversized", as: "ann")
        try socket.send(text: String(repeating: " ", count: 1_048_577))
        guard case .close(1009, _) = try socket.closing() else {
            Issue.record("not closed with 1009")
            return
        }
    }

    @Test func textThatIsNotUTF8IsClosedWith1007() throws {
        try server.createShard("latin1", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("latin1", as: "ann")
        try socket.send(.text, [0xE4])
        guard case .close(1007, _) = try socket.closing() else {
            Issue.record("not closed with 1007")
            return
        }
    }

    @Test func pingsAreAnsweredBetweenFrames() throws {
        try server.createShard("pinged", "counter", #"{"tick_rate_hz":100}"#)
        let socket = try server.join("pinged", as: "ann")
        try socket.send(.ping, Array("marco".utf8))
        var seen = 0
        while seen < 1000, try socket.next() != .pong(Array("marco".utf8)) { seen += 1 }
        #expect(seen < 1000)
    }

    // MARK: Who may come in

    @Test(arguments: ["shard=none", "shard=none&sid=ann", "shard=%20"])
    func anUnknownShardIs404BeforeTheHandshake(query: String) throws {
        let answer = try WebSocketClient.refusal(port: server.shardPort, "/?\(query)", token: Self.admin)
        #expect(answer.status == 404)
        #expect(answer.errorCode == "SHARD_NOT_FOUND")
    }

    @Test(arguments: ["/", "/?sid=ann", "/?shard=", "/?shard"]) func aMissingShardIs400(target: String) throws {
        let answer = try WebSocketClient.refusal(port: server.shardPort, target, token: Self.admin)
        #expect(answer.status == 400)
        #expect(answer.errorCode == "MISSING_SHARD")
    }

    @Test func theRefusedAreToldSoInAtMost123Bytes() throws {
        try server.createShard("refused", "counter")
        let guest = try server.guest()
        let socket = try WebSocketClient(port: server.shardPort, "/?shard=refused&sid=ann", token: guest.token)
        guard case .close(let code, let reason) = try socket.next() else {
            Issue.record("a frame for somebody who was refused")
            return
        }
        #expect(code == 1008)
        #expect(reason.hasPrefix("unauthorized: "))
        #expect(reason.utf8.count <= 123)
        #expect(try socket.next() == .end)
    }

    @Test func aFullShardCloses1013() throws {
        try server.createShard("full", "counter", #"{"max_subscribers":1}"#)
        let first = try server.join("full", as: "ann")
        #expect(try first.nextSnapshot() != nil)
        guard case .close(1013, _) = try server.join("full", as: "bob").closing() else {
            Issue.record("not closed with 1013")
            return
        }
        try first.sendClose()
        #expect(try first.closing() != nil)
        #expect(
            try server.eventually { try server.join("full", as: "bob").nextSnapshot() != nil },
            "the place is free again")
    }

    @Test(arguments: [
        ("bj%C3%B6rn", "björn"), ("a+b", "a b"), ("a%2Bb", "a+b"), ("%E2%9C%93", "✓"), ("a%26b%3Dc", "a&b=c"),
        ("channel:1", "channel:1"), ("%F0%9F%8E%AE", "🎮"),
    ])
    func aSidIsPercentDecoded(encoded: String, decoded: String) throws {
        let id = "sid-\(decoded.utf8.reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) })"
        try server.createShard(id, "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join(id, as: encoded)
        let snapshot = try #require(try socket.nextSnapshot())
        #expect(snapshot.json["acks"]?.object?.keys == [decoded])
    }

    @Test(arguments: ["%0A", "", "%00", "a%7Fb"]) func aSidThatIsNoNameIsRefused(sid: String) throws {
        try? server.createShard("bad-sid", "counter")
        let answer = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=bad-sid&sid=\(sid)", token: Self.admin)
        #expect(answer.status == 400)
    }

    @Test func aSidHasAtMost256Bytes() throws {
        try server.createShard("long-sid", "counter", #"{"tick_rate_hz":0}"#)
        let longest = String(repeating: "s", count: 256)
        #expect(try server.join("long-sid", as: longest).nextSnapshot() != nil)
        let answer = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=long-sid&sid=\(longest)s", token: Self.admin)
        #expect(answer.status == 400)
    }

    @Test func theSameSidTwiceLivesTwice() throws {
        try server.createShard("twin", "counter", #"{"tick_rate_hz":0}"#)
        let first = try server.join("twin", as: "ann")
        let second = try server.join("twin", as: "ann")
        for socket in [first, second] { #expect(try socket.nextSnapshot() != nil) }
        #expect(try server.subscribers(of: "twin") == 2)
        try first.sendClose()
        #expect(try first.closing() == .close(1000, ""))
        #expect(try server.eventually { try server.subscribers(of: "twin") == 1 })
        try second.send(text: #"{"input":{"add":4},"client_seq":1}"#)
        let snapshot = try #require(try second.snapshot { $0.json["total"] == 4 })
        #expect(snapshot.json["acks"]?["ann"] == 1)
    }

    @Test(arguments: ["close", "reset"]) func leavingIsNoticedAtOnce(how: String) throws {
        let id = "leaves-\(how)"
        try server.createShard(id, "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join(id, as: "ann")
        #expect(try socket.nextSnapshot() != nil)
        #expect(try server.subscribers(of: id) == 1)
        if how == "reset" { socket.socket.reset() } else { socket.socket.close() }
        #expect(try server.eventually(within: .seconds(5)) { try server.subscribers(of: id) == 0 })
    }

    // MARK: The end

    @Test func theEndIsTheLastFrameAndThenAClose() throws {
        try server.createShard("ends", "counter", #"{"tick_rate_hz":0,"finish_at":10}"#)
        let sockets = try ["ann", "bob"].map { try server.join("ends", as: $0) }
        for socket in sockets { _ = try socket.nextSnapshot() }
        try sockets[0].send(text: #"{"input":{"add":10}}"#)
        for socket in sockets {
            let last = try #require(try socket.snapshot { $0.json["total"] == 10 })
            #expect(last.json["total"] == 10)
            #expect(try socket.next() == .close(1000, "shard finished"))
            try socket.sendClose()
            #expect(try socket.next() == .end)
        }
    }

    @Test func aStoppedShardTakesNobody() throws {
        try server.createShard("stopped", "counter", #"{"tick_rate_hz":0,"finish_at":1}"#)
        let socket = try server.join("stopped", as: "ann")
        try socket.send(text: #"{"input":{"add":1}}"#)
        _ = try socket.closing()
        do {
            guard case .close(1013, _) = try server.join("stopped", as: "bob").closing() else {
                Issue.record("not closed with 1013")
                return
            }
        } catch WebSocketClientHandshake.Failure.refused(status: 404) {
            // Swept meanwhile.
        }
    }

    @Test func removingAShardClosesItsSockets() throws {
        try server.createShard("removed", "counter")
        let socket = try server.join("removed", as: "ann")
        _ = try socket.nextSnapshot()
        #expect(try server.request("DELETE", "/api/shards/removed", token: Self.admin).status == 200)
        #expect(try socket.closing() == .close(1000, "shard stopped"))
    }

    // MARK: The other ports

    @Test(arguments: ["/", "/ws", "/anything"]) func theMainPortTakesShardSocketsToo(path: String) throws {
        let id = "main-\(path.utf8.count)"
        try server.createShard(id, "counter")
        let socket = try WebSocketClient(port: server.port, "\(path)?shard=\(id)&sid=ann", token: Self.admin)
        #expect(try socket.nextSnapshot() != nil)
    }

    @Test func theSyncPortsSayThatTheyAreNotThereYet() throws {
        for port in [server.port + 1, server.port + 2] {
            let answer = try WebSocketClient.refusal(port: port, "/", token: Self.admin)
            #expect(answer.status == 503)
            #expect(answer.errorCode == "NOT_AVAILABLE")
        }
        #expect(try HTTPClient(port: server.port + 2).request("GET", "/events").status == 503)
        #expect(try WebSocketClient.refusal(port: server.port, "/ws", token: Self.admin).status == 503)
    }

    @Test func aWebSocketPortAnswersPlainRequestsWith426() throws {
        for port in [server.port + 1, server.port + 3] {
            let answer = try HTTPClient(port: port).request("GET", "/?shard=x")
            #expect(answer.status == 426)
            #expect(answer.field("Upgrade")?.lowercased() == "websocket")
        }
    }

    @Test(arguments: [
        ("Sec-WebSocket-Version: 8", 426), ("Sec-WebSocket-Version: 13", 400),
    ])
    func aBrokenHandshakeIsRefused(field: String, status: Int) throws {
        // Without a key in the second case.
        let key = status == 426 ? ["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="] : []
        let answer = try HTTPClient(port: server.shardPort).request(
            "GET", "/?shard=x", fields: ["Connection: Upgrade", "Upgrade: websocket", field] + key)
        #expect(answer.status == status)
        if status == 426 { #expect(answer.field("Sec-WebSocket-Version") == "13") }
    }
}
