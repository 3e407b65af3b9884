internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// The matchmaker over real sockets, with real shards: docs/protocol/matchmaker.md. The queues are those of `pylon` itself.
@Suite(.blocking) struct MatchmakerTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private typealias Guest = (token: String, userID: String)

    private func call(_ name: String, _ body: String = "", as guest: Guest) throws -> HTTPMessage {
        try server.request("POST", "/api/matchmaker/\(name)", token: guest.token, body: body)
    }

    private func status(_ guest: Guest, _ query: String = "") throws -> JSONValue {
        try server.get("/api/matchmaker/status\(query)", token: guest.token).json
    }

    private func socket(_ guest: Guest) throws -> WebSocketClient {
        let socket = try WebSocketClient(port: server.port, "/api/matchmaker/connect", token: guest.token)
        #expect(try message(socket)?["status"] == "idle")
        return socket
    }

    private func message(_ socket: WebSocketClient) throws -> JSONValue? {
        guard case .text(let text) = try socket.next() else { return nil }
        return try JSONParser.parse(text)
    }

    /// Reads until a message for which `condition` holds.
    private func message(_ socket: WebSocketClient, where condition: (JSONValue) -> Bool) throws -> JSONValue {
        while let next = try message(socket) {
            if condition(next) { return next }
        }
        throw ProcessError.unexpected("the socket has closed")
    }

    private func closeCode(_ message: WebSocketClient.Message?) -> UInt16? {
        if case .close(let code, _) = message { code } else { nil }
    }

    // MARK: A match

    @Test func twoPlayersMeetInAShardOfTheirOwn() throws {
        let (ann, bob, eve) = (try server.guest(), try server.guest(), try server.guest())
        let mode = #"{"queue":"pair","criteria":{"mode":"meet"}}"#
        let queued = try call("join", mode, as: ann).json
        #expect(queued["status"] == "queued" && queued["position"]?.int != nil && queued["waiting_secs"] == 0)
        #expect(queued["queue"] == "pair" && queued["mode"] == "meet")
        _ = try call("join", mode, as: bob)
        // Without polling: the answer comes with the match.
        let matched = try status(ann, "?wait=20")
        #expect(matched["status"] == "matched")
        let shard = try #require(matched["shard_id"]?.string)
        #expect(shard.wholeMatch(of: /match_[0-9a-f]{8}_[0-9]+/) != nil)
        #expect(try status(bob, "?wait=20&unless=queued")["shard_id"]?.string == shard)

        let assignment = try call("ack", as: ann).json
        #expect(assignment["player_id"]?.string == ann.userID && assignment["shard_id"]?.string == shard)
        #expect(assignment["sid"]?.string == ann.userID && assignment["assigned_at_secs"]?.int ?? 0 > 1_700_000_000)
        let code = try #require(assignment["code"]?.string)
        #expect(try call("ack", as: ann).json == assignment)
        #expect(try status(ann) == ["status": "idle", "reason": "acknowledged"])
        #expect(try call("ack", as: bob).status == 200)

        let target = "/?shard=\(shard)&code=\(code)"
        let socket = try WebSocketClient(port: server.shardPort, target, token: ann.token)
        #expect(try socket.nextSnapshot() != nil)
        // The pass is hers alone.
        let stranger = try WebSocketClient(port: server.shardPort, target, token: eve.token)
        #expect(try closeCode(stranger.closing()) == 1008)
        let shown = try server.get("/api/shards/\(shard)?code=\(code)", token: ServerHarness.adminToken).json
        #expect(shown["private"] == true && shown["players"] == 1)
    }

    @Test func aSocketHearsOfTheMatchAndAcknowledgesIt() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        let (first, second) = (try socket(ann), try socket(bob))
        for socket in [first, second] {
            try socket.send(text: #"{"type":"join","queue":"pair","criteria":{"mode":"sockets"}}"#)
        }
        let matched = try message(first) { $0["status"] == "matched" }
        #expect(matched["type"] == "status" && matched["expires_in_secs"]?.int ?? 0 > 0)
        _ = try message(second) { $0["status"] == "matched" }
        try first.send(text: #"{"type":"ack"}"#)
        let assignment = try message(first) { $0["type"] == "assignment" }
        #expect(assignment["shard_id"] == matched["shard_id"] && assignment["code"] != nil)
        // Defect 46: what is not acknowledged expires, and the other waits on.
        let expired = try message(second) { $0["status"] == "idle" }
        #expect(expired["reason"] == "expired")
        let returned = try message(first) { $0["status"] == "queued" }
        #expect(returned["reason"] == "dissolved" && returned["waiting_secs"]?.int ?? 0 >= 4)
        let shard = matched["shard_id"]?.string ?? ""
        #expect(try server.get("/api/shards/\(shard)", token: ServerHarness.adminToken).errorCode == "SHARD_NOT_FOUND")
        try first.send(text: #"{"type":"cancel"}"#)
        #expect(try message(first) { $0["status"] == "idle" }["reason"] == "cancelled")
    }

    @Test func aSocketSaysWhatIsWrong() throws {
        let ann = try server.guest()
        let socket = try socket(ann)
        for (text, code) in [
            ("{", "INVALID_JSON"), ("[]", "MISSING_FIELD"), (#"{"type":"dance"}"#, "INVALID_FIELD"),
            (#"{"type":"ack"}"#, "NOT_MATCHED"), (#"{"type":"join"}"#, "MISSING_FIELD"),
            (#"{"type":"join","queue":"chess"}"#, "QUEUE_NOT_FOUND"),
        ] {
            try socket.send(text: text)
            let error = try message(socket)
            #expect(error?["type"] == "error" && error?["code"]?.string == code, "\(text)")
        }
        try socket.send(text: #"{"type":"status"}"#)
        #expect(try message(socket) == ["type": "status", "status": "idle"])
        let anonymous = try WebSocketClient(port: server.port, "/api/matchmaker/connect")
        #expect(try closeCode(anonymous.closing()) == 1008)
    }

    @Test func whoCancelsIsNotMatched() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        let mode = #"{"queue":"pair","criteria":{"mode":"cancel"}}"#
        #expect(try call("cancel", as: ann).json == ["cancelled": false, "reason": "not_queued"])
        _ = try call("join", mode, as: ann)
        #expect(try call("cancel", as: ann).json == ["cancelled": true])
        #expect(try status(ann) == ["status": "idle", "reason": "cancelled"])
        _ = try call("join", mode, as: bob)
        #expect(try status(bob, "?wait=1")["status"] == "queued")
        #expect(try call("ack", as: ann).errorCode == "NOT_MATCHED")
        _ = try call("cancel", as: bob)
    }

    @Test func aRunningMatchTakesNewPlayers() throws {
        let players = try (0..<4).map { _ in try server.guest() }
        let criteria = #"{"queue":"zone","criteria":{"mode":"ranked","rating":1500,"latencies":{"eu":20}}}"#
        for player in players.prefix(2) { _ = try call("join", criteria, as: player) }
        let shard = try #require(try status(players[0], "?wait=20")["shard_id"]?.string)
        for player in players.prefix(2) { #expect(try call("ack", as: player).status == 200) }
        let late = try call("join", criteria, as: players[2])
        #expect(late.status == 200)
        #expect(try status(players[2], "?wait=20")["shard_id"]?.string == shard)
        let assignment = try call("ack", as: players[2]).json
        #expect(assignment["code"] == nil, "the shard is open")
        #expect(try server.metric("pylon_matchmaker_backfills_total") ?? 0 >= 1)
    }

    @Test func aPartyIsMatchedTogether() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        #expect(try server.get("/api/matchmaker/party", token: ann.token).json == ["party": nil])
        let party = try call("party/create", as: ann).json["party"]
        let code = try #require(party?["code"]?.string)
        #expect(party?["leader"]?.string == ann.userID)
        let joined = try call("party/join", #"{"code":"\#(code)"}"#, as: bob).json["party"]
        #expect(joined?["members"]?.array?.compactMap(\.string) == [ann.userID, bob.userID])
        #expect(try call("join", #"{"queue":"pair"}"#, as: bob).errorCode == "NOT_PARTY_LEADER")
        _ = try call("join", #"{"queue":"pair"}"#, as: ann)
        let shard = try status(bob, "?wait=20")["shard_id"]
        let shardOfAnn = try status(ann, "?wait=20")["shard_id"]
        #expect(shard != nil && shard == shardOfAnn)
        let made = try server.get("/api/shards/\(shard?.string ?? "")", token: ServerHarness.adminToken)
        #expect(made.json["kind"] == "counter")
        let left = try call("party/leave", as: bob).json
        #expect(left == ["party": nil])
        #expect(try status(ann)["reason"] == "party_changed")
        #expect(try call("party/leave", as: bob).errorCode == "NOT_IN_PARTY")
    }

    // MARK: Refusals

    @Test func queuesAreListed() throws {
        let list = try server.get("/api/matchmaker/queues", token: try server.guest().token).json
        #expect(list.array?.compactMap { $0["name"]?.string } == ["pair", "zone"])
        #expect(list[1]?["min_players"] == 2 && list[1]?["max_players"] == 4)
        #expect(list[1]?["regions"] == ["eu", "us"] && list[1]?["modes"] == ["default", "ranked"])
    }

    @Test(arguments: [
        ("GET", "queues"), ("POST", "join"), ("GET", "status"), ("POST", "cancel"), ("POST", "ack"), ("GET", "party"),
        ("POST", "party/create"), ("POST", "party/join"), ("POST", "party/leave"),
    ])
    func onlyThoseSignedInAreMatched(method: String, name: String) throws {
        let answer = try server.request(method, "/api/matchmaker/\(name)", body: method == "GET" ? nil : "{}")
        #expect(answer.status == 401 && answer.errorCode == "AUTH_REQUIRED")
    }

    @Test(arguments: [
        ("join", "", 400, "INVALID_JSON"), ("join", "[]", 400, "INVALID_JSON"), ("join", "{}", 400, "MISSING_FIELD"),
        ("join", #"{"queue":7}"#, 400, "INVALID_FIELD"), ("join", #"{"queue":"chess"}"#, 404, "QUEUE_NOT_FOUND"),
        ("join", #"{"queue":"pair","criteria":7}"#, 400, "INVALID_FIELD"),
        ("join", #"{"queue":"zone","criteria":{"mode":"x"}}"#, 400, "INVALID_FIELD"),
        ("join", #"{"queue":"zone","criteria":{"rating":"x"}}"#, 400, "INVALID_FIELD"),
        ("join", #"{"queue":"zone","criteria":{"latencies":{"mars":1}}}"#, 400, "INVALID_FIELD"),
        ("ack", "", 409, "NOT_MATCHED"), ("party/join", "{}", 400, "MISSING_FIELD"),
        ("party/join", #"{"code":"nothing"}"#, 404, "PARTY_NOT_FOUND"),
        ("party/leave", #"{"user_id":"x"}"#, 409, "NOT_IN_PARTY"),
    ])
    func whatCannotBeDoneIsRefused(name: String, body: String, status: Int, code: String) throws {
        let answer = try call(name, body, as: try server.guest())
        #expect(answer.status == status && answer.errorCode == code)
    }

    @Test func guestsOfOneAddressShareLimits() throws {
        let server = try ServerHarness(environment: ["PYLON_MAX_QUEUED_PER_IP": "1"])
        let (ann, bob) = (try server.guest(), try server.guest())
        func join(_ guest: Guest) throws -> HTTPMessage {
            try server.request("POST", "/api/matchmaker/join", token: guest.token, body: #"{"queue":"pair"}"#)
        }
        #expect(try join(ann).status == 200)
        let refused = try join(bob)
        #expect(refused.status == 429 && refused.errorCode == "MATCHMAKER_FULL")
        let socket = try WebSocketClient(port: server.port, "/api/matchmaker/connect", token: bob.token)
        #expect(try message(socket)?["status"] == "idle")
        try socket.send(text: #"{"type":"join","queue":"pair"}"#)
        #expect(try message(socket)?["code"] == "MATCHMAKER_FULL")
        #expect(try server.metric("pylon_matchmaker_refused_by_address_total") == 2)
        for number in 0...10 {
            let made = try server.request(
                "POST", "/api/lobby", token: try server.guest().token, body: #"{"kind":"counter"}"#)
            #expect(made.status == (number < 10 ? 201 : 429))
        }
        #expect(try server.metric("pylon_lobby_refused_total") == 1)
    }

    @Test(arguments: ["?wait=26", "?wait=-1", "?wait=x", "?unless=lost"])
    func aStatusIsAskedForInCertainWays(query: String) throws {
        let answer = try server.get("/api/matchmaker/status\(query)", token: try server.guest().token)
        #expect(answer.status == 400 && answer.errorCode == "INVALID_FIELD")
    }

    @Test func whatItDoesShowsInTheMetrics() throws {
        let names = [
            "queued", "players", "matches_total", "expired_total", "cancelled_total", "wait_seconds", "rating_spread",
            "overtakes_total", "pass_seconds",
        ]
        let text = try server.get(
            "/metrics", token: ServerHarness.adminToken, fields: ["Accept: text/plain"]
        ).text
        for name in names { #expect(text.contains("\npylon_matchmaker_\(name)"), "\(name)") }
    }
}
