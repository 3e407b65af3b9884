internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Credentials, where they travel, and what they open.
@Suite(.blocking) struct AuthTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func isHexadecimal(_ text: Substring, _ count: Int) -> Bool {
        text.utf8.count == count && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    @Test(arguments: [nil, "{}", "not JSON"]) func aGuestGetsATokenAndAnID(body: String?) throws {
        let answer = try server.request("POST", "/api/auth/guest", body: body)
        #expect(answer.status == 201)
        let token = try #require(answer.json["token"]?.string)
        let userID = try #require(answer.json["user_id"]?.string)
        #expect(token.hasPrefix("pylon_") && isHexadecimal(token.dropFirst(6), 64))
        #expect(userID.hasPrefix("guest_") && isHexadecimal(userID.dropFirst(6), 32))
        #expect(answer.json["guest"] == true)
    }

    @Test func guestsAreDifferent() throws {
        let first = try server.guest()
        let second = try server.guest()
        #expect(first.token != second.token)
        #expect(first.userID != second.userID)
    }

    @Test func aBearerTokenTellsWhoAsks() throws {
        let guest = try server.guest()
        let answer = try server.get("/api/auth/me", token: guest.token)
        #expect(answer.status == 200)
        #expect(answer.json["user_id"]?.string == guest.userID)
        #expect(answer.json["is_admin"] == false)
    }

    @Test func theAdminTokenIsAnAdmin() throws {
        let answer = try server.get("/api/auth/me", token: ServerHarness.adminToken)
        #expect(answer.json["user_id"] == "__admin__")
        #expect(answer.json["is_admin"] == true)
    }

    @Test(arguments: [
        "Authorization: Bearer wrong", "Authorization: Basic dGVzdC1hZG1pbi10b2tlbg==",
        "Authorization: test-admin-token",
        "Authorization: Bearer", "Authorization:",
        "Authorization: Bearer pylon_0000", "X-Authorization: Bearer test-admin-token",
        "Sec-WebSocket-Protocol: bearer.test-admin-token", "Cookie: pylon_session=test-admin-token",
    ])
    func anythingElseIsAnonymous(field: String) throws {
        let answer = try server.get("/api/auth/me", fields: [field])
        #expect(answer.status == 200)
        #expect(answer.json["user_id"]?.isNull == true)
        #expect(answer.json["is_admin"] == false)
    }

    @Test func aTokenInTheQueryIsNoCredential() throws {
        let answer = try server.get("/api/auth/me?token=\(ServerHarness.adminToken)")
        #expect(answer.json["is_admin"] == false)
    }

    @Test(arguments: ["", " "]) func anEmptyAdminTokenGrantsNobody(token: String) throws {
        let closed = try ServerHarness(environment: ["PYLON_ADMIN_TOKEN": ""])
        for fields in [["Authorization: Bearer \(token)"], ["Authorization:"], []] {
            #expect(try closed.get("/api/shards", fields: fields).status == 403)
            #expect(try closed.get("/metrics", fields: fields).status == 401)
        }
    }

    // MARK: WebSockets

    @Test func theSubprotocolCarriesATokenAndIsEchoed() throws {
        try server.createShard("subprotocol", "counter", #"{"tick_rate_hz":0}"#)
        let guest = try server.guest()
        let socket = try WebSocketClient(
            port: server.shardPort, "/?shard=subprotocol&sid=\(guest.userID)",
            subprotocols: ["chat", "bearer.\(guest.token)", "bearer.other"])
        #expect(socket.subprotocol == "bearer.\(guest.token)")
        #expect(try socket.nextSnapshot() != nil)
    }

    @Test func thePercentEncodedTokenIsEchoedByteForByte() throws {
        let token = "a+b/c=d~%"
        let odd = try ServerHarness(environment: ["PYLON_ADMIN_TOKEN": token])
        let shard = #"{"id":"s","kind":"counter"}"#
        #expect(try odd.request("POST", "/api/shards", token: token, body: shard).status == 201)
        // As encodeURIComponent has it, with more escaped than need be, and as the URL query set leaves it.
        for encoded in ["bearer.a%2Bb%2Fc%3Dd~%25", "bearer.%61+b%2fc%3dd%7e%25", "bearer.a+b/c=d~%25"] {
            let admin = try WebSocketClient(port: odd.shardPort, "/?shard=s&sid=x", subprotocols: [encoded])
            #expect(admin.subprotocol == encoded)
            #expect(try admin.nextSnapshot() != nil, "\(encoded)")
        }
    }

    @Test(arguments: [true, false]) func theAdminTokenWorksOnWebSockets(inHeader: Bool) throws {
        let id = "admin-\(inHeader)"
        try server.createShard(id, "counter")
        let socket = try WebSocketClient(
            port: server.shardPort, "/?shard=\(id)&sid=anybody",
            token: inHeader ? ServerHarness.adminToken : nil,
            subprotocols: inHeader ? [] : ["bearer.\(ServerHarness.adminToken)"])
        #expect(try socket.nextSnapshot() != nil)
    }

    @Test func theHeaderWinsOverTheSubprotocol() throws {
        try server.createShard("wins", "counter")
        let guest = try server.guest()
        let socket = try WebSocketClient(
            port: server.shardPort, "/?shard=wins&sid=anybody", token: guest.token,
            subprotocols: ["bearer.\(ServerHarness.adminToken)"])
        #expect(socket.subprotocol == "bearer.\(ServerHarness.adminToken)")
        guard case .close(1008, _) = try socket.closing() else {
            Issue.record("a guest watched as somebody else")
            return
        }
    }

    @Test(arguments: [nil, "wrong"]) func withoutACredentialTheWorldRefuses(token: String?) throws {
        try server.createShard("refuses-\(token ?? "none")", "counter")
        let socket = try WebSocketClient(
            port: server.shardPort, "/?shard=refuses-\(token ?? "none")&sid=anon", token: token)
        guard case .close(let code, let reason) = try socket.closing() else {
            Issue.record("no Close frame")
            return
        }
        #expect(code == 1008)
        #expect(reason.hasPrefix("unauthorized: "))
        #expect(reason.utf8.count <= 123)
    }

    @Test func withoutASidTheCallerIsTheSubscriber() throws {
        try server.createShard("no-sid", "counter")
        let guest = try server.guest()
        let socket = try WebSocketClient(port: server.shardPort, "/?shard=no-sid", token: guest.token)
        let snapshot = try #require(try socket.nextSnapshot())
        #expect(snapshot.json["acks"]?[guest.userID] != nil)
    }
}
