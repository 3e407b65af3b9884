internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Rows over HTTP, under the rules of a manifest.
@Suite(.blocking) struct EntityTests {
    private static func field(_ name: String, _ type: String, optional: Bool = false, unique: Bool = false) -> String {
        #"{"name":"\#(name)","type":"\#(type)","optional":\#(optional),"unique":\#(unique)}"#
    }

    private static func manifest(noteFields: [String] = [field("title", "string")]) -> String {
        let todo = [field("title", "string"), field("done", "bool")].joined(separator: ",")
        let user = [field("email", "string", unique: true), field("passwordHash", "string", optional: true)]
        let owned = [field("title", "string"), field("ownerId", "string", optional: true)].joined(separator: ",")
        let shared = [field("title", "string"), field("meta", "string", optional: true)].joined(separator: ",")
        let entities = [
            "Todo": todo, "User": user.joined(separator: ","), "Owned": owned, "Shared": shared,
            "Note": noteFields.joined(separator: ","),
        ]
        let list = entities.map { #"{"name":"\#($0)","fields":[\#($1)],"indexes":[],"relations":[]}"# }.sorted()
        return #"""
            {"manifest_version":1,"name":"tests","version":"0.1.0","entities":[\#(list.joined(separator: ","))],
             "routes":[],"queries":[],"actions":[],"policies":[
              {"name":"owner","entity":"Owned","allowRead":"auth.userId == data.ownerId",
               "allowWrite":"auth.userId == data.ownerId"},
              {"name":"public","entity":"Shared","allowRead":"data.meta.visibility == 'public'"}]}
            """#
    }

    private let folder: AppFolder

    init() throws {
        folder = try AppFolder(manifest: Self.manifest())
    }

    private func start(_ environment: [String: String] = [:]) throws -> ServerHarness {
        try ServerHarness(folder.flags, environment: environment)
    }

    private func insert(
        _ server: ServerHarness, _ entity: String, _ body: String, token: String? = nil
    ) throws -> String {
        let answer = try server.request("POST", "/api/entities/\(entity)", token: token, body: body)
        #expect(answer.status == 201, "\(answer.text)")
        return try #require(answer.json["id"]?.string)
    }

    @Test func aRowIsMadeReadChangedAndRemoved() throws {
        let server = try start()
        let path = "/api/entities/Todo/" + (try insert(server, "Todo", #"{"title":"Buy milk","done":false}"#))
        #expect(try server.get(path).json["title"] == "Buy milk")
        #expect(try server.request("PATCH", path, body: #"{"done":true}"#).json == ["updated": true])
        #expect(try server.get(path).json["done"] == true)
        #expect(try server.request("DELETE", path).json == ["deleted": true])
        #expect(try server.get(path).status == 404)
    }

    @Test func listsAndPagesAreInTheOrderOfIDs() throws {
        let server = try start()
        let ids = try (0..<5).map { try insert(server, "Todo", #"{"title":"\#($0)","done":false}"#) }
        #expect(try server.get("/api/entities/Todo").json["count"] == 5)
        #expect(try server.get("/api/entities/Todo?limit=2&offset=0").json["data"]?.array?.count == 2)
        let page = try server.get("/api/entities/Todo/cursor?limit=2").json
        #expect(page["has_more"] == true)
        #expect(page["next_cursor"]?.string == ids[1])
        let rest = try server.get("/api/entities/Todo/cursor?after=\(ids[1])").json
        #expect(rest["data"]?.array?.compactMap { $0["id"]?.string } == Array(ids[2...]))
        #expect(rest["has_more"] == false)
        let found = try server.request("POST", "/api/query/Todo", body: #"{"title":{"$in":["1","3"]}}"#).json
        #expect(found.array?.compactMap { $0["id"]?.string } == [ids[1], ids[3]])
    }

    @Test(
        arguments: [
            ("GET", "/api/entities/Nothing", nil, 404, "ENTITY_NOT_FOUND"),
            ("GET", "/api/entities/Todo/nothing", nil, 404, "NOT_FOUND"),
            ("POST", "/api/entities/Todo", "not json", 400, "INVALID_JSON"),
            ("POST", "/api/entities/Todo", #"{"done":false}"#, 400, "MISSING_FIELD"),
            ("POST", "/api/entities/Todo", #"{"title":5,"done":false}"#, 400, "VALIDATION_FAILED"),
            ("POST", "/api/entities/Todo", #"{"title":"a","done":false,"x":1}"#, 400, "INVALID_COLUMN"),
            ("POST", "/api/query/Todo", #"{"title":{"$near":1}}"#, 400, "INVALID_QUERY"),
        ] as [(String, String, String?, Int, String)])
    func defects31And32And37WrongRequestsAreRefused(
        method: String, path: String, body: String?, status: Int, code: String
    ) throws {
        let answer = try start().request(method, path, body: body)
        #expect(answer.status == status)
        #expect(answer.errorCode == code, "\(answer.text)")
    }

    @Test func defect17AConflictDoesNotShowTheDriver() throws {
        let server = try start()
        _ = try insert(server, "User", #"{"email":"a@b.c"}"#)
        let answer = try server.request("POST", "/api/entities/User", body: #"{"email":"a@b.c"}"#)
        #expect(answer.status == 409)
        #expect(answer.errorCode == "UNIQUE_VIOLATION")
        #expect(!answer.text.contains("constraint") && !answer.text.contains("SQL"))
    }

    @Test func defects1And2And6And7OwnersHaveTheirRowsToThemselves() throws {
        let server = try start()
        let (ann, bob) = (try server.guest(), try server.guest())
        let own = try insert(server, "Owned", #"{"title":"a","ownerId":"\#(ann.userID)"}"#, token: ann.token)
        _ = try insert(server, "Owned", #"{"title":"b","ownerId":"\#(bob.userID)"}"#, token: bob.token)
        _ = try insert(server, "Owned", #"{"title":"nobody's"}"#, token: ServerHarness.adminToken)
        let (all, path) = ("/api/entities/Owned", "/api/entities/Owned/\(own)")
        #expect(try server.get(all, token: ann.token).json["data"]?.array?.map { $0["title"] } == ["a"])
        #expect(try server.get(all + "/cursor", token: ann.token).json["data"]?.array?.count == 1)
        #expect(try server.request("POST", "/api/query/Owned", token: ann.token, body: "{}").json.array?.count == 1)
        #expect(try server.get(all).json["data"]?.array?.isEmpty != false)
        for method in ["GET", "PATCH", "DELETE"] {
            let body = method == "PATCH" ? #"{"title":"mine"}"# : nil
            #expect(try server.request(method, path, token: bob.token, body: body).status == 403)
        }
        let gift = #"{"ownerId":"\#(bob.userID)"}"#
        #expect(try server.request("PATCH", path, token: ann.token, body: gift).status == 403)
        #expect(try server.get(path, token: ann.token).json["ownerId"]?.string == ann.userID)
        #expect(try server.request("POST", all, body: #"{"title":"x"}"#).status == 403)
        #expect(try server.request("DELETE", path, token: ann.token).status == 200)
    }

    @Test func defect34PagesAreFilledWhereOnlyRowsCanTell() throws {
        let server = try start()
        for number in 0..<12 {
            let meta = number % 3 == 0 ? #"{\"visibility\":\"public\"}"# : "{}"
            _ = try insert(server, "Shared", #"{"title":"\#(number)","meta":"\#(meta)"}"#)
        }
        let first = try server.get("/api/entities/Shared/cursor?limit=3").json
        #expect(first["data"]?.array?.compactMap { $0["title"]?.string } == ["0", "3", "6"])
        #expect(first["has_more"] == true)
        let cursor = try #require(first["next_cursor"]?.string)
        let second = try server.get("/api/entities/Shared/cursor?limit=3&after=\(cursor)").json
        #expect(second["data"]?.array?.compactMap { $0["title"]?.string } == ["9"])
        #expect(second["has_more"] == false)
    }

    @Test func defect8HiddenFieldsAreNeitherReadNorAskedFor() throws {
        let server = try start()
        let id = try insert(server, "User", #"{"email":"a@b.c","passwordHash":"secret"}"#)
        #expect(try !server.get("/api/entities/User/\(id)").text.contains("secret"))
        for filter in [#"{"passwordHash":"secret"}"#, #"{"$order":{"passwordHash":"asc"}}"#] {
            #expect(try server.request("POST", "/api/query/User", body: filter).status == 400)
        }
    }

    @Test func anOptionalFieldIsAddedAndLossIsRefused() throws {
        let title = Self.field("title", "string")
        do {
            let server = try start()
            _ = try insert(server, "Note", #"{"title":"kept"}"#)
            #expect(server.stop() == 0)
        }
        try folder.replaceManifest(Self.manifest(noteFields: [title, Self.field("mood", "string", optional: true)]))
        do {
            let server = try start()
            let rows = try server.get("/api/entities/Note").json["data"]?.array
            #expect(rows?.first?["title"] == "kept")
            #expect(rows?.first?["mood"] == .null)
            #expect(server.stop() == 0)
        }
        try folder.replaceManifest(Self.manifest(noteFields: [Self.field("title", "int")]))
        #expect(throws: ProcessError.self) { try start() }
    }
}
