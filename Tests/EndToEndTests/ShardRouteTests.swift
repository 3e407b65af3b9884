internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Shards over HTTP: spec/realtime.md 3.3, and the routes that make and remove them.
@Suite(.blocking) struct ShardRouteTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func create(_ body: String, token: String? = Self.admin) throws -> HTTPMessage {
        try server.request("POST", "/api/shards", token: token, body: body)
    }

    // MARK: Making and removing

    @Test func aShardIsMadeShownListedAndRemoved() throws {
        let made = try create(#"{"id":"life","kind":"counter","config":{"tick_rate_hz":100}}"#)
        #expect(made.status == 201)
        #expect(made.json["id"] == "life")
        #expect(made.json["running"] == true)
        let shown = try server.get("/api/shards/life")
        #expect(shown.status == 200)
        #expect(
            shown.json.object?.keys.sorted() == [
                "id", "input_queue", "kind", "players", "private", "running", "spectators", "subscribers", "tick",
            ])
        #expect(shown.json["subscribers"] == 0)
        #expect(shown.json["input_queue"] == 0)
        let list = try server.get("/api/shards", token: Self.admin)
        #expect(list.json.array?.contains { $0["id"] == "life" } == true)
        #expect(try server.eventually { try server.get("/api/shards/life").json["tick"]?.int ?? 0 > 3 })
        let removed = try server.request("DELETE", "/api/shards/life", token: Self.admin)
        #expect(removed.status == 200)
        #expect(try server.get("/api/shards/life").status == 404)
        #expect(try server.request("DELETE", "/api/shards/life", token: Self.admin).errorCode == "SHARD_NOT_FOUND")
        #expect(try create(#"{"id":"life","kind":"counter"}"#).status == 201, "the id is free again")
    }

    @Test(arguments: ["GET /api/shards", "POST /api/shards", "DELETE /api/shards/x"])
    func onlyAdminsManageShards(route: String) throws {
        let parts = route.split(separator: " ").map(String.init)
        let guest = try server.guest()
        for token in [nil, "wrong", guest.token] {
            let answer = try server.request(parts[0], parts[1], token: token, body: "{}")
            #expect(answer.status == 403)
            #expect(answer.errorCode == "FORBIDDEN")
        }
    }

    @Test(arguments: [
        ("", 400, "INVALID_JSON"), ("{", 400, "INVALID_JSON"), ("[]", 400, "INVALID_JSON"),
        ("null", 400, "INVALID_JSON"),
        (#"{"id":"a","kind":"counter"} x"#, 400, "INVALID_JSON"), ("{}", 400, "MISSING_FIELD"),
        (#"{"kind":"counter"}"#, 400, "MISSING_FIELD"), (#"{"id":"a"}"#, 400, "MISSING_FIELD"),
        (#"{"id":null,"kind":"counter"}"#, 400, "MISSING_FIELD"), (#"{"id":7,"kind":"counter"}"#, 400, "INVALID_FIELD"),
        (#"{"id":"a","kind":["counter"]}"#, 400, "INVALID_FIELD"),
        (#"{"id":"a","kind":"counter","config":[]}"#, 400, "INVALID_FIELD"),
        (#"{"id":"a","kind":"counter","config":"fast"}"#, 400, "INVALID_FIELD"),
        (#"{"id":"a","kind":"chess"}"#, 400, "UNKNOWN_SHARD_KIND"),
        (#"{"id":"a","kind":""}"#, 400, "UNKNOWN_SHARD_KIND"),
        (#"{"id":"","kind":"counter"}"#, 400, "INVALID_SHARD_ID"),
        (#"{"id":"a b","kind":"counter"}"#, 400, "INVALID_SHARD_ID"),
        (#"{"id":"a\nb","kind":"counter"}"#, 400, "INVALID_SHARD_ID"),
        (#"{"id":"a\u0000b","kind":"counter"}"#, 400, "INVALID_SHARD_ID"),
    ])
    func aBodyThatMakesNoShardIsRefused(body: String, status: Int, code: String) throws {
        let answer = try create(body)
        #expect(answer.status == status)
        #expect(answer.errorCode == code)
    }

    @Test func anIDHasAtMost128Bytes() throws {
        let id = String(repeating: "i", count: 128)
        #expect(try create(#"{"id":"\#(id)","kind":"counter"}"#).status == 201)
        let answer = try create(#"{"id":"\#(id)i","kind":"counter"}"#)
        #expect(answer.status == 400)
        #expect(answer.errorCode == "INVALID_SHARD_ID")
    }

    @Test func aDuplicateIDIsAConflict() throws {
        #expect(try create(#"{"id":"twice","kind":"counter"}"#).status == 201)
        let answer = try create(#"{"id":"twice","kind":"fanout"}"#)
        #expect(answer.status == 409)
        #expect(answer.errorCode == "SHARD_EXISTS")
    }

    @Test(arguments: [
        #"{"tick_rate_hz":-1}"#, #"{"tick_rate_hz":1001}"#, #"{"tick_rate_hz":20.5}"#, #"{"tick_rate_hz":"20"}"#,
        #"{"tick_rate_hz":1e400}"#, #"{"max_subscribers":-1}"#, #"{"max_subscribers":99999999999}"#,
        #"{"max_subscribers":true}"#, #"{"max_input_queue":-5}"#, #"{"max_input_queue":99999999999999999999}"#,
        #"{"idle_ticks_before_shutdown":-1}"#, #"{"idle_ticks_before_shutdown":[]}"#,
        #"{"idle_ticks_before_shutdown":9223372036854775807}"#, #"{"ticks_per_snapshot":0}"#,
        #"{"ticks_per_snapshot":10001}"#, #"{"snapshot_format":"bincode"}"#, #"{"snapshot_format":7}"#,
        #"{"seed":-1}"#, #"{"seed":"lucky"}"#, #"{"seed":1.5}"#,
    ])
    func anAbsurdConfigurationIsRefusedByField(config: String) throws {
        let answer = try create(#"{"id":"absurd","kind":"counter","config":\#(config)}"#)
        #expect(answer.status == 400)
        if answer.errorCode == "INVALID_JSON" {
            #expect(config.contains("e400"), "a number beyond every type is no JSON to some parsers")
        } else {
            #expect(answer.errorCode == "INVALID_SHARD_CONFIG")
            let field = config.split(separator: "\"")[1]
            #expect(answer.json["error"]?["message"]?.string?.contains(field) == true)
        }
        #expect(try server.get("/api/shards/absurd").status == 404)
    }

    @Test(arguments: [63, 16 * 1024 * 1024 + 1, -1])
    func aKindsOwnFieldIsCheckedToo(payloadBytes: Int) throws {
        let answer = try create(#"{"id":"own","kind":"fanout","config":{"payload_bytes":\#(payloadBytes)}}"#)
        #expect(answer.status == 400)
        #expect(answer.errorCode == "INVALID_SHARD_CONFIG")
    }

    @Test func everyFieldOfTheConfigurationIsTaken() throws {
        let config = #"""
            {"tick_rate_hz":60,"max_subscribers":0,"max_input_queue":0,"idle_ticks_before_shutdown":0,
             "snapshot_format":"json_compact","ticks_per_snapshot":3,"seed":7,"unknown":null}
            """#
        #expect(try create(#"{"id":"every","kind":"counter","config":\#(config)}"#).status == 201)
        #expect(
            try create(#"{"id":"nulls","kind":"counter","config":{"tick_rate_hz":null,"seed":null}}"#).status == 201)
        #expect(try create(#"{"id":"no-config","kind":"counter","config":null}"#).status == 400)
    }

    @Test func thereAreOnlySoManyShards() throws {
        let small = try ServerHarness(environment: ["PYLON_MAX_SHARDS": "2"])
        try small.createShard("a", "counter")
        try small.createShard("b", "counter")
        let body = #"{"id":"c","kind":"counter"}"#
        let answer = try small.request("POST", "/api/shards", token: Self.admin, body: body)
        #expect(answer.status == 429)
        #expect(answer.errorCode == "SHARD_LIMIT_REACHED")
        _ = try small.request("DELETE", "/api/shards/a", token: Self.admin)
        #expect(try small.request("POST", "/api/shards", token: Self.admin, body: body).status == 201)
    }

    @Test func anIdleShardStops() throws {
        try server.createShard("idle", "counter", #"{"tick_rate_hz":100,"idle_ticks_before_shutdown":5}"#)
        try server.createShard("idle-event", "counter", #"{"tick_rate_hz":0,"idle_ticks_before_shutdown":1}"#)
        for id in ["idle", "idle-event"] {
            // Stopped, or swept already.
            #expect(try server.eventually { try server.get("/api/shards/\(id)").json["running"] != true }, "\(id)")
        }
    }

    @Test(arguments: ["/api/shards/none", "/api/shards/%20", "/api/shards/%2F"])
    func anUnknownShardIsNotFound(target: String) throws {
        let answer = try server.get(target)
        #expect(answer.status == 404)
        #expect(answer.errorCode == "SHARD_NOT_FOUND")
    }

    @Test func idsArePercentDecodedInPaths() throws {
        #expect(try create(#"{"id":"channel:1/ü","kind":"counter"}"#).status == 201)
        #expect(try server.get("/api/shards/channel%3A1%2F%C3%BC").json["id"] == "channel:1/ü")
    }
}

/// `POST /api/shards/:id/input`.
@Suite(.blocking) struct ShardInputRouteTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func push(_ shard: String, _ body: String, token: String? = nil, query: String = "") throws -> HTTPMessage {
        try server.request("POST", "/api/shards/\(shard)/input\(query)", token: token, body: body)
    }

    private func guestSocket(_ shard: String) throws -> (WebSocketClient, token: String, userID: String) {
        let guest = try server.guest()
        let socket = try WebSocketClient(
            port: server.shardPort, "/?shard=\(shard)&sid=\(guest.userID)", token: guest.token)
        _ = try socket.nextSnapshot()
        return (socket, guest.token, guest.userID)
    }

    @Test func anAcceptedInputIsNumberedAndApplied() throws {
        try server.createShard("accepts", "counter", #"{"tick_rate_hz":100}"#)
        let (socket, token, userID) = try guestSocket("accepts")
        let first = try push("accepts", #"{"input":{"add":2},"client_seq":7}"#, token: token)
        #expect(first.status == 200)
        #expect(first.json == ["accepted": true, "seq": 1])
        let second = try push("accepts", #"{"subscriber_id":"\#(userID)","input":{"add":3}}"#, token: token)
        #expect(second.json["seq"] == 2)
        let snapshot = try #require(try socket.snapshot { $0.json["total"] == 5 })
        #expect(snapshot.json["acks"]?[userID] == 7)
    }

    @Test(arguments: [
        ("", "INVALID_JSON"), ("{", "INVALID_JSON"), ("[1]", "INVALID_JSON"),
        (#"{"input":{"add":"x"}}"#, "INPUT_REJECTED"),
        (#"{"input":null}"#, "INPUT_REJECTED"), ("{}", "INPUT_REJECTED"), (#"{"input":{"add":1.5}}"#, "INPUT_REJECTED"),
        (#"{"input":{"add":1},"client_seq":-1}"#, "INVALID_FIELD"),
        (#"{"input":{"add":1},"client_seq":"7"}"#, "INVALID_FIELD"),
        (#"{"input":{"add":1},"tick":-1}"#, "INVALID_FIELD"), (#"{"input":{"add":1},"tick":1.5}"#, "INVALID_FIELD"),
        (#"{"input":{"add":1},"tick":"7"}"#, "INVALID_FIELD"),
        (#"{"input":{"add":1},"subscriber_id":7}"#, "INVALID_FIELD"),
        (#"{"input":{"add":1},"subscriber_id":""}"#, "INVALID_FIELD"),
    ])
    func anInputThatDoesNotFitIsRejected(body: String, code: String) throws {
        let id = "misfit-\(body.utf8.reduce(UInt32(7)) { $0 &* 31 &+ UInt32($1) })"
        try server.createShard(id, "counter", #"{"tick_rate_hz":0}"#)
        let (socket, token, _) = try guestSocket(id)
        defer { socket.socket.close() }
        let answer = try push(id, body, token: token)
        #expect(answer.status == 400)
        #expect(answer.errorCode == code)
    }

    @Test func anInputThatNamesItsTickWaitsForIt() throws {
        try server.createShard("paced", "counter", #"{"tick_rate_hz":100,"input_delay_ticks":32}"#)
        let (socket, token, _) = try guestSocket("paced")
        // One of before the delay is late, and applied at once.
        _ = try #require(try socket.snapshot { $0.tick > 40 })
        let lateBefore = try server.metric("pylon_inputs_late_total") ?? 0
        #expect(try push("paced", #"{"input":{"add":1},"tick":1}"#, token: token).status == 200)
        #expect(try server.metric("pylon_inputs_late_total") == lateBefore + 1)
        // No tick is no tick.
        #expect(try push("paced", #"{"input":{"add":1},"tick":null}"#, token: token).status == 200)
        let before = try #require(try socket.snapshot { $0.json["total"] == 2 }).tick
        #expect(try push("paced", #"{"input":{"add":1},"tick":1000000000}"#, token: token).status == 200)
        let applied = try #require(try socket.snapshot { $0.json["total"] == 3 }).tick
        #expect(applied > before + 32)
    }

    @Test func aSenderWithoutAConnectionIsRefused() throws {
        try server.createShard("detached", "counter")
        let guest = try server.guest()
        let answer = try push("detached", #"{"input":{"add":1}}"#, token: guest.token)
        #expect(answer.status == 403)
        #expect(answer.errorCode == "UNAUTHORIZED")
    }

    @Test func nobodyActsForAnotherSubscriber() throws {
        try server.createShard("others", "counter", #"{"tick_rate_hz":0}"#)
        let (socket, _, victim) = try guestSocket("others")
        defer { socket.socket.close() }
        let (other, token, _) = try guestSocket("others")
        defer { other.socket.close() }
        let body = #"{"subscriber_id":"\#(victim)","input":{"add":1}}"#
        for token in [token, nil, "wrong"] {
            let answer = try push("others", body, token: token)
            #expect(answer.status == 403)
            #expect(answer.errorCode == "UNAUTHORIZED")
        }
        #expect(try push("others", body, token: Self.admin).status == 200, "admins may")
    }

    @Test func theAnonymousHaveNoConnectionToActFor() throws {
        try server.createShard("anonymous", "counter")
        let answer = try push("anonymous", #"{"input":{"add":1}}"#, query: "?sid=7")
        #expect(answer.status == 403)
        #expect(answer.errorCode == "UNAUTHORIZED")
    }

    @Test func theAnonymousAreNamedByTheirSid() throws {
        try server.createShard("named", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("named", as: "anon_7")
        _ = try socket.nextSnapshot()
        // The name is found; the world still refuses the caller.
        let answer = try push("named", #"{"input":{"add":1}}"#, query: "?sid=7")
        #expect(answer.status == 403)
        #expect(answer.text.contains("sign in"))
    }

    @Test func aFullQueueRejects() throws {
        // One tick per second: the third input comes well before the queue is drained, or the test goes round again.
        try server.createShard("queue", "counter", #"{"tick_rate_hz":1,"max_input_queue":2}"#)
        let (socket, token, _) = try guestSocket("queue")
        defer { socket.socket.close() }
        let refused = try server.eventually {
            let answer = try push("queue", #"{"input":{"add":1}}"#, token: token)
            guard answer.status != 200 else { return false }
            #expect(answer.status == 400)
            #expect(answer.errorCode == "INPUT_REJECTED")
            return true
        }
        #expect(refused)
        #expect(try server.get("/api/shards/queue").json["input_queue"]?.int ?? 9 <= 2)
    }

    @Test func aStoppedShardRejects() throws {
        try server.createShard("stopped", "counter", #"{"tick_rate_hz":0,"finish_at":1}"#)
        let (socket, token, _) = try guestSocket("stopped")
        #expect(try push("stopped", #"{"input":{"add":1}}"#, token: token).status == 200)
        _ = try socket.closing()
        let answer = try push("stopped", #"{"input":{"add":1}}"#, token: token)
        // Not swept yet, and the sender may be detached already: any of the three says that it did not count.
        #expect([400, 403, 404].contains(answer.status))
        #expect(["INPUT_REJECTED", "UNAUTHORIZED", "SHARD_NOT_FOUND"].contains(answer.errorCode))
    }

    @Test func anUnknownShardIsNotFound() throws {
        let answer = try push("none", #"{"input":{"add":1}}"#)
        #expect(answer.status == 404)
        #expect(answer.errorCode == "SHARD_NOT_FOUND")
    }
}
