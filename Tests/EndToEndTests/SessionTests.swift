internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Sessions: who may start one, what it says, and that it ends.
@Suite(.blocking) struct SessionTests {
    private static func manifest(_ auth: String) -> String {
        #"""
        {"manifest_version":1,"name":"sessions","version":"0.1.0","entities":[
          {"name":"Member","fields":[
            {"name":"email","type":"string","optional":false,"unique":false},
            {"name":"passwordHash","type":"string","optional":true,"unique":false},
            {"name":"_rank","type":"int","optional":true,"unique":false},
            {"name":"notes","type":"string","optional":true,"unique":false},
            {"name":"active","type":"bool","optional":true,"unique":false}],"indexes":[]}],
         "routes":[],"policies":[{"name":"closed","entity":"Member","allow":"auth.isAdmin"}],"auth":\#(auth)}
        """#
    }

    private let admin = ServerHarness.adminToken

    private func start(_ server: ServerHarness, _ body: String, token: String? = nil) throws -> HTTPMessage {
        try server.request("POST", "/api/auth/session", token: token, body: body)
    }

    @Test func administratorsStartSessionsForAnybody() throws {
        let server = try ServerHarness()
        let answer = try start(server, #"{"user_id":"user-1"}"#, token: admin)
        #expect(answer.status == 201)
        #expect(answer.json["user_id"] == "user-1")
        #expect(try #require(answer.json["expires_at"]?.int) > 1_700_000_000)
        let token = try #require(answer.json["token"]?.string)
        #expect(token.hasPrefix("pylon_") && token.utf8.count == 70)
        #expect(
            try server.get("/api/auth/me", token: token).json == ["user_id": "user-1", "is_admin": false, "roles": []])
    }

    @Test func othersStartSessionsInDevelopmentOnly() throws {
        let server = try ServerHarness()
        let guest = try server.guest()
        for token in [nil, guest.token, "pylon_0000"] {
            let answer = try start(server, #"{"user_id":"user-1"}"#, token: token)
            #expect(answer.status == 403)
            #expect(answer.errorCode == "FORBIDDEN")
        }
        let open = try ServerHarness(["--dev"])
        #expect(try start(open, #"{"user_id":"user-1"}"#).status == 201)
    }

    @Test(arguments: [
        ("{}", "MISSING_USER_ID"), (#"{"user_id":""}"#, "MISSING_USER_ID"), (#"{"user_id":7}"#, "MISSING_USER_ID"),
        (#"{"user_id":null}"#, "MISSING_USER_ID"), ("[]", "MISSING_USER_ID"), ("x", "INVALID_JSON"),
        ("", "INVALID_JSON"),
        (#"{"user_id":"a\u0000"}"#, "INVALID_FIELD"), (#"{"user_id":"__admin__"}"#, "INVALID_FIELD"),
        (#"{"user_id":"\#(String(repeating: "a", count: 257))"}"#, "INVALID_FIELD"),
    ])
    func whatNamesNobodyIsRefused(body: String, code: String) throws {
        let answer = try start(try ServerHarness(), body, token: admin)
        #expect(answer.status == 400)
        #expect(answer.errorCode == code)
    }

    @Test func logoutEndsTheSessionAtHand() throws {
        let server = try ServerHarness()
        let (one, other) = (try server.guest(), try server.guest())
        #expect(try server.request("DELETE", "/api/auth/session", token: one.token).json == ["revoked": true])
        #expect(try server.get("/api/auth/me", token: one.token).json["user_id"] == .null)
        #expect(try server.get("/api/auth/me", token: other.token).json["user_id"]?.string == other.userID)
        for token in [one.token, nil, admin] {
            #expect(try server.request("DELETE", "/api/auth/session", token: token).json == ["revoked": true])
        }
        #expect(try server.get("/api/auth/me", token: admin).json["is_admin"] == true)
        #expect(try server.metric("pylon_sessions") == 1)
    }

    @Test func theSessionOfNobodyHasNoUser() throws {
        let server = try ServerHarness()
        let nobody: JSONValue = ["session": ["user_id": nil, "is_admin": false, "roles": []], "user": nil]
        #expect(try server.get("/api/auth/session").json == nobody)
        let guest = try server.guest()
        let seen = try server.get("/api/auth/session", token: guest.token).json
        #expect(seen["session"]?["user_id"]?.string == guest.userID)
        #expect(seen["session"]?["is_guest"] == true)
        #expect(seen["user"] == .null)
        #expect(try server.get("/api/auth/session", token: admin).json["session"]?["roles"] == ["admin"])
    }

    /// Users see their own row although the rules show it to administrators alone, and never what is secret in it.
    @Test(arguments: [
        (#"{"user":{"entity":"Member","hide":["notes"]}}"#, ["active", "email", "id"]),
        (#"{"user":{"entity":"Member","expose":["notes","passwordHash","_rank"]}}"#, ["id", "notes"]),
    ])
    func theSessionShowsTheUsersRow(auth: String, fields: [String]) throws {
        let folder = try AppFolder(manifest: Self.manifest(auth))
        let server = try ServerHarness(folder.flags)
        let row = #"{"email":"a@b.c","passwordHash":"x","_rank":1,"notes":"n","active":true}"#
        let made = try server.request("POST", "/api/entities/Member", token: admin, body: row)
        let id = try #require(made.json["id"]?.string)
        let token = try #require(try start(server, #"{"user_id":"\#(id)"}"#, token: admin).json["token"]?.string)
        let user = try server.get("/api/auth/session", token: token).json["user"]
        #expect(user?.object?.keys == fields)
        #expect(user?["id"]?.string == id)
        #expect(try server.get("/api/entities/Member/\(id)", token: token).status == 403)
        let stranger = try start(server, #"{"user_id":"nobody"}"#, token: admin).json["token"]?.string
        #expect(try server.get("/api/auth/session", token: stranger).json["user"] == .null)
    }

    @Test func theManifestSaysHowLongSessionsLast() throws {
        let folder = try AppFolder(manifest: Self.manifest(#"{"session":{"expires_in":0}}"#))
        let server = try ServerHarness(folder.flags)
        let answer = try start(server, #"{"user_id":"user-1"}"#, token: admin)
        #expect(answer.status == 201)
        #expect(answer.json["expires_at"] == nil)
    }
}
