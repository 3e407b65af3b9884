internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// What operators ask, and what every answer carries.
@Suite(.blocking) struct OperationsTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    // MARK: Probes

    @Test func saysOnOneLineWhereItListens() {
        #expect(server.readyLine == "pylon 0.1.0 is ready: http://localhost:\(server.port)/")
    }

    @Test func healthTellsVersionAndUptime() throws {
        let answer = try server.get("/health")
        #expect(answer.status == 200)
        #expect(answer.field("Content-Type") == "application/json")
        #expect(answer.json["status"] == "ok")
        #expect(answer.json["version"] == "0.1.0")
        #expect(try #require(answer.json["uptime_secs"]?.int) >= 0)
    }

    @Test func isReadyOnceItHasSaidSo() throws {
        let answer = try server.get("/readyz")
        #expect(answer.status == 200)
        #expect(answer.json["status"] == "ready")
    }

    // MARK: Metrics

    @Test(arguments: [nil, "wrong", "", "test-admin-toke", "test-admin-tokenn"])
    func metricsNeedTheAdminToken(token: String?) throws {
        let answer = try server.get("/metrics", token: token)
        #expect(answer.status == 401)
        #expect(answer.errorCode == "UNAUTHORIZED")
        #expect(answer.field("WWW-Authenticate") == "Bearer")
    }

    @Test func metricsAreOpenInDevelopment() throws {
        let developer = try ServerHarness(["--dev"], environment: ["PYLON_ADMIN_TOKEN": ""])
        #expect(try developer.get("/metrics").status == 200)
    }

    @Test(arguments: [nil, "application/json", "*/*"])
    func metricsAreJSONUnlessTextIsAskedFor(accept: String?) throws {
        let fields = accept.map { ["Accept: \($0)"] } ?? []
        let answer = try server.get("/metrics", token: ServerHarness.adminToken, fields: fields)
        #expect(answer.status == 200)
        #expect(answer.field("Content-Type") == "application/json")
        #expect(answer.json["uptime_secs"]?.int != nil)
        for name in ["total", "ok", "error"] { #expect(answer.json["requests"]?[name]?.int != nil) }
        for name in ["GET", "POST", "PATCH", "DELETE"] { #expect(answer.json["methods"]?[name]?.int != nil) }
        #expect(answer.json["metrics"]?["pylon_shards"] != nil)
    }

    @Test(arguments: ["text/plain", "application/openmetrics-text; version=1.0.0, text/plain;version=0.0.4;q=0.5"])
    func everyPrometheusMetricHasHelpAndType(accept: String) throws {
        let answer = try server.get("/metrics", token: ServerHarness.adminToken, fields: ["Accept: \(accept)"])
        #expect(answer.field("Content-Type")?.hasPrefix("text/plain; version=0.0.4") == true)
        var helped: Set<Substring> = []
        var types: [Substring: Substring] = [:]
        for line in answer.text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if line.hasPrefix("# HELP ") {
                #expect(helped.insert(words[2]).inserted, "helped twice: \(line)")
                #expect(words.count > 3, "no text: \(line)")
            } else if line.hasPrefix("# TYPE ") {
                #expect(["counter", "gauge", "histogram"].contains(words[3]), "\(line)")
                types[words[2]] = words[3]
            } else {
                let name = line.prefix { $0 != " " && $0 != "{" }
                let family = Self.family(of: name, types)
                #expect(helped.contains(family) && types[family] != nil, "no HELP or TYPE before \(line)")
                #expect(Double(words.last ?? "") != nil, "no number: \(line)")
            }
        }
        #expect(types.count >= 25)
        #expect(types["pylon_shard_tick_lateness_seconds"] == "histogram")
        #expect(types["pylon_frames_dropped_total"] == "counter")
    }

    private static func family(of name: Substring, _ types: [Substring: Substring]) -> Substring {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let family = name.dropLast(suffix.utf8.count)
            if types[family] == "histogram" { return family }
        }
        return name
    }

    @Test func countersFollowTheWork() throws {
        let names = [
            "pylon_http_requests_total", "pylon_http_requests_errors_total", "pylon_shard_ticks_total",
            "pylon_frames_built_total", "pylon_frames_delivered_total", "pylon_sent_bytes_total",
            "pylon_received_bytes_total", "pylon_connections_accepted_total", "pylon_http_malformed_total",
            "pylon_inputs_applied_total", "pylon_inputs_refused_total",
        ]
        let before = try names.map { try server.metric($0) }
        try server.createShard("counted", "counter", #"{"tick_rate_hz":100}"#)
        let socket = try server.join("counted", as: "ann")
        try socket.send(text: "not JSON")
        try socket.send(text: #"{"input":{"add":1}}"#)
        #expect(try socket.snapshot { $0.json["total"] == 1 } != nil)
        _ = try server.get("/nowhere")
        let broken = try HTTPClient(port: server.port)
        try broken.socket.send("NONSENSE\r\n\r\n")
        #expect(try broken.readResponse().status == 400)
        let after = try names.map { try server.metric($0) }
        for (index, name) in names.enumerated() {
            #expect(try #require(after[index]) > #require(before[index]), "\(name)")
        }
    }

    @Test func theHeapIsCounted() throws {
        let allocated = try #require(try server.metric("pylon_heap_allocated_bytes"))
        #expect(allocated > 10_000 && allocated < 1e9)
        let resident = try #require(try server.metric("pylon_heap_resident_bytes"))
        #expect(resident == -1 || resident >= allocated)
    }

    @Test func shardsAreNamedInTheirGauges() throws {
        try server.createShard("gauged", "counter", #"{"tick_rate_hz":0}"#)
        let socket = try server.join("gauged", as: "ann")
        _ = try socket.nextSnapshot()
        let answer = try server.get("/metrics", token: ServerHarness.adminToken, fields: ["Accept: text/plain"])
        #expect(answer.text.contains(#"pylon_shard_subscribers{shard="gauged"} 1"#))
    }

    // MARK: What every answer carries

    private static let requests = [
        "GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /nowhere HTTP/1.1\r\nHost: a\r\n\r\n", "DELETE /health HTTP/1.1\r\nHost: a\r\n\r\n",
        "OPTIONS /api/shards HTTP/1.1\r\nHost: a\r\n\r\n", "GET /api/shards/x/connect HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /api/shards HTTP/1.1\r\nHost: a\r\n\r\n", "broken\r\n\r\n", "GET / HTTP/9.9\r\nHost: a\r\n\r\n",
        "POST /api/auth/guest HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n",
        "GET /events HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ]

    @Test(arguments: requests) func everyAnswerHasTheSecurityFields(request: String) throws {
        let client = try HTTPClient(port: server.port)
        try client.socket.send(request)
        let answer = try client.readHead()
        #expect(answer.field("X-Content-Type-Options") == "nosniff")
        #expect(answer.field("X-Frame-Options") == "DENY")
        #expect(answer.field("Referrer-Policy") == "strict-origin-when-cross-origin")
        #expect(answer.field("X-XSS-Protection") != nil)
        #expect(answer.field("Permissions-Policy") != nil)
        #expect(answer.field("Date") != nil)
        #expect(answer.field("Access-Control-Allow-Origin") == nil, "no origin is configured")
    }

    @Test(arguments: requests) func everyAnswerHasTheConfiguredOrigin(request: String) throws {
        let client = try HTTPClient(port: try Self.open.get().port)
        try client.socket.send(request)
        let answer = try client.readHead()
        #expect(answer.field("Access-Control-Allow-Origin") == "https://play.example.com")
        #expect(answer.field("Access-Control-Allow-Credentials") == "true")
        #expect(answer.field("Vary") == "Origin")
        let methods = answer.field("Access-Control-Allow-Methods") ?? ""
        for method in ["GET", "POST", "PATCH", "DELETE", "OPTIONS"] { #expect(methods.contains(method)) }
        let fields = answer.field("Access-Control-Allow-Headers") ?? ""
        for field in ["Content-Type", "Authorization"] { #expect(fields.contains(field)) }
    }

    private static let open = Result {
        try ServerHarness(environment: ["PYLON_CORS_ORIGIN": "https://play.example.com"])
    }

    @Test func anyOriginMayCallInDevelopment() throws {
        let developer = try ServerHarness(["--dev"])
        #expect(try developer.get("/health").field("Access-Control-Allow-Origin") == "*")
        #expect(try developer.get("/health").field("Access-Control-Allow-Credentials") == nil)
    }

    // MARK: Methods and routes

    @Test(arguments: [
        ("/health", "GET, HEAD, OPTIONS"), ("/api/shards", "GET, HEAD, POST, OPTIONS"), ("/nowhere", "OPTIONS"),
        ("/api/shards/x/input", "POST, OPTIONS"), ("*", "OPTIONS"),
    ])
    func optionsIsAnsweredEverywhere(target: String, allow: String) throws {
        let answer = try server.request("OPTIONS", target)
        #expect(answer.status == 204)
        #expect(answer.field("Allow") == allow)
        #expect(answer.body.isEmpty)
    }

    @Test(arguments: ["/health", "/readyz", "/nowhere", "/api/shards", "/api/auth/me"])
    func headIsGetWithoutABody(target: String) throws {
        let client = try HTTPClient(port: server.port)
        let get = try client.request("GET", target)
        let head = try client.request("HEAD", target)
        #expect(head.status == get.status)
        #expect(head.field("Content-Type") == get.field("Content-Type"))
        #expect(head.field("Content-Length") != nil)
        // A body would be taken for the beginning of this answer.
        #expect(try client.request("GET", "/health").status == 200)
    }

    @Test(arguments: [
        ("DELETE", "/health", "GET, HEAD"), ("PATCH", "/api/shards", "GET, HEAD, POST"),
        ("GET", "/api/auth/guest", "POST"), ("PUT", "/api/shards/x", "GET, HEAD, DELETE"),
        ("POST", "/api/shards/x/connect", "GET, HEAD"),
    ])
    func aMethodTheRouteLacksIsRefusedWithThoseItHas(method: String, target: String, allow: String) throws {
        let answer = try server.request(method, target)
        #expect(answer.status == 405)
        #expect(answer.errorCode == "METHOD_NOT_ALLOWED")
        #expect(answer.field("Allow") == allow)
    }

    @Test(arguments: [
        "/nowhere", "/api", "/api/shards/a/b/c", "/health//", "//health", "/HEALTH", "/api/shards//connect",
    ])
    func anUnknownRouteIsAnErrorBody(target: String) throws {
        let answer = try server.get(target)
        #expect(answer.status == 404)
        #expect(answer.errorCode == "NOT_FOUND")
        #expect(answer.json["error"]?["message"]?.string?.isEmpty == false)
        #expect(answer.field("Content-Type") == "application/json")
    }

    @Test func pathsArePercentDecoded() throws {
        #expect(try server.get("/%68ealth").status == 200)
    }
}
