internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// The event streams of a shard, over both transports: docs/protocol/shards.md.
@Suite(.keepingPace) struct ShardEventTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    /// A shard that broadcasts `events` a tick, of `bytes` bytes each.
    private func create(_ id: String, hertz: Int = 50, events: Int = 2, bytes: Int = 64, extra: String = "") throws {
        try server.createShard(
            id, "fanout",
            #"{"tick_rate_hz":\#(hertz),"events_per_tick":\#(events),"payload_bytes":\#(bytes)\#(extra)}"#)
    }

    private func socket(_ id: String, _ query: String = "", receiveBufferBytes: Int32? = nil) throws -> WebSocketClient
    {
        try WebSocketClient(
            port: server.shardPort, "/?shard=\(id)&sid=ann&stream=events\(query)", token: Self.admin,
            receiveBufferBytes: receiveBufferBytes)
    }

    private func stream(_ id: String, _ query: String = "", fields: [String] = []) throws -> EventStreamClient {
        try EventStreamClient(
            port: server.port, "/api/shards/\(id)/events?sid=ann\(query)", token: Self.admin, fields: fields)
    }

    /// The cursor that a stream begins with: a message without JSON.
    private func greeting(_ socket: WebSocketClient) throws -> UInt64 {
        let first = try #require(try socket.nextSnapshot())
        #expect(first.payload.isEmpty)
        return first.tick
    }

    private func expectNext(_ count: Int, on socket: WebSocketClient, after cursor: UInt64) throws {
        for number in 1...UInt64(count) {
            let event = try #require(try socket.nextSnapshot())
            try #require(event.tick == cursor + number)
            #expect(event.json["tick"]?.int != nil && event.json["ts"]?.int != nil)
        }
    }

    private func expectNext(_ count: Int, on stream: EventStreamClient, after cursor: UInt64) throws {
        for number in 1...UInt64(count) {
            let event = try #require(try stream.next())
            try #require(event.lastEventID == String(cursor + number))
            #expect(try JSONParser.parse(event.data)["tick"]?.int != nil)
        }
    }

    // MARK: Streams

    @Test func aSocketBeginsWithTheCursorAndGetsEveryEvent() throws {
        try create("ws")
        let socket = try socket("ws")
        let cursor = try greeting(socket)
        // Streams begin at the microsecond of their making.
        #expect(cursor > 1_700_000_000_000_000 && cursor < 1 << 53)
        try expectNext(50, on: socket, after: cursor)
    }

    @Test func aStreamBeginsWithTheCursorAndGetsEveryEvent() throws {
        try create("sse")
        let stream = try stream("sse")
        #expect(stream.head.status == 200 && stream.head.field("Content-Type") == "text/event-stream")
        let chunk = String(decoding: try #require(try stream.http.readChunk()), as: UTF8.self)
        #expect(chunk.hasPrefix("id: ") && chunk.hasSuffix("\n\n") && !chunk.contains("data"))
        let cursor = try #require(UInt64(chunk.dropFirst(4).dropLast(2)))
        try expectNext(50, on: stream, after: cursor)
    }

    @Test func whoeverComesBackMissesNothing() throws {
        try create("back")
        let first = try socket("back")
        let cursor = try greeting(first)
        try expectNext(7, on: first, after: cursor)
        first.socket.reset()
        let second = try socket("back", "&resume=\(cursor + 7)")
        #expect(try greeting(second) == cursor + 7)
        try expectNext(20, on: second, after: cursor + 7)
        second.socket.close()
        // The other transport counts the same.
        for (query, fields) in [
            ("&resume=\(cursor + 27)", []), ("", ["Last-Event-ID: \(cursor + 27)"]),
            // The field is the browser's own and newer than the page's query.
            ("&resume=\(cursor + 5)", ["Last-Event-ID: \(cursor + 27)"]),
            ("&resume=0", ["Last-Event-ID: \(cursor + 27)"]),
        ] {
            try expectNext(10, on: try stream("back", query, fields: fields), after: cursor + 27)
        }
    }

    // MARK: Refusals

    @Test func aCursorThatIsGoneIsToldWhichIsTheOldest() throws {
        try create("gone", extra: #","events_kept":4"#)
        let socket = try socket("gone")
        let cursor = try greeting(socket)
        try expectNext(20, on: socket, after: cursor)
        for old in ["0", String(cursor), "9999999999999999999"] {
            let refused = try self.socket("gone", "&resume=\(old)")
            guard case .close(let code, _) = try refused.next() else {
                Issue.record("resumed from \(old)")
                continue
            }
            #expect(code == 4410)
            let answer = try server.get("/api/shards/gone/events?sid=ann&resume=\(old)", token: Self.admin)
            #expect(answer.status == 410 && answer.errorCode == "RESYNC_REQUIRED")
            let oldest = try #require(answer.json["error"]?["oldest_seq"]?.int)
            #expect(UInt64(oldest) > cursor)
        }
        socket.socket.close()
        #expect(try server.eventually { try server.subscribers(of: "gone") == 0 })
    }

    @Test(arguments: ["", "x", "-1", "+1", "1.0", "0x1", "99999999999999999999", "%201"])
    func aCursorThatIsNoNumberIs400(text: String) throws {
        try? create("malformed")
        for query in ["&stream=events&resume=\(text)", "&resume=\(text)"] {
            let answer = try WebSocketClient.refusal(
                port: server.shardPort, "/?shard=malformed&sid=ann\(query)", token: Self.admin)
            #expect(answer.status == 400)
        }
        #expect(try server.get("/api/shards/malformed/events?sid=ann&resume=\(text)", token: Self.admin).status == 400)
        guard !text.isEmpty, !text.hasPrefix("%") else { return }
        let field = try server.get(
            "/api/shards/malformed/events?sid=ann", token: Self.admin, fields: ["Last-Event-ID: \(text)"])
        #expect(field.status == 400)
    }

    @Test(arguments: ["", "event", "EVENTS", "all"]) func aStreamOfAnotherNameIs400(name: String) throws {
        try? create("named")
        let answer = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=named&sid=ann&stream=\(name)", token: Self.admin)
        #expect(answer.status == 400)
    }

    @Test func whoMayNotWatchMayNotFollowEither() throws {
        try create("private")
        #expect(try server.get("/api/shards/private/events?sid=ann").status == 401)
        #expect(try server.get("/api/shards/none/events").status == 401, "who asks is checked first")
        let other = try server.get("/api/shards/private/events?sid=ann", token: try server.guest().token)
        #expect(other.status == 403 && other.errorCode == "UNAUTHORIZED")
        let missing = try server.get("/api/shards/none/events?sid=ann", token: Self.admin)
        #expect(missing.status == 404 && missing.errorCode == "SHARD_NOT_FOUND")
        let refused = try WebSocketClient(
            port: server.shardPort, "/?shard=private&sid=ann&stream=events", token: try server.guest().token)
        guard case .close(1008, _) = try refused.next() else {
            Issue.record("followed somebody else's events")
            return
        }
    }

    // MARK: The end

    @Test func removingAShardEndsItsEventStreams() throws {
        try create("ends")
        let socket = try socket("ends")
        let stream = try stream("ends")
        let cursor = try greeting(socket)
        try expectNext(3, on: socket, after: cursor)
        _ = try stream.next()
        _ = try server.request("DELETE", "/api/shards/ends", token: Self.admin)
        #expect(try socket.closing() == .close(1000, "shard stopped"))
        var last: EventStreamParser.Event?
        while let event = try stream.next() { last = event }
        #expect(last?.name == "end")
    }

    @Test func whoNeverReadsIsClosedWhileOthersGetEverything() throws {
        try create("slow", hertz: 100, events: 5, bytes: 8192, extra: #","events_kept":100000"#)
        let healthy = try socket("slow")
        let cursor = try greeting(healthy)
        let stuckSocket = try socket("slow", receiveBufferBytes: 4096)
        let stuckStream = try EventStreamClient(
            over: TestSocket(port: server.port, receiveBufferBytes: 4096), "/api/shards/slow/events?sid=ann",
            token: Self.admin)
        let before = try #require(try server.metric("pylon_event_streams_overrun_total"))
        var read = 0
        while try server.metric("pylon_event_streams_overrun_total") ?? 0 < before + 2, read < 20_000 {
            try expectNext(200, on: healthy, after: cursor + UInt64(read))
            read += 200
        }
        // What came before the gap is whole and in order, then the reason.
        let first = try greeting(stuckSocket)
        var last = first
        reading: while true {
            switch try stuckSocket.next() {
            case .binary(let bytes):
                let number = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
                try #require(number == last + 1)
                last = number
            case .close(let code, let reason):
                #expect(code == 1013 && reason.contains("resume"))
                break reading
            case let other:
                Issue.record("\(other) instead of a Close frame")
                break reading
            }
        }
        var lastID: UInt64?
        var ending: EventStreamParser.Event?
        while let event = try stuckStream.next() {
            guard event.name == "message" else {
                ending = event
                continue
            }
            let number = try #require(UInt64(event.lastEventID))
            if let lastID { try #require(number == lastID + 1) }
            lastID = number
        }
        #expect(ending?.name == "end" && ending?.data.contains("resume") == true)
        // The healthy one has not been disturbed.
        try expectNext(200, on: healthy, after: cursor + UInt64(read))
        _ = try server.request("DELETE", "/api/shards/slow", token: Self.admin)
    }

    @Test func whoWasClosedForBeingSlowResumesWithoutALoss() throws {
        // Steps only when told to: what was broadcast is known to the event.
        try create("again", hertz: 0, events: 20, bytes: 8192)
        let healthy = try socket("again")
        var newest = try greeting(healthy)
        let stuck = try socket("again", receiveBufferBytes: 4096)
        let before = try #require(try server.metric("pylon_event_streams_overrun_total"))
        for _ in 0..<2000 where try server.metric("pylon_event_streams_overrun_total") == before {
            try healthy.send(text: #"{"input":null}"#)
            try expectNext(20, on: healthy, after: newest)
            newest += 20
        }
        var last = try greeting(stuck)
        while case .binary(let bytes) = try stuck.next() {
            let number = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            try #require(number == last + 1)
            last = number
        }
        #expect(last < newest, "nothing was lost, so nothing was shown")
        let resumed = try socket("again", "&resume=\(last)")
        #expect(try greeting(resumed) == last)
        try expectNext(Int(newest - last), on: resumed, after: last)
    }
}
