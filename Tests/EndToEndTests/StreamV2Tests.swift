internal import Glibc
internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Stream v2 over real sockets: docs/protocol/stream-v2.md.
@Suite(.blocking) struct StreamV2Tests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func client(_ query: String) throws -> StreamV2Client { try StreamV2Client(server, query) }

    // MARK: Negotiation

    @Test func theSubprotocolOrTheQueryAsksForIt() throws {
        try server.createShard("ask", "counter", #"{"tick_rate_hz":0}"#)
        let offered = try client("shard=ask&sid=ann")
        #expect(offered.socket.subprotocol == "pylon.v2")
        #expect(try offered.next().type == "hello")
        #expect(try offered.next() == .keyframe(tick: 0, #"{"tick":0,"total":0,"acks":{"ann":null}}"#))
        let asked = try StreamV2Client(server, "shard=ask&sid=ann&proto=2", subprotocols: [])
        #expect(asked.socket.subprotocol == nil)
        #expect(try asked.next().type == "hello")
        // A token may be offered beside it and is still read.
        let guest = try server.guest()
        for order in [["pylon.v2", "bearer.\(guest.token)"], ["bearer.\(guest.token)", "pylon.v2"]] {
            let both = try StreamV2Client(server, "shard=ask&sid=\(guest.userID)", token: nil, subprotocols: order)
            #expect(both.socket.subprotocol == "pylon.v2")
            #expect(try both.next().json["sid"]?.string == guest.userID)
        }
        let query = try StreamV2Client(
            server, "shard=ask&proto=2", token: nil, subprotocols: ["bearer.\(guest.token)"])
        #expect(query.socket.subprotocol == "bearer.\(guest.token)")
        #expect(try query.next().json["sid"]?.string == guest.userID)
    }

    private func frame(_ tick: UInt8, _ state: String) -> WebSocketClient.Message {
        .binary([0, 0, 0, 0, 0, 0, 0, tick] + Array(state.utf8))
    }

    /// What clients of stream v1 are sent, byte for byte, whatever happens beside them.
    @Test func clientsOfStreamV1NoticeNothing() throws {
        try server.createShard("old", "counter", #"{"tick_rate_hz":0}"#)
        let asked = ["", "&proto=1", "&proto=3", "&events=1", "&resume_token=x"]
        let olds = try asked.map { query in
            try WebSocketClient(port: server.shardPort, "/?shard=old&sid=ann\(query)", token: Self.admin)
        }
        let new = try client("shard=old&sid=bob")
        _ = try new.next("keyframe")
        for old in olds {
            #expect(old.subprotocol == nil)
            #expect(try old.next() == frame(0, #"{"tick":0,"total":0,"acks":{"ann":null}}"#))
        }
        // Refused inputs of theirs are answered by nothing; the next thing they see is a state.
        try olds[0].send(text: "no JSON")
        try olds[0].send(text: #"{"input":{"subtract":1},"client_seq":1}"#)
        try olds[0].send(text: #"{"type":"ping","id":1}"#)
        try olds[0].send(text: #"{"input":{"add":3},"client_seq":2,"tick":"any"}"#)
        for old in olds {
            #expect(try old.next() == frame(1, #"{"tick":1,"total":3,"acks":{"ann":2,"bob":null}}"#))
        }
        #expect(try server.request("DELETE", "/api/shards/old", token: Self.admin).status == 200)
        for old in olds { #expect(try old.next() == .close(1000, "shard stopped")) }
    }

    @Test(arguments: [
        "events=2", "events=", "events=1&resume_events=x", "events=1&resume_events=-1", "resume_token=abc",
        "resume_token=0011223344556677889900112233445g", "stream=events",
    ])
    func aQueryThatCannotBeReadIs400(query: String) throws {
        try? server.createShard("query", "counter")
        let answer = try WebSocketClient.refusal(
            port: server.shardPort, "/?shard=query&sid=ann&proto=2&\(query)", token: Self.admin)
        #expect(answer.status == 400 && answer.errorCode == "INVALID_FIELD")
        let stream = try server.get("/api/shards/query/connect?sid=ann&proto=2&\(query)", token: Self.admin)
        #expect(stream.status == 400 && stream.errorCode == "INVALID_FIELD")
    }

    @Test func compressedStatesAreTheSame() throws {
        try server.createShard("zip", "fanout", #"{"tick_rate_hz":50,"payload_bytes":4096}"#)
        let old = try WebSocketClient(
            port: server.shardPort, "/?shard=zip&sid=old", token: Self.admin, offersDeflate: true)
        let new = try StreamV2Client(server, "shard=zip&sid=ann", offersDeflate: true)
        #expect(new.socket.isDeflated)
        #expect(try new.next().type == "hello")
        var last = -1
        for _ in 0..<20 {
            guard case .keyframe(let tick, let text) = try new.next() else {
                Issue.record("no state")
                return
            }
            #expect(text.utf8.count == 4096 && tick > last)
            last = tick
        }
        #expect(new.socket.compressedTotal >= 19)
        #expect(try old.nextSnapshot()?.payload.count == 4096)
    }

    // MARK: Answers

    /// Defects 18 and 19.
    @Test func everyInputIsAnswered() throws {
        try server.createShard("answers", "counter", #"{"tick_rate_hz":0,"inputs_per_second":20}"#)
        let client = try self.client("shard=answers&sid=ann")
        _ = try client.next("keyframe")
        try client.send(#"{"input":{"add":3},"client_seq":7}"#)
        #expect(
            try client.next() == .json(type: "ack", #"{"type":"ack","client_seq":7,"seq":1,"tick":1}"#))
        #expect(try client.next() == .keyframe(tick: 1, #"{"tick":1,"total":3,"acks":{"ann":7}}"#))
        try client.send(#"{"input":{"subtract":3},"client_seq":8}"#)
        let refused = try client.next().json
        #expect(refused["type"] == "error" && refused["code"] == "INPUT_REJECTED" && refused["client_seq"] == 8)
        try client.send(#"{"input":{"add":1},"client_seq":"x"}"#)
        let invalid = try client.next().json
        #expect(invalid["code"] == "INVALID_MESSAGE" && invalid["client_seq"] == .null)
        try client.socket.send(.binary, [0x7B, 0x7D])
        #expect(try client.next().json["code"] == "INVALID_MESSAGE")
        // An acknowledgement of a state is taken and not answered.
        try client.socket.send(.binary, [0x04, 0x01])
        try client.send(#"{"type":"ack","tick":1}"#)
        for number in 100..<140 { try client.send(#"{"input":{"add":0},"client_seq":\#(number)}"#) }
        var limited: [Int] = []
        var acknowledged = 0
        while limited.count < 10 || acknowledged == 0 {
            let message = try client.next().json
            if message["code"] == "RATE_LIMITED", let number = message["client_seq"]?.int { limited.append(number) }
            if message["type"] == "ack", let number = message["client_seq"]?.int { acknowledged = number }
        }
        #expect(limited == limited.sorted() && limited.allSatisfy { $0 > 100 })
        #expect(try server.metric("pylon_inputs_rate_limited_total") ?? 0 >= 10)
        let answer = try server.request(
            "POST", "/api/shards/answers/input", token: Self.admin, body: #"{"subscriber_id":"ann","input":{"add":1}}"#)
        #expect(answer.status == 200 || (answer.status == 429 && answer.errorCode == "RATE_LIMITED"))
    }

    @Test func requestsBeyondTheRateAre429() throws {
        try server.createShard("rate", "counter", #"{"tick_rate_hz":0,"inputs_per_second":1}"#)
        let client = try self.client("shard=rate&sid=ann")
        _ = try client.next("keyframe")
        func post() throws -> HTTPMessage {
            try server.request(
                "POST", "/api/shards/rate/input", token: Self.admin, body: #"{"subscriber_id":"ann","input":{"add":1}}"#
            )
        }
        var refused: HTTPMessage?
        for _ in 0..<50 where refused == nil {
            let answer = try post()
            if answer.status != 200 { refused = answer }
        }
        let answer = try #require(refused)
        #expect(answer.status == 429 && answer.errorCode == "RATE_LIMITED" && answer.field("Retry-After") == "1")
    }

    @Test func clocksAreCompared() throws {
        try server.createShard("clock", "counter", #"{"tick_rate_hz":50}"#)
        let client = try self.client("shard=clock&sid=ann")
        let hello = try client.next("hello")
        try client.send(#"{"type":"ping","id":5,"client_ms":12.25}"#)
        let pong = try client.next("pong")
        #expect(pong["id"] == 5 && pong["client_ms"] == 12.25)
        let (then, now) = (try #require(hello["server_ms"]?.double), try #require(pong["server_ms"]?.double))
        #expect(now >= then && now < then + 60_000)
        #expect(try #require(pong["tick"]?.int) >= #require(hello["tick"]?.int))
        #expect(try #require(pong["tick_age_ms"]?.double) >= 0)
    }

    @Test func theStateComesOnceMoreWhenAskedFor() throws {
        try server.createShard("more", "counter", #"{"tick_rate_hz":0}"#)
        let client = try self.client("shard=more&sid=ann")
        let first = try client.next("keyframe")
        try client.send(#"{"type":"keyframe"}"#)
        #expect(try client.next() == .keyframe(tick: 0, first.text))
        try client.send(#"{"type":"keyframe"}"#)
        #expect(try client.next().json["code"] == "RATE_LIMITED")
    }

    @Test func aStateThatIsAnotherIsReported() throws {
        let server = try ServerHarness()
        try server.createShard("desync", "counter", #"{"tick_rate_hz":20,"hash_ticks":1}"#)
        let client = try StreamV2Client(server, "shard=desync&sid=ann")
        _ = try client.next("hello")
        _ = try client.next("keyframe")
        guard case .keyframe(let tick, let text) = try client.next() else {
            Issue.record("no state")
            return
        }
        let hash = text.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        func digits(_ hash: UInt64) -> String {
            let digits = String(hash, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        try client.send(#"{"type":"hash","tick":\#(tick),"hash":"\#(digits(hash))"}"#)
        try client.send(#"{"type":"hash","tick":\#(tick),"hash":"\#(digits(hash ^ 1))"}"#)
        let error = try client.next("error")
        #expect(error["code"] == "DESYNC" && error["tick"]?.int == tick)
        #expect(try server.metric("pylon_desyncs_total") == 1)
        #expect(server.eventually { server.log.contains("another state of tick \(tick)") })
        server.stop()
    }

    // MARK: Seats

    @Test func whoeverReconnectsInTimeGoesOn() throws {
        try server.createShard("seat", "counter", #"{"tick_rate_hz":50,"reconnect_grace_ms":60000}"#)
        let first = try client("shard=seat&sid=ann")
        let token = try #require(try first.next("hello")["resume"]?.string)
        try first.send(#"{"input":{"add":1},"client_seq":9}"#)
        #expect(try first.next("ack")["client_seq"] == 9)
        first.socket.socket.reset()
        #expect(try server.eventually { try server.subscribers(of: "seat") == 0 })
        #expect(try server.metric("pylon_seats_held") ?? 0 >= 1)
        let second = try client("shard=seat&sid=ann&resume_token=\(token)")
        let hello = try second.next("hello")
        #expect(hello["resumed"] == true && hello["ack"]?["client_seq"] == 9)
        // The world has kept its player, acknowledgement included.
        #expect(try second.next("keyframe")["acks"]?["ann"] == 9)
        #expect(try server.metric("pylon_seats_resumed_total") ?? 0 >= 1)
        let stranger = try client("shard=seat&sid=bob&resume_token=\(token)")
        #expect(try stranger.next("hello")["resumed"] == false)
    }

    @Test func whoeverReconnectsTooLateBeginsAnew() throws {
        try server.createShard("late", "counter", #"{"tick_rate_hz":50,"reconnect_grace_ms":1}"#)
        let watcher = try client("shard=late&sid=watcher")
        let first = try client("shard=late&sid=ann")
        let token = try #require(try first.next("hello")["resume"]?.string)
        try first.send(#"{"input":{"add":1},"client_seq":9}"#)
        _ = try first.next("ack")
        while try watcher.next("keyframe")["acks"]?["ann"] != 9 {}
        first.socket.socket.reset()
        // Until the world has been told.
        while try watcher.next("keyframe")["acks"]?["ann"] != nil {}
        let hello = try client("shard=late&sid=ann&resume_token=\(token)").next("hello")
        #expect(hello["resumed"] == false && hello["ack"] == .null)
    }

    @Test func aSeatThatIsTakenOverSaysGoodbye() throws {
        try server.createShard("over", "counter", #"{"tick_rate_hz":50}"#)
        let first = try client("shard=over&sid=ann")
        let token = try #require(try first.next("hello")["resume"]?.string)
        let second = try client("shard=over&sid=ann&resume_token=\(token)")
        #expect(try second.next("hello")["resumed"] == true)
        let last = try first.rest().suffix(2)
        #expect(last.first?.json["code"] == "REPLACED" && last.first?.json["retry_after_ms"] == .null)
        #expect(last.last == .close(1000, "resumed elsewhere"))
    }
}
