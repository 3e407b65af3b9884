internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// What belongs to a user, out and away (spec/data.md 3.10).
@Suite(.blocking) struct UserDataTests {
    private static let manifest = #"""
        {"manifest_version":1,"name":"users","version":"1","entities":[
          {"name":"Note","fields":[
            {"name":"text","type":"string","optional":false,"unique":false},
            {"name":"authorId","type":"string","optional":false,"unique":false}],"indexes":[]},
          {"name":"Tag","fields":[{"name":"name","type":"string","optional":false,"unique":false}],"indexes":[]}],
         "routes":[]}
        """#

    private let folder: AppFolder
    private let server: ServerHarness

    init() throws {
        folder = try AppFolder(manifest: Self.manifest)
        server = try ServerHarness(folder.flags)
    }

    @Test func aUsersRowsAreGivenOutAndThenPurgedWithTheirSessions() throws {
        let admin = ServerHarness.adminToken
        let (ann, bob) = (try server.guest(), try server.guest())
        for user in [ann, bob] {
            let note = #"{"text":"t","authorId":"\#(user.userID)"}"#
            #expect(try server.request("POST", "/api/entities/Note", body: note).status == 201)
        }
        let path = "/api/admin/users/\(ann.userID)"
        let export = try server.request("POST", path + "/export", token: admin, body: "")
        #expect(export.status == 200)
        #expect(export.json["user_id"]?.string == ann.userID)
        #expect(export.json["entities"]?["Note"]?.array?.count == 1)
        #expect(export.json["entities"]?["Tag"] == nil)
        let purge = try server.request("DELETE", path + "/purge", token: admin)
        #expect(purge.json["rows_deleted"] == 1)
        #expect(purge.json["sessions_revoked"] == 1)
        #expect(purge.json["errors"] == [])
        #expect(try server.get("/api/entities/Note").json["count"] == 1)
        #expect(try server.get("/api/auth/me", token: ann.token).json["user_id"] == .null)
        #expect(try server.get("/api/auth/me", token: bob.token).json["user_id"]?.string == bob.userID)
    }

    @Test func onlyAdministratorsMay() throws {
        let guest = try server.guest()
        for (method, name) in [("POST", "export"), ("DELETE", "purge")] {
            let path = "/api/admin/users/\(guest.userID)/\(name)"
            #expect(try server.request(method, path, token: guest.token).errorCode == "FORBIDDEN")
        }
    }
}
