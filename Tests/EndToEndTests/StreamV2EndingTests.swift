internal import Glibc
internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// How streams v2 end: docs/protocol/stream-v2.md.
@Suite(.blocking) struct StreamV2EndingTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    /// The last two messages: `bye` and the Close frame.
    private func ending(_ client: StreamV2Client) throws -> (bye: JSONValue, close: StreamV2Client.Message?) {
        let rest = try client.rest()
        return (rest.dropLast().last?.json ?? .null, rest.last)
    }

    @Test func theEndOfTheWorldIsExplained() throws {
        try server.createShard("end", "counter", #"{"tick_rate_hz":50,"finish_at":3}"#)
        let client = try StreamV2Client(server, "shard=end&sid=ann")
        _ = try client.next("keyframe")
        try client.send(#"{"input":{"add":3},"client_seq":1}"#)
        let rest = try client.rest()
        #expect(rest.last == .close(1000, "shard finished"))
        #expect(
            rest.dropLast().last
                == .json(
                    type: "bye",
                    #"{"type":"bye","code":"FINISHED","reason":"shard finished","retry_after_ms":null}"#))
        // The last state and its acknowledgement came before.
        #expect(rest.dropLast(2).last?.json["total"] == 3)
        #expect(rest.contains { $0.type == "ack" })
    }

    @Test func aStopIsExplained() throws {
        try server.createShard("stop", "counter")
        let client = try StreamV2Client(server, "shard=stop&sid=ann&events=1")
        _ = try client.next("keyframe")
        _ = try server.request("DELETE", "/api/shards/stop", token: Self.admin)
        let (bye, close) = try ending(client)
        #expect(bye["type"] == "bye" && bye["code"] == "STOPPED" && bye["retry_after_ms"] == .null)
        #expect(close == .close(1000, "shard stopped"))
    }

    /// A thousand clients that were told to come back at once would all come at once.
    @Test func aShutdownSpreadsThoseWhoComeBack() throws {
        let server = try ServerHarness()
        try server.createShard("drain", "counter", #"{"tick_rate_hz":0}"#)
        let clients = try (0..<20).map { try StreamV2Client(server, "shard=drain&sid=u\($0)") }
        let stream = try EventStreamClient(
            port: server.port, "/api/shards/drain/connect?sid=s&proto=2", token: Self.admin)
        for client in clients { _ = try client.next("keyframe") }
        server.signal(SIGTERM)
        var delays: Set<Int> = []
        for client in clients {
            let (bye, close) = try ending(client)
            #expect(bye["code"] == "GOING_AWAY")
            guard case .close(1001, _)? = close else {
                Issue.record("not closed with 1001")
                continue
            }
            let delay = try #require(bye["retry_after_ms"]?.int)
            #expect((1000...10_000).contains(delay))
            delays.insert(delay)
            client.socket.socket.close()
        }
        #expect(delays.count > 10)
        var last: EventStreamParser.Event?
        while let event = try stream.next() { last = event }
        #expect(last?.name == "bye" && last?.data.contains(#""code":"GOING_AWAY""#) == true)
        stream.http.socket.close()
        #expect(server.waitForExit(within: .seconds(10)) == 0)
    }

    @Test func whoeverIsNotTakenIsToldWhy() throws {
        try server.createShard("small", "counter", #"{"max_subscribers":1}"#)
        let first = try StreamV2Client(server, "shard=small&sid=ann")
        _ = try first.next("hello")
        let full = try ending(try StreamV2Client(server, "shard=small&sid=bob"))
        #expect(full.bye["code"] == "FULL")
        #expect((5000...10_000).contains(try #require(full.bye["retry_after_ms"]?.int)))
        #expect(full.close == .close(1013, "the shard is full"))
        let guest = try server.guest()
        let other = try ending(try StreamV2Client(server, "shard=small&sid=ann", token: guest.token))
        #expect(other.bye["code"] == "UNAUTHORIZED" && other.bye["retry_after_ms"] == .null)
        #expect(other.close == .close(1008, "unauthorized: the subscriber id must be your user id"))
        let gone = try ending(try StreamV2Client(server, "shard=small&sid=bob&events=1&resume_events=7"))
        #expect(gone.bye["code"] == "FULL")
        let refused = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=none&sid=ann&proto=2", token: Self.admin)
        #expect(refused.status == 404)
    }

    @Test func whoeverBreaksTheRulesOfWebSocketIsToldSo() throws {
        try server.createShard("rules", "counter", #"{"tick_rate_hz":0}"#)
        let client = try StreamV2Client(server, "shard=rules&sid=ann")
        _ = try client.next("keyframe")
        try client.socket.send(.text, [0xFF])
        let rest = try client.rest()
        #expect(rest.first?.json["code"] == "PROTOCOL_ERROR" && rest.first?.json["retry_after_ms"] == .null)
        guard case .close(1007, _)? = rest.last else {
            Issue.record("not closed with 1007")
            return
        }
    }

    @Test func whoeverClosesIsAnswered() throws {
        try server.createShard("close", "counter", #"{"tick_rate_hz":0}"#)
        let client = try StreamV2Client(server, "shard=close&sid=ann&events=1")
        _ = try client.next("keyframe")
        try client.socket.sendClose()
        #expect(try client.next() == .close(1000, ""))
        #expect(try server.eventually { try server.subscribers(of: "close") == 0 })
    }
}

/// Events and states of a shard on one connection.
@Suite(.keepingPace) struct StreamV2EventTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func create(_ id: String, hertz: Int = 50, events: Int = 2, bytes: Int = 64) throws {
        try server.createShard(
            id, "fanout", #"{"tick_rate_hz":\#(hertz),"events_per_tick":\#(events),"payload_bytes":\#(bytes)}"#)
    }

    @Test func eventsAndStatesComeOnOneConnectionEachInOrder() throws {
        try create("both")
        let client = try StreamV2Client(server, "shard=both&sid=ann&events=1")
        var number = try #require(try client.next("hello")["event_seq"]?.int)
        var tick = 0
        var states = 0
        for _ in 0..<120 {
            switch try client.next() {
            case .event(let found, _):
                try #require(found == number + 1)
                number = found
            case .keyframe(let found, _):
                try #require(found > tick || tick == 0)
                tick = found
                states += 1
            case let other: Issue.record("\(other)")
            }
        }
        #expect(states > 20 && states < 100)
        client.socket.socket.reset()
        // Whoever comes back misses no event, and counts on.
        let again = try StreamV2Client(server, "shard=both&sid=ann&events=1&resume_events=\(number)")
        #expect(try again.next("hello")["event_seq"]?.int == number)
        for _ in 0..<30 {
            guard case .event(let found, _) = try again.next() else { continue }
            try #require(found == number + 1)
            number = found
        }
    }

    @Test func withoutAskingThereAreNoEvents() throws {
        try create("none")
        let client = try StreamV2Client(server, "shard=none&sid=ann&events=0")
        #expect(try client.next("hello")["event_seq"] == nil)
        for _ in 0..<20 { #expect(try client.next().type == "keyframe") }
    }

    @Test func aCursorThatIsGoneEndsTheStreamWithTheOldest() throws {
        try create("gone")
        let rest = try StreamV2Client(server, "shard=gone&sid=ann&events=1&resume_events=5").rest()
        let bye = try #require(rest.first?.json)
        let oldest = try #require(bye["oldest_seq"]?.int)
        #expect(bye["code"] == "RESYNC_REQUIRED" && bye["retry_after_ms"] == .null)
        #expect(rest.last == .close(4410, "resync required: oldest_seq=\(oldest)"))
        let answer = try server.get(
            "/api/shards/gone/connect?sid=ann&proto=2&events=1&resume_events=5", token: Self.admin)
        #expect(answer.status == 410 && answer.errorCode == "RESYNC_REQUIRED")
    }

    @Test func whoeverIsTooSlowForTheEventsIsToldWhereItStands() throws {
        try create("slow", hertz: 100, events: 10, bytes: 8192)
        let before = try #require(try server.metric("pylon_event_streams_overrun_total"))
        let stuck = try StreamV2Client(server, "shard=slow&sid=ann&events=1", receiveBufferBytes: 4096)
        #expect(try server.eventually { try server.metric("pylon_event_streams_overrun_total") ?? 0 > before })
        var number = try #require(try stuck.next("hello")["event_seq"]?.int)
        let rest = try stuck.rest()
        for message in rest {
            guard case .event(let found, _) = message else { continue }
            try #require(found == number + 1)
            number = found
        }
        let bye = try #require(rest.dropLast().last?.json)
        #expect(bye["code"] == "TOO_SLOW" && bye["retry_after_ms"]?.int != nil)
        guard case .close(1013, _)? = rest.last else {
            Issue.record("not closed with 1013")
            return
        }
        let again = try StreamV2Client(server, "shard=slow&sid=ann&events=1&resume_events=\(number)")
        #expect(try again.next("hello")["event_seq"]?.int == number)
        _ = try server.request("DELETE", "/api/shards/slow", token: Self.admin)
    }

    // MARK: Event streams

    private func stream(_ query: String, fields: [String] = []) throws -> EventStreamClient {
        try EventStreamClient(port: server.port, "/api/shards/\(query)", token: Self.admin, fields: fields)
    }

    @Test func anEventStreamCarriesTheSameMessages() throws {
        try server.createShard("sse", "counter", #"{"tick_rate_hz":0,"finish_at":9,"reconnect_grace_ms":60000}"#)
        let stream = try stream("sse/connect?sid=ann&proto=2")
        let hello = try #require(try stream.next())
        #expect(hello.name == "hello" && hello.lastEventID == "")
        let token = try #require(try JSONParser.parse(hello.data)["resume"]?.string)
        let state = try #require(try stream.next())
        #expect(state.name == "keyframe" && state.lastEventID == "0")
        #expect(state.data == #"{"tick":0,"total":0,"acks":{"ann":null}}"#)
        func send(_ input: String, _ number: Int) throws -> Int {
            try server.request(
                "POST", "/api/shards/sse/input", token: Self.admin,
                body: #"{"subscriber_id":"ann","input":\#(input),"client_seq":\#(number)}"#
            ).status
        }
        #expect(try send(#"{"add":4}"#, 6) == 200)
        let acknowledgement = try #require(try stream.next())
        #expect(acknowledgement.name == "ack")
        #expect(acknowledgement.data == #"{"type":"ack","client_seq":6,"seq":1,"tick":1}"#)
        #expect(try stream.next()?.data.contains(#""total":4"#) == true)
        stream.http.socket.reset()
        #expect(try server.eventually { try server.subscribers(of: "sse") == 0 })
        let resumed = try self.stream("sse/connect?sid=ann&proto=2&resume_token=\(token)")
        let again = try JSONParser.parse(try #require(try resumed.next()).data)
        #expect(again["resumed"] == true && again["ack"]?["client_seq"] == 6)
        #expect(try send(#"{"add":5}"#, 7) == 200)
        var last: EventStreamParser.Event?
        while let event = try resumed.next() { last = event }
        #expect(last?.name == "bye" && last?.data.contains(#""code":"FINISHED""#) == true)
    }

    @Test func eventsOfAnEventStreamCarryTheirNumbers() throws {
        try create("sse2")
        let first = try stream("sse2/connect?sid=ann&proto=2&events=1")
        let hello = try JSONParser.parse(try #require(try first.next()).data)
        var number = try #require(hello["event_seq"]?.int)
        for _ in 0..<60 {
            let event = try #require(try first.next())
            guard event.name == "event" else {
                #expect(event.name == "keyframe")
                continue
            }
            number += 1
            let json = try JSONParser.parse(event.data)
            try #require(json["seq"]?.int == number)
            #expect(json["type"] == "event" && json["event"]?["tick"]?.int != nil)
        }
        // What a browser remembers by itself is the tick of a state, which says nothing of events.
        let second = try stream(
            "sse2/connect?sid=ann&proto=2&events=1&resume_events=\(number)", fields: ["Last-Event-ID: 7"])
        #expect(try JSONParser.parse(try #require(try second.next()).data)["event_seq"]?.int == number)
        while let event = try second.next() {
            guard event.name == "event" else { continue }
            #expect(try JSONParser.parse(event.data)["seq"]?.int == number + 1)
            break
        }
    }

    @Test func anEventStreamV1IsAsItWas() throws {
        try server.createShard("sse1", "counter", #"{"tick_rate_hz":0}"#)
        let new = try stream("sse1/connect?sid=ann&proto=2")
        _ = try new.next()
        let old = try stream("sse1/connect?sid=ann&events=1")
        let state = #"{"tick":0,"total":0,"acks":{"ann":null}}"#
        #expect(
            try String(decoding: #require(try old.http.readChunk()), as: UTF8.self) == "id: 0\ndata: \(state)\n\n")
        _ = try server.request("DELETE", "/api/shards/sse1", token: Self.admin)
        #expect(
            try String(decoding: #require(try old.http.readChunk()), as: UTF8.self)
                == "event: end\ndata: {\"reason\":\"shard stopped\"}\n\n")
        #expect(try old.http.readChunk() == nil)
    }
}
