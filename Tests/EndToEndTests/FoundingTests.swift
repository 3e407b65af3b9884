internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// The reference's own tests of its HTTP server, one for one. Rows have true and false where it has 1 and 0.
@Suite(.blocking) struct FoundingTests {
    private static let manifest = #"""
        {"manifest_version":1,"name":"integration-test","version":"0.1.0","entities":[
          {"name":"Todo","fields":[
            {"name":"title","type":"string","optional":false,"unique":false},
            {"name":"done","type":"bool","optional":false,"unique":false}],"indexes":[],"relations":[],"crdt":true},
          {"name":"User","fields":[
            {"name":"email","type":"string","optional":false,"unique":true},
            {"name":"displayName","type":"string","optional":false,"unique":false}],
           "indexes":[],"relations":[],"crdt":true}],
         "routes":[],"queries":[],"actions":[],"policies":[]}
        """#

    private let folder: AppFolder
    private let server: ServerHarness

    init() throws {
        folder = try AppFolder(manifest: Self.manifest)
        server = try ServerHarness(folder.flags + ["--dev"])
    }

    /// Each request names an origin, as browsers do.
    private func request(
        _ method: String, _ path: String, _ body: String? = nil, token: String? = nil, of server: ServerHarness? = nil
    ) throws -> HTTPMessage {
        let fields = ["Origin: http://localhost", "Content-Type: application/json"]
        return try (server ?? self.server).request(method, path, token: token, fields: fields, body: body)
    }

    private let admin = ServerHarness.adminToken

    private func lifecycle(of server: ServerHarness, done: JSONValue) throws {
        let made = try request("POST", "/api/entities/Todo", #"{"title": "Buy milk", "done": false}"#, of: server)
        #expect(made.status == 201)
        let path = "/api/entities/Todo/" + (try #require(made.json["id"]?.string))
        let row = try request("GET", path, of: server)
        #expect(row.status == 200)
        #expect(row.json["title"] == "Buy milk")
        #expect(try request("PATCH", path, #"{"done": true}"#, of: server).status == 200)
        #expect(try request("GET", path, of: server).json["done"] == done)
        #expect(try request("DELETE", path, of: server).status == 200)
        #expect(try request("GET", path, of: server).status == 404)
    }

    @Test func crudLifecycle() throws {
        try lifecycle(of: server, done: true)
    }

    /// As the reference's clients know it.
    @Test func crudLifecycleWithBoolsAsIntegers() throws {
        let folder = try AppFolder(manifest: Self.manifest)
        try lifecycle(of: ServerHarness(folder.flags, environment: ["PYLON_BOOL_AS_INT": "1"]), done: 1)
    }

    @Test func listAndPagination() throws {
        for number in 0..<5 {
            let answer = try request("POST", "/api/entities/Todo", #"{"title": "Todo \#(number)", "done": false}"#)
            #expect(answer.status == 201)
        }
        let all = try request("GET", "/api/entities/Todo")
        #expect(all.status == 200)
        #expect(all.json["count"] == 5)
        #expect(try request("GET", "/api/entities/Todo?limit=2&offset=0").json["data"]?.array?.count == 2)
        let page = try request("GET", "/api/entities/Todo/cursor?limit=2")
        #expect(page.status == 200)
        #expect(page.json["data"]?.array?.count == 2)
        #expect(page.json["has_more"] == true)
    }

    @Test func authSessionFlow() throws {
        let named = try request("POST", "/api/auth/session", #"{"user_id": "user-1"}"#)
        #expect(named.status == 201)
        #expect(named.json["token"]?.string != nil)
        let guest = try request("POST", "/api/auth/guest")
        #expect(guest.status == 201)
        #expect(guest.json["guest"] == true)
    }

    @Test func healthAndMetrics() throws {
        let health = try request("GET", "/health")
        #expect(health.status == 200)
        #expect(health.json["status"] == "ok")
        // Probes are not counted here, so that a load balancer's do not drown the rest.
        _ = try request("GET", "/api/auth/me")
        let metrics = try request("GET", "/metrics")
        #expect(metrics.status == 200)
        #expect(metrics.json["requests"]?["total"]?.int ?? 0 > 0)
    }

    @Test func errorHandling() throws {
        #expect(try request("GET", "/api/entities/Nonexistent").status == 404)
        #expect(try request("POST", "/api/entities/Todo", "not json").status == 400)
        #expect(try request("POST", "/api/entities/Todo", #"{"done": false}"#).status == 400)
        #expect(try request("GET", "/api/entities/Todo/nonexistent-id").status == 404)
        #expect(try request("GET", "/api/doesnotexist").status == 404)
    }

    @Test func batchOperations() throws {
        let body = #"""
            {"operations": [
              {"op": "insert", "entity": "Todo", "data": {"title": "A", "done": false}},
              {"op": "insert", "entity": "Todo", "data": {"title": "B", "done": false}}]}
            """#
        let answer = try request("POST", "/api/batch", body, token: admin)
        #expect(answer.status == 200)
        #expect(answer.json["succeeded"] == 2)
    }

    @Test func transaction() throws {
        let body = #"""
            [{"op": "insert", "entity": "Todo", "data": {"title": "TX1", "done": false}},
             {"op": "insert", "entity": "Todo", "data": {"title": "TX2", "done": false}}]
            """#
        let answer = try request("POST", "/api/transact", body, token: admin)
        #expect(answer.status == 200)
        #expect(answer.json["committed"] == true)
    }

    @Test func cacheViaHTTP() throws {
        let body = #"{"cmd": "SET", "key": "test_key", "value": "hello"}"#
        #expect(try request("POST", "/api/cache", body, token: admin).status == 200)
        let found = try request("GET", "/api/cache/test_key", token: admin)
        #expect(found.status == 200)
        #expect(found.json["result"] == "hello")
        #expect(try request("DELETE", "/api/cache/test_key", token: admin).status == 200)
        #expect(try request("GET", "/api/cache/test_key", token: admin).status == 404)
        #expect(try request("GET", "/api/cache/test_key").status == 403)
    }

    @Test func roomsViaHTTP() throws {
        let body = #"{"room": "lobby", "user_id": "alice"}"#
        let joined = try request("POST", "/api/rooms/join", body, token: admin)
        #expect(joined.status == 200)
        #expect(joined.json["joined"] == "lobby")
        #expect(try request("GET", "/api/rooms", token: admin).status == 200)
        #expect(try request("POST", "/api/rooms/leave", body, token: admin).status == 200)
    }

    @Test func openAPISpec() throws {
        let answer = try request("GET", "/api/openapi.json")
        #expect(answer.status == 200)
        #expect(answer.json["openapi"] == "3.0.3")
        #expect(answer.json["paths"]?.object?.count ?? 0 > 10)
    }

    @Test func syncPull() throws {
        _ = try request("POST", "/api/entities/Todo", #"{"title": "Sync test", "done": false}"#)
        let answer = try request("GET", "/api/sync/pull?since=0")
        #expect(answer.status == 200)
        #expect(answer.json["changes"]?.array?.isEmpty == false)
    }

    @Test func corsHeadersPresent() throws {
        let answer = try server.get("/health")
        #expect(answer.field("Access-Control-Allow-Origin") != nil)
        #expect(answer.field("X-Content-Type-Options") == "nosniff")
        #expect(answer.field("X-Frame-Options") == "DENY")
    }

    @Test func bodySizeLimitNormalRequestAccepted() throws {
        let answer = try request("POST", "/api/entities/Todo", #"{"title": "Normal sized", "done": false}"#)
        #expect(answer.status == 201)
    }
}
