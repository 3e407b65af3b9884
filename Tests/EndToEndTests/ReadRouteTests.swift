internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Aggregates, searches and graph queries over HTTP.
@Suite(.blocking) struct ReadRouteTests {
    private static func field(_ name: String, _ type: String, optional: Bool = true) -> String {
        #"{"name":"\#(name)","type":"\#(type)","optional":\#(optional),"unique":false}"#
    }

    private static let manifest: String = {
        let shoe = [
            field("title", "string", optional: false), field("brand", "string"), field("new", "bool"),
            field("price", "float"),
            field("soldAt", "datetime"), field("sellerId", "id(User)"),
        ].joined(separator: ",")
        let user = [field("name", "string", optional: false), field("passwordHash", "string")].joined(separator: ",")
        let order = [field("ownerId", "string"), field("amount", "int"), field("text", "string")].joined(separator: ",")
        let note = [field("text", "string"), field("meta", "string")].joined(separator: ",")
        return #"""
            {"manifest_version":1,"name":"shop","version":"0.1.0","entities":[
             {"name":"Shoe","fields":[\#(shoe)],"indexes":[],
              "relations":[{"name":"seller","target":"User","field":"sellerId"}],
              "search":{"text":["title"],"facets":["brand","new"],"sortable":["price"]}},
             {"name":"User","fields":[\#(user)],"indexes":[],
              "relations":[{"name":"shoes","target":"Shoe","field":"sellerId","many":true}]},
             {"name":"Order","fields":[\#(order)],"indexes":[],"relations":[],
              "search":{"text":["text"],"facets":[],"sortable":["amount"]}},
             {"name":"Note","fields":[\#(note)],"indexes":[],"relations":[],"search":{"text":[],"facets":["text"],"sortable":[]}}],
             "routes":[],"queries":[],"actions":[],"policies":[
              {"name":"own","entity":"Order","allow":"auth.userId == data.ownerId"},
              {"name":"public","entity":"Note","allow":"data.meta.visibility == 'public'"}]}
            """#
    }()

    private let folder: AppFolder
    private let server: ServerHarness

    init() throws {
        folder = try AppFolder(manifest: Self.manifest)
        server = try ServerHarness(folder.flags)
    }

    @discardableResult
    private func insert(_ entity: String, _ body: String) throws -> String {
        let answer = try server.request(
            "POST", "/api/entities/\(entity)", token: ServerHarness.adminToken, body: body)
        return try #require(answer.json["id"]?.string, "\(answer.text)")
    }

    private func post(_ path: String, _ body: String, token: String? = nil) throws -> HTTPMessage {
        try server.request("POST", path, token: token, body: body)
    }

    private func fillShoes() throws -> (ann: String, shoes: [String]) {
        let ann = try insert("User", #"{"name":"Ann","passwordHash":"h"}"#)
        let shoes = [
            #"{"title":"Red running shoe","brand":"Nike","new":true,"price":20,"soldAt":"2026-05-01T10:30:00Z","sellerId":"\#(ann)"}"#,
            #"{"title":"Blue shoe","brand":"Nike","new":false,"price":10,"soldAt":"2026-05-02T10:30:00Z"}"#,
            #"{"title":"Red hat","brand":"Adidas","new":true,"price":5.5,"soldAt":"2026-05-02T11:30:00Z","sellerId":"\#(ann)"}"#,
        ]
        return (ann, try shoes.map { try insert("Shoe", $0) })
    }

    @Test func anAggregateHasTheWiresShape() throws {
        _ = try fillShoes()
        let answer = try post(
            "/api/aggregate/Shoe",
            #"{"count":"*","sum":["price"],"groupBy":["brand",{"field":"soldAt","bucket":"month"}],"where":{"price":{"$gte":10}}}"#
        )
        #expect(answer.status == 200)
        #expect(answer.text == #"{"rows":[{"brand":"Nike","count":2,"soldAt_month":"2026-05","sum_price":30}]}"#)
    }

    @Test func aSearchHasTheWiresShape() throws {
        let (ann, shoes) = try fillShoes()
        let answer = try post(
            "/api/search/Shoe",
            #"{"query":"red","filters":{"new":true},"facets":["brand"],"sort":["price","desc"],"page":0,"page_size":1}"#
        )
        #expect(answer.status == 200)
        #expect(answer.json["facetCounts"] == ["brand": ["Nike": 1, "Adidas": 1]])
        #expect(answer.json["total"] == 2)
        #expect(answer.json["tookMs"]?.int != nil)
        let hit: JSONValue = [
            "id": .string(shoes[0]), "title": "Red running shoe", "brand": "Nike", "new": true, "price": 20,
            "soldAt": "2026-05-01T10:30:00Z", "sellerId": .string(ann),
        ]
        #expect(answer.json["hits"] == [hit])
    }

    @Test func aGraphHasTheWiresShape() throws {
        let (ann, shoes) = try fillShoes()
        let answer = try post(
            "/api/query",
            #"{"Shoe":{"where":{"new":true},"include":{"seller":{}},"limit":1},"User":{"include":{"shoes":{"limit":1}}}}"#
        )
        #expect(answer.status == 200)
        let seller: JSONValue = ["id": .string(ann), "name": "Ann"]
        #expect(answer.json["Shoe"]?[0]?["seller"] == seller)
        #expect(answer.json["User"]?[0]?["shoes"]?[0]?["id"]?.string == shoes[0])
        #expect(answer.json["User"]?[0]?["shoes"]?.array?.count == 1)
        #expect(!answer.text.contains("passwordHash"))
    }

    @Test func defect33AFilterMaySearch() throws {
        _ = try fillShoes()
        let answer = try post("/api/query/Shoe", #"{"$search":"red","title":{"$like":"hat"}}"#)
        #expect(answer.json.array?.map { $0["title"] } == ["Red hat"])
    }

    @Test func defects3And4CallersSeeWhatIsTheirs() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        for (owner, amount) in [(ann, 1), (ann, 2), (bob, 4)] {
            try insert("Order", #"{"ownerId":"\#(owner.userID)","amount":\#(amount),"text":"red"}"#)
        }
        let sum = #"{"sum":["amount"]}"#
        #expect(try post("/api/aggregate/Order", sum, token: ann.token).json == ["rows": [["sum_amount": 3]]])
        #expect(try post("/api/aggregate/Order", sum, token: bob.token).json == ["rows": [["sum_amount": 4]]])
        #expect(try post("/api/search/Order", #"{"query":"red"}"#, token: ann.token).json["total"] == 2)
        #expect(try post("/api/query", #"{"Order":{}}"#, token: bob.token).json["Order"]?.array?.count == 1)
        for (path, body) in [
            ("/api/aggregate/Order", sum), ("/api/search/Order", "{}"), ("/api/query", #"{"Order":{}}"#),
        ] {
            let answer = try post(path, body)
            #expect(answer.status == 403)
            #expect(answer.errorCode == "POLICY_DENIED")
        }
    }

    @Test(
        arguments: [
            ("/api/aggregate/Nope", #"{"count":"*"}"#, 404, "ENTITY_NOT_FOUND"),
            ("/api/aggregate/Shoe", "not json", 400, "INVALID_JSON"),
            ("/api/aggregate/Shoe", "{}", 400, "INVALID_QUERY"),
            ("/api/aggregate/Shoe", #"{"groupBy":[{"field":"soldAt","bucket":"age"}]}"#, 400, "INVALID_QUERY"),
            ("/api/aggregate/Shoe", #"{"sum":["x"]}"#, 400, "INVALID_COLUMN"),
            ("/api/aggregate/User", #"{"max":["passwordHash"]}"#, 400, "INVALID_COLUMN"),
            ("/api/aggregate/Note", #"{"count":"*"}"#, 403, "AGGREGATE_REQUIRES_ROW_INDEPENDENT_POLICY"),
            ("/api/search", "{}", 400, "MISSING_ENTITY"), ("/api/search/", "{}", 400, "MISSING_ENTITY"),
            ("/api/search/Nope", "{}", 404, "ENTITY_NOT_FOUND"), ("/api/search/Shoe", "", 400, "INVALID_JSON"),
            ("/api/search/Shoe", "[]", 400, "INVALID_QUERY"),
            ("/api/search/Shoe", #"{"query":"(red"}"#, 400, "INVALID_QUERY"),
            ("/api/search/Shoe", #"{"sort":["title","asc"]}"#, 400, "INVALID_QUERY"),
            ("/api/search/Shoe", #"{"filters":{"price":1}}"#, 400, "INVALID_QUERY"),
            ("/api/search/User", "{}", 400, "SEARCH_NOT_CONFIGURED"),
            ("/api/search/Note", "{}", 403, "SEARCH_REQUIRES_ROW_INDEPENDENT_POLICY"),
            ("/api/query", "[]", 400, "INVALID_QUERY"), ("/api/query", #"{"Nope":{}}"#, 404, "ENTITY_NOT_FOUND"),
            ("/api/query", #"{"Shoe":{"include":{"nope":{}}}}"#, 400, "RELATION_NOT_FOUND"),
            ("/api/query/User", #"{"$search":"x"}"#, 400, "INVALID_QUERY"),
        ])
    func wrongRequestsAreRefused(_ path: String, _ body: String, _ status: Int, _ code: String) throws {
        let answer = try post(path, body)
        #expect(answer.status == status)
        #expect(answer.errorCode == code, "\(answer.text)")
    }

    @Test func onlyPostAsks() throws {
        for path in ["/api/aggregate/Shoe", "/api/search/Shoe", "/api/query"] {
            #expect(try server.get(path).status == 405)
        }
    }

    @Test func administratorsSeeWhatCanBeSearched() throws {
        let path = "/api/admin/ops/search_indexes"
        let refused = try server.get(path)
        #expect(refused.status == 403)
        #expect(refused.errorCode == "FORBIDDEN")
        let shown = try server.get(path, token: ServerHarness.adminToken).json
        #expect(
            shown[0] == [
                "id": "Shoe", "entity": "Shoe", "text_fields": ["title"], "facet_fields": ["brand", "new"],
                "sortable_fields": ["price"], "fts_table": "_fts_Shoe",
            ])
        #expect(shown.array?.map { $0["entity"] } == ["Shoe", "Order", "Note"])
        #expect(shown[2]?["fts_table"] == .null)
    }

    /// An index over rows that were there before it has them all.
    @Test func defect29AFieldThatBecomesSearchableIsFilled() throws {
        _ = try fillShoes()
        #expect(try post("/api/search/Shoe", #"{"query":"nike"}"#).json["total"] == 0)
        #expect(server.stop() == 0)
        try folder.replaceManifest(
            Self.manifest.split(separator: #""text":["title"]"#, omittingEmptySubsequences: false)
                .joined(separator: #""text":["title","brand"]"#))
        let again = try ServerHarness(folder.flags)
        let answer = try again.request("POST", "/api/search/Shoe", body: #"{"query":"nike"}"#)
        #expect(answer.json["total"] == 2)
    }
}
