import PylonHTTP
import Testing

@Suite struct RouteTableTests {
    private func route(_ method: HTTPMethod, _ pattern: String) -> Route<String> {
        Route(method, pattern, nil, access: .anyone, handler: "\(method) \(pattern)")
    }

    private func sample() throws -> RouteTable<String> {
        try RouteTable([
            route(.get, "/"), route(.get, "/api/shards"), route(.post, "/api/shards"), route(.get, "/api/shards/:id"),
            route(.get, "/api/shards/mine"), route(.delete, "/api/shards/:shard"),
            route(.get, "/api/shards/:id/connect"),
            route(.post, "/api/shards/mine/leave"), route(.get, "/files/*path"), route(.get, "/files/:name/info"),
            route(.head, "/own"), route(.get, "/own"), route(.get, "/a/b/d"), route(.get, "/a/:x/c"),
            route(.put, "/a/*y"),
        ])
    }

    /// The handler found, or `404`, or `405` and the methods allowed.
    private func answer(_ method: HTTPMethod, _ target: String) throws -> String {
        switch try sample().match(method, get(target).segments) {
        case .found(let route, _): route.handler
        case .notFound: "404"
        case .methodNotAllowed(let allowed): "405 " + allowed.map(\.token).joined(separator: " ")
        }
    }

    @Test(arguments: [
        (HTTPMethod.get, "/", "GET /"), (.get, "/?x", "GET /"), (.get, "//", "404"), (.post, "/", "405 GET HEAD"),
        (.get, "/api", "404"), (.get, "/api/shards", "GET /api/shards"), (.get, "/api/shards/", "GET /api/shards"),
        (.get, "/api/shards//", "404"), (.get, "/api//shards", "404"), (.get, "/API/shards", "404"),
        (.get, "/%61pi/shards", "GET /api/shards"), (.post, "/api/shards", "POST /api/shards"),
        (.put, "/api/shards", "405 GET HEAD POST"), (.get, "/api/shards/x", "GET /api/shards/:id"),
        (.get, "/api/shards/mine", "GET /api/shards/mine"), (.delete, "/api/shards/mine", "DELETE /api/shards/:shard"),
        (.put, "/api/shards/mine", "405 GET HEAD DELETE"), (.get, "/api/shards/a%2Fb", "GET /api/shards/:id"),
        (.get, "/api/shards/x/connect", "GET /api/shards/:id/connect"),
        (.get, "/api/shards/mine/connect", "GET /api/shards/:id/connect"),
        (.get, "/api/shards//connect", "404"), (.get, "/api/shards/mine/leave", "405 POST"),
        (.get, "/api/shards/x/connect/y", "404"), (.get, "/files", "404"), (.get, "/files/", "404"),
        (.get, "/files/a", "GET /files/*path"), (.get, "/files/a/b/c", "GET /files/*path"),
        (.get, "/files//", "GET /files/*path"), (.get, "/files/a/info", "GET /files/:name/info"),
        (.get, "/files/a/info/b", "GET /files/*path"), (.head, "/files/a", "GET /files/*path"),
        (.head, "/own", "HEAD /own"), (.get, "/own", "GET /own"), (.head, "/", "GET /"),
        (.get, "/a/b/d", "GET /a/b/d"), (.get, "/a/b/c", "GET /a/:x/c"), (.put, "/a/b/d", "PUT /a/*y"),
        (.get, "/a/q/z", "405 PUT"), (.post, "/a/b/c", "405 GET HEAD PUT"), (.other("PURGE"), "/", "405 GET HEAD"),
        (.options, "/own", "405 GET HEAD"),
    ])
    func `the most specific route of the method is found`(
        _ method: HTTPMethod, _ target: String, _ expected: String
    ) throws {
        #expect(try answer(method, target) == expected)
    }

    @Test func `parameters are named by their own route`() throws {
        let table = try sample()
        guard case .found(_, let get) = table.match(.get, ["api", "shards", "a/b", "connect"]),
            case .found(_, let delete) = table.match(.delete, ["api", "shards", "x"]),
            case .found(_, let file) = table.match(.get, ["files", "a/b", "", "c"])
        else {
            Issue.record("not found")
            return
        }
        #expect(get["id"] == "a/b")
        #expect(get["shard"] == nil)
        #expect(delete["shard"] == "x")
        #expect(file["path"] == "a/b//c")
        #expect(file.rest == ["a/b", "", "c"])
        #expect(get.rest.isEmpty)
    }

    @Test func `allowed methods are those of every pattern that matches`() throws {
        let table = try sample()
        #expect(table.allowedMethods(["api", "shards", "mine"]) == [.get, .head, .delete])
        #expect(table.allowedMethods(["a", "b", "d"]) == [.get, .head, .put])
        #expect(table.allowedMethods(["nowhere"]).isEmpty)
        #expect(table.routes.count == 15)
    }

    @Test(arguments: [
        "", "a", "/a/", "//", "/a//b", "/:", "/*", "/*rest/a", "/a/*", "/:x/:x", "/:x/*x", "/a%20b", "/a?b", "/a#b",
        "/:a b", "/**", "/:é",
    ])
    func `a malformed pattern is refused`(_ pattern: String) {
        #expect(throws: RouteTableError.malformedPattern(pattern)) { _ = try RouteTable([route(.get, pattern)]) }
    }

    @Test(arguments: [
        ("/a", "/a"), ("/", "/"), ("/:x", "/:y"), ("/*x", "/*y"), ("/a/:x/b", "/a/:y/b"), ("/a/:x/*y", "/a/:z/*w"),
    ])
    func `a route that another hides is refused`(_ first: String, _ second: String) throws {
        #expect(throws: RouteTableError.duplicate(.get, first, second)) {
            _ = try RouteTable([route(.get, first), route(.get, second)])
        }
        _ = try RouteTable([route(.get, first), route(.post, second)])
    }

    @Test func `only known methods are routed`() {
        #expect(throws: RouteTableError.unroutableMethod(.other("PURGE"), "/")) {
            _ = try RouteTable([route(.other("PURGE"), "/")])
        }
    }

    @Test func `a table can be large and a path long`() throws {
        let table = try RouteTable((0..<500).map { route(.get, "/r\($0)/:id/*rest") })
        let path = ["r499", "x"] + Array(repeating: "y", count: 4000)
        guard case .found(let found, let parameters) = table.match(.get, path) else {
            Issue.record("not found")
            return
        }
        #expect(found.pattern == "/r499/:id/*rest")
        #expect(parameters.rest.count == 4000)
    }

    @Test func `limits are read in their units`() {
        #expect(BodyLimit.standard.bytesMaximum == nil)
        #expect(BodyLimit.none.bytesMaximum == 0)
        #expect(BodyLimit.kibi(3).bytesMaximum == 3072)
        #expect(BodyLimit.mebi(1).bytesMaximum == 1_048_576)
        #expect(BodyLimit.bytes(5).bytesMaximum == 5)
    }
}
