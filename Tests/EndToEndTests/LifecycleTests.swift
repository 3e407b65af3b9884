internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Private shards, spectators, kinds and the lobby: docs/protocol/shards.md.
@Suite(.blocking) struct LifecycleTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func closing(_ socket: WebSocketClient) throws -> String? {
        guard case .close(let code, let reason) = try socket.closing() else { return nil }
        return "\(code ?? 0) \(reason)"
    }

    // MARK: Private shards

    @Test func aPrivateShardLetsThoseInWhoHaveItsCode() throws {
        try server.createShard("den", "counter", #"{"join_code":"open sesame","tick_rate_hz":0}"#)
        let guest = try server.guest()
        let port = server.shardPort
        let closed = try WebSocketClient(port: port, "/?shard=den", token: guest.token)
        #expect(try closing(closed) == "1008 unauthorized: this shard needs a code")
        let wrong = try WebSocketClient(port: port, "/?shard=den&code=open+says+me", token: guest.token)
        #expect(try closing(wrong) == "1008 unauthorized: the code does not open this shard")
        let open = try WebSocketClient(port: port, "/?shard=den&code=open+sesame", token: guest.token)
        #expect(try open.nextSnapshot() != nil)
        for path in ["connect", "events"] {
            let target = "/api/shards/den/\(path)"
            let refused = try server.get(target, token: guest.token)
            #expect(refused.status == 403 && refused.errorCode == "UNAUTHORIZED")
            let stream = try EventStreamClient(port: server.port, "\(target)?code=open%20sesame", token: guest.token)
            #expect(try path == "events" || stream.next() != nil)
        }
        let admin = try server.join("den", as: "ann")
        #expect(try admin.nextSnapshot() != nil)
        #expect(try server.get("/api/shards/den").json["private"] == true)
        let listed = try server.get("/api/lobby", token: guest.token).json.array
        #expect(listed?.contains { $0["id"] == "den" } == false)
    }

    /// Who was moved into a shard, or had a pass, offers a code that does not fit, and a token that does.
    @Test func goodTokensBesideAWrongCodeAreNoGuessesAndBadOnesAre() throws {
        let other = try ServerHarness()
        try other.createShard("den", "counter", #"{"join_code":"open sesame","reconnect_grace_ms":60000}"#)
        let guest = try other.guest()
        let sid = "shard=den&sid=\(guest.userID)"
        var client = try StreamV2Client(other, sid + "&code=open+sesame", token: guest.token)
        for _ in 0..<12 {
            let token = try #require(try client.next("hello")["resume"]?.string)
            client = try StreamV2Client(other, sid + "&code=other&resume_token=" + token, token: guest.token)
        }
        #expect(try client.next("hello")["resumed"] == true)
        #expect(try other.metric("pylon_join_codes_wrong_total") == 0)
        let made = "&resume_token=" + String(repeating: "0", count: 32)
        for number in 0..<10 {
            if number.isMultiple(of: 2) {
                let path = "/api/shards/den/connect?proto=2&code=guess\(made)"
                #expect(try other.get(path, token: guest.token).status == 403)
            } else {
                let refused = try StreamV2Client(other, sid + "&code=guess" + made, token: guest.token)
                #expect(try refused.next("bye")["code"]?.string == "UNAUTHORIZED")
            }
        }
        #expect(try other.metric("pylon_join_codes_wrong_total") == 10)
        // From now on codes are not looked at, whatever stands beside them.
        let right = try StreamV2Client(other, sid + "&code=open+sesame" + made, token: guest.token)
        #expect(try right.next("bye")["code"]?.string == "UNAUTHORIZED")
    }

    @Test func whoGuessesHasToWait() throws {
        let other = try ServerHarness()
        try other.createShard("den", "counter", #"{"join_code":"open sesame","tick_rate_hz":0}"#)
        let guest = try other.guest()
        for _ in 0..<10 {
            let answer = try other.get("/api/shards/den/connect?code=guess", token: guest.token)
            #expect(answer.status == 403)
        }
        let answer = try other.get("/api/shards/den/connect?code=open%20sesame", token: guest.token)
        #expect(answer.status == 429 && answer.errorCode == "TOO_MANY_ATTEMPTS" && answer.field("Retry-After") == "60")
        let target = "/?shard=den&code=open+sesame"
        #expect(try WebSocketClient.refusal(port: other.shardPort, target, token: guest.token).status == 429)
        #expect(try other.metric("pylon_join_codes_wrong_total") == 10)
        let admin = try other.join("den", as: "ann")
        #expect(try admin.nextSnapshot() != nil)
        other.stop()
    }

    // MARK: Roles

    @Test func aSpectatorSeesAndSendsNothing() throws {
        try server.createShard("stage", "counter", #"{"tick_rate_hz":0,"max_players":1,"max_spectators":1}"#)
        let (ann, bob, cec) = (try server.guest(), try server.guest(), try server.guest())
        let port = server.shardPort
        let player = try WebSocketClient(port: port, "/?shard=stage", token: ann.token)
        #expect(try player.nextSnapshot() != nil)
        let spectator = try WebSocketClient(port: port, "/?shard=stage&role=spectator", token: bob.token)
        let first = try #require(try spectator.nextSnapshot())
        #expect(first.json["acks"]?.object?.count == 1, "the world knows of one player")
        let shown = try server.get("/api/shards/stage").json
        #expect(shown["players"] == 1 && shown["spectators"] == 1 && shown["subscribers"] == 2)

        let refused = try server.metric("pylon_inputs_refused_total") ?? 0
        try spectator.send(text: #"{"input":{"add":1000}}"#)
        #expect(try server.eventually { try server.metric("pylon_inputs_refused_total") ?? 0 > refused })
        let input = #"{"input":{"add":1000}}"#
        let posted = try server.request("POST", "/api/shards/stage/input", token: bob.token, body: input)
        #expect(posted.status == 403 && posted.errorCode == "UNAUTHORIZED")
        try player.send(text: #"{"input":{"add":1}}"#)
        #expect(try spectator.snapshot { $0.json["total"] == 1 } != nil)

        let late = try WebSocketClient(port: port, "/?shard=stage", token: cec.token)
        #expect(try closing(late) == "1013 the shard is full")
        let full = try server.get("/api/shards/stage/connect?role=spectator", token: cec.token)
        #expect(full.status == 429 && full.errorCode == "SUBSCRIBE_FAILED")
        let again = try WebSocketClient(port: port, "/?shard=stage", token: ann.token)
        #expect(try again.nextSnapshot() != nil, "a second tab of a player is no second player")
        #expect(try WebSocketClient.refusal(port: port, "/?shard=stage&role=king", token: cec.token).status == 400)
    }

    @Test func aSpectatorOfStreamV2IsToldThatItSendsNothing() throws {
        let config = #"{"tick_rate_hz":0,"reconnect_grace_ms":60000,"max_players":1,"max_spectators":1}"#
        try server.createShard("stage2", "counter", config)
        let (ann, bob) = (try server.guest(), try server.guest())
        let player = try StreamV2Client(server, "shard=stage2", token: ann.token)
        _ = try player.next("keyframe")
        let spectator = try StreamV2Client(server, "shard=stage2&role=spectator", token: bob.token)
        let token = try #require(try spectator.next("hello")["resume"]?.string)
        try spectator.send(#"{"input":{"add":1},"client_seq":3}"#)
        let refused = try spectator.next("error")
        #expect(refused["code"] == "UNAUTHORIZED" && refused["client_seq"] == 3)
        // The same place, taken over.
        let again = try StreamV2Client(
            server, "shard=stage2&role=spectator&resume_token=\(token)", token: bob.token)
        #expect(try again.next("hello")["resumed"] == true)
        // A player's seat is held, a spectator's is not.
        try again.socket.sendClose()
        try player.socket.sendClose()
        #expect(
            try server.eventually {
                let shard = try server.get("/api/shards/stage2").json
                return shard["subscribers"] == 0 && shard["spectators"] == 0 && shard["players"] == 1
            })
        let other = try StreamV2Client(server, "shard=stage2", token: bob.token)
        #expect(try other.next("bye")["code"] == "FULL")
    }

    @Test func aPrivateShardTellsStreamV2Why() throws {
        try server.createShard("den2", "counter", #"{"join_code":"open sesame","tick_rate_hz":0}"#)
        let guest = try server.guest()
        let closed = try StreamV2Client(server, "shard=den2&code=open", token: guest.token)
        #expect(try closed.next("bye")["code"] == "UNAUTHORIZED")
        let open = try StreamV2Client(server, "shard=den2&code=open+sesame", token: guest.token)
        #expect(try open.next("hello")["shard"] == "den2")
    }

    @Test func aShardEndsAfterItsTicks() throws {
        try server.createShard("short", "counter", #"{"tick_rate_hz":100,"max_ticks":30}"#)
        let socket = try server.join("short", as: "ann")
        var last: UInt64 = 0
        while let snapshot = try socket.nextSnapshot() { last = snapshot.tick }
        #expect(last == 30)
    }

    // MARK: Kinds

    @Test func kindsAreListedWithWhatTheyTake() throws {
        let list = try server.get("/api/shards/kinds", token: Self.admin).json
        #expect(list.array?.compactMap { $0["name"]?.string } == ["counter", "fanout", "ferry", "fleet", "herd"])
        #expect(list[1]?["config"]?["properties"]?["payload_bytes"]?["default"] == 512)
        #expect(list[0]?["open"] == true && list[1]?["listed"] == false)
        #expect(try server.get("/api/shards/kinds", token: try server.guest().token).errorCode == "FORBIDDEN")
    }

    @Test func whatMeansNothingIsToldToWhoeverMadeTheShard() throws {
        let body = #"{"id":"typo","kind":"fanout","config":{"payload_bites":512,"tick_rate_hz":1}}"#
        let made = try server.request("POST", "/api/shards", token: Self.admin, body: body)
        #expect(made.status == 201 && made.json["ignored_config"] == ["payload_bites"])
        let wrong = #"{"id":"wrong","kind":"fanout","config":{"payload_bytes":63}}"#
        let refused = try server.request("POST", "/api/shards", token: Self.admin, body: wrong)
        #expect(refused.errorCode == "INVALID_SHARD_CONFIG")
        #expect(refused.json["error"]?["message"]?.string?.contains("config.payload_bytes") == true)
    }

    // MARK: The lobby

    @Test func usersMakeAndFindShards() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        func make(_ body: String, as token: String) throws -> HTTPMessage {
            try server.request("POST", "/api/lobby", token: token, body: body)
        }
        let made = try make(#"{"kind":"counter","config":{"finish_at":100}}"#, as: ann.token)
        #expect(made.status == 201)
        let id = try #require(made.json["id"]?.string)
        let list = try server.get("/api/lobby?kind=counter", token: bob.token).json.array
        #expect(list?.contains { $0["id"]?.string == id } == true)
        #expect(
            try server.get("/api/lobby?after=\(id)", token: bob.token).json.array?.contains { $0["id"]?.string == id }
                == false)
        let secret = try make(#"{"kind":"counter","private":true}"#, as: ann.token)
        let code = try #require(secret.json["join_code"]?.string)
        let target = "/?shard=\(secret.json["id"]?.string ?? "")&code=\(code)"
        let socket = try WebSocketClient(port: server.shardPort, target, token: bob.token)
        #expect(try socket.nextSnapshot() != nil)
        let third = try make(#"{"kind":"counter"}"#, as: ann.token)
        #expect(third.status == 429 && third.errorCode == "SHARD_LIMIT_REACHED")
        #expect(try server.request("DELETE", "/api/lobby/\(id)", token: bob.token).errorCode == "SHARD_NOT_FOUND")
        #expect(try server.request("DELETE", "/api/lobby/\(id)", token: ann.token).json == ["removed": .string(id)])
        for (body, status, code) in [
            (#"{"kind":"fanout"}"#, 403, "KIND_NOT_OPEN"), (#"{"kind":"chess"}"#, 403, "KIND_NOT_OPEN"),
            (#"{"kind":"counter","config":{"tick_rate_hz":1000}}"#, 400, "INVALID_SHARD_CONFIG"),
            (#"{"kind":"counter","private":1}"#, 400, "INVALID_FIELD"), ("{}", 400, "MISSING_FIELD"),
            (#"{"kind":"counter","config":[]}"#, 400, "INVALID_FIELD"), ("[]", 400, "INVALID_JSON"),
        ] {
            let answer = try make(body, as: bob.token)
            #expect(answer.status == status && answer.errorCode == code, "\(body)")
        }
        #expect(try server.get("/api/lobby").status == 401)
    }
}
