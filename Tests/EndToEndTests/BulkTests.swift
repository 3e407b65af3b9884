internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Batches, transactions, exports and imports over HTTP (spec/data.md 3.9).
@Suite(.blocking) struct BulkTests {
    private static let admin = ServerHarness.adminToken

    private static let manifest = #"""
        {"manifest_version":1,"name":"bulk","version":"1","entities":[
          {"name":"User","fields":[
            {"name":"email","type":"string","optional":false,"unique":true},
            {"name":"passwordHash","type":"string","optional":true,"unique":false}],"indexes":[]},
          {"name":"Todo","fields":[
            {"name":"title","type":"string","optional":false,"unique":false},
            {"name":"done","type":"bool","optional":false,"unique":false},
            {"name":"due","type":"datetime","optional":true,"unique":false},
            {"name":"weight","type":"float","optional":true,"unique":false},
            {"name":"ownerId","type":"id(User)","optional":true,"unique":false}],"indexes":[],
           "relations":[{"name":"owner","target":"User","field":"ownerId"}]},
          {"name":"Empty","fields":[{"name":"x","type":"int","optional":true,"unique":false}],"indexes":[]}],
         "routes":[],"policies":[{"name":"p","entity":"Todo","allow":"auth.userId == data.ownerId"}]}
        """#

    private let folder: AppFolder
    private let server: ServerHarness

    init() throws {
        folder = try AppFolder(manifest: Self.manifest)
        server = try ServerHarness(folder.flags)
    }

    private func post(_ path: String, _ body: String, token: String? = admin) throws -> HTTPMessage {
        try server.request("POST", path, token: token, body: body)
    }

    // MARK: Batch and transaction

    @Test func aBatchSaysOfEachOperationWhatBecameOfIt() throws {
        let answer = try post(
            "/api/batch",
            #"""
            {"operations":[
              {"op":"insert","entity":"Todo","data":{"title":"A","done":false}},
              {"op":"update","entity":"Todo","id":"none","data":{"done":true}},
              {"op":"vanish"}]}
            """#)
        #expect(answer.status == 200)
        #expect(answer.json["succeeded"] == 1)
        #expect(answer.json["failed"] == 2)
        let results = try #require(answer.json["results"]?.array)
        #expect(results[0]["ok"] == true)
        #expect(results[0]["op"] == "insert")
        let id = try #require(results[0]["id"]?.string)
        #expect(results[1]["ok"] == false)
        #expect(results[1]["id"] == "none")
        #expect(results[1]["code"] == "NOT_FOUND")
        #expect(results[2]["code"] == "TX_INVALID_OP")
        #expect(try server.get("/api/entities/Todo/\(id)", token: Self.admin).status == 200)
    }

    @Test func defect20ATransactionIsAllOrNothing() throws {
        let good = #"{"op":"insert","entity":"Todo","data":{"title":"T","done":false}}"#
        let broken = try post("/api/transact", "[\(good),{\"op\":\"vanish\"},\(good)]")
        #expect(broken.status == 400)
        #expect(broken.json["committed"] == false)
        #expect(broken.json["results"]?.array?.count == 2)
        #expect(broken.json["results"]?.array?[1]["error"]?.string?.isEmpty == false)
        #expect(try server.get("/api/entities/Todo", token: Self.admin).json["count"] == 0)
        let whole = try post("/api/transact", "[\(good),\(good)]")
        #expect(whole.status == 200)
        #expect(whole.json["committed"] == true)
        #expect(whole.json["results"]?.array?.count == 2)
        #expect(try server.get("/api/entities/Todo", token: Self.admin).json["count"] == 2)
    }

    @Test(
        arguments: [
            ("/api/batch", "[]", 400, "MISSING_OPERATIONS"), ("/api/batch", "{", 400, "INVALID_JSON"),
            ("/api/transact", "{}", 400, "MISSING_OPERATIONS"), ("/api/import", "[]", 400, "INVALID_JSON"),
            ("/api/import", "{}", 400, "MISSING_FIELD"), ("/api/import", #"{"entities":7}"#, 400, "INVALID_JSON"),
            ("/api/import", #"{"entities":[]}"#, 400, "INVALID_DATA"), ("/api/import", "", 400, "INVALID_JSON"),
        ])
    func whatIsNoListIsRefused(path: String, body: String, status: Int, code: String) throws {
        let answer = try post(path, body)
        #expect(answer.status == status)
        #expect(answer.errorCode == code, "\(answer.text)")
    }

    @Test func onlyAdministratorsMayDoThings() throws {
        let guest = try server.guest().token
        for token in [nil, guest] {
            #expect(try server.request("GET", "/api/export", token: token).errorCode == "FORBIDDEN")
            for path in ["/api/batch", "/api/transact", "/api/import"] {
                #expect(try post(path, "{}", token: token).errorCode == "FORBIDDEN")
            }
        }
    }

    // MARK: Export and import

    /// Three users with a todo each, and one without.
    private func fill() throws {
        for number in 0..<3 {
            let user = try post("/api/entities/User", #"{"email":"u\#(number)","passwordHash":"h\#(number)"}"#)
            let id = try #require(user.json["id"]?.string)
            let todo =
                #"{"title":"\"é\n\#(number)","done":\#(number == 1),"due":"2026-05-01T10:00:00Z","weight":0.1,"ownerId":"\#(id)"}"#
            #expect(try post("/api/entities/Todo", todo).status == 201)
        }
    }

    @Test func defect25AnExportComesBackAsItWas() throws {
        try fill()
        let export = try server.get("/api/export", token: Self.admin)
        #expect(export.status == 200)
        #expect(export.json["counts"] == ["User": 3, "Todo": 3, "Empty": 0])
        #expect(export.json["exported_at"]?.string?.hasSuffix("Z") == true)
        #expect(export.json["entities"]?["User"]?.array?.first?["passwordHash"] == "h0")
        let other = try AppFolder(manifest: Self.manifest)
        let copy = try ServerHarness(other.flags)
        let answer = try copy.request("POST", "/api/import", token: Self.admin, body: export.text)
        #expect(answer.json["imported"] == 6, "\(answer.text)")
        #expect(answer.json["failed"] == 0)
        #expect(
            answer.json["by_entity"] == [
                ["entity": "User", "failed": 0, "inserted": 3], ["entity": "Todo", "failed": 0, "inserted": 3],
            ])
        let again = try copy.get("/api/export", token: Self.admin)
        #expect(again.json["entities"] == export.json["entities"])
        let one = try copy.get("/api/export/Todo", token: Self.admin)
        #expect(one.json["counts"] == ["Todo": 3])
        #expect(try copy.get("/api/export/Nothing", token: Self.admin).errorCode == "ENTITY_NOT_FOUND")
        // What is there already is not overwritten.
        let twice = try copy.request("POST", "/api/import", token: Self.admin, body: export.text)
        #expect(twice.json["imported"] == 0)
        #expect(twice.json["errors"]?.array?.first?["code"] == "UNIQUE_VIOLATION")
    }

    @Test func exportsOfTheReferenceAreTakenAndTheirFaultsNamed() throws {
        let id = String(repeating: "0", count: 39) + "a"
        let answer = try post(
            "/api/import",
            #"""
            {"counts":{"Todo":3},"entities":{
              "Todo":[{"id":"\#(id)","title":"t","done":1},{"id":"short","title":"t","done":0},{"title":"t","done":2},{"done":0}],
              "Gone":[{}],"User":[7]},"exported_at":"2026-05-01T10:00:00Z"}
            """#)
        #expect(answer.status == 200)
        #expect(answer.json["imported"] == 1)
        #expect(answer.json["failed"] == 5)
        let errors = try #require(answer.json["errors"]?.array)
        #expect(
            errors.compactMap { $0["code"]?.string } == [
                "VALIDATION_FAILED", "VALIDATION_FAILED", "MISSING_FIELD", "ENTITY_NOT_FOUND", "INVALID_DATA",
            ])
        #expect(errors.compactMap { $0["index"]?.int } == [1, 2, 3, 0, 0])
        #expect(try server.get("/api/entities/Todo/\(id)", token: Self.admin).json["done"] == true)
    }

    @Test func anImportMayBeLargerThanABodyAndComeInChunks() throws {
        let row = #"{"title":"\#(String(repeating: "x", count: 1000))","done":false}"#
        let client = try HTTPClient(port: server.port)
        try client.socket.send(
            "POST /api/import HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(Self.admin)\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n")
        func send(_ text: String) throws {
            try client.socket.send("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n")
        }
        try send(#"{"entities":{"Todo":["#)
        let hundred = [String](repeating: row, count: 100).joined(separator: ",")
        for number in 0..<120 { try send((number == 0 ? "" : ",") + hundred) }
        try send("]}}")
        try client.socket.send("0\r\n\r\n")
        let answer = try client.readResponse()
        #expect(answer.json["imported"] == 12_000, "\(answer.text)")
        let export = try server.get("/api/export/Todo", token: Self.admin)
        #expect(export.body.count > 12 << 20)
        #expect(export.json["counts"] == ["Todo": 12_000])
        #expect(Set(export.json["entities"]?["Todo"]?.array?.compactMap { $0["id"]?.string } ?? []).count == 12_000)
    }

    @Test func whatBreaksOffKeepsWhatCameBefore() throws {
        let rows = [String](repeating: #"{"title":"t","done":false}"#, count: 300).joined(separator: ",")
        let answer = try post("/api/import", #"{"entities":{"Todo":[\#(rows),nonsense"#)
        #expect(answer.status == 400)
        #expect(answer.errorCode == "INVALID_JSON")
        #expect(answer.json["error"]?["message"]?.string?.contains("300 rows") == true, "\(answer.text)")
        #expect(try server.get("/api/entities/Todo", token: Self.admin).json["count"] == 300)
    }
}
