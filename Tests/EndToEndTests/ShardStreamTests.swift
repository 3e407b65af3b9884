internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// The shard event stream: spec/realtime.md 3.2.
@Suite(.blocking) struct ShardStreamTests {
    private static let shared = Result { try ServerHarness() }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    @Test func everyTickIsAnEventWithItsNumber() throws {
        try server.createShard("events", "counter", #"{"tick_rate_hz":100}"#)
        let guest = try server.guest()
        let stream = try EventStreamClient(port: server.port, "/api/shards/events/connect", token: guest.token)
        #expect(stream.head.status == 200)
        #expect(stream.head.field("Content-Type") == "text/event-stream")
        #expect(stream.head.field("Cache-Control") == "no-cache")
        #expect(stream.head.field("Transfer-Encoding") == "chunked")
        var last: Int?
        for _ in 0..<30 {
            let event = try #require(try stream.next())
            #expect(event.name == "message")
            let tick = try #require(Int(event.lastEventID))
            let json = try JSONParser.parse(event.data)
            #expect(json["tick"]?.int == tick)
            #expect(json["acks"]?[guest.userID] != nil, "the caller is the subscriber")
            if let last { #expect(tick == last + 1) }
            last = tick
        }
    }

    @Test func theFirstEventComesAtOnce() throws {
        try server.createShard("first", "counter", #"{"tick_rate_hz":0}"#)
        let event = try #require(try server.watch("first", as: "ann").next())
        #expect(event.lastEventID == "0")
        #expect(try JSONParser.parse(event.data)["total"] == 0)
    }

    @Test func anInputByRequestShowsInTheStream() throws {
        try server.createShard("shows", "counter", #"{"tick_rate_hz":0}"#)
        let guest = try server.guest()
        let stream = try EventStreamClient(port: server.port, "/api/shards/shows/connect", token: guest.token)
        _ = try stream.next()
        let body = #"{"input":{"add":6},"client_seq":2}"#
        #expect(try server.request("POST", "/api/shards/shows/input", token: guest.token, body: body).status == 200)
        let json = try JSONParser.parse(try #require(try stream.next()).data)
        #expect(json["total"] == 6)
        #expect(json["acks"]?[guest.userID] == 2)
    }

    @Test func aLastEventIDIsTolerated() throws {
        try server.createShard("resumes", "counter", #"{"tick_rate_hz":0}"#)
        for value in ["7", "not a tick", ""] {
            let stream = try EventStreamClient(
                port: server.port, "/api/shards/resumes/connect?sid=ann", token: Self.admin,
                fields: ["Last-Event-ID: \(value)"])
            #expect(try stream.next() != nil)
        }
    }

    @Test func theEndIsAnEventAndTheBodyEnds() throws {
        try server.createShard("ends", "counter", #"{"tick_rate_hz":0,"finish_at":1}"#)
        let stream = try server.watch("ends", as: "ann")
        _ = try stream.next()
        let body = #"{"subscriber_id":"ann","input":{"add":1}}"#
        _ = try server.request("POST", "/api/shards/ends/input", token: Self.admin, body: body)
        #expect(try JSONParser.parse(try #require(try stream.next()).data)["total"] == 1)
        let end = try #require(try stream.next())
        #expect(end.name == "end")
        #expect(try JSONParser.parse(end.data)["reason"] == "shard finished")
        #expect(try stream.next() == nil)
        #expect(try stream.http.socket.takeSome() == nil)
    }

    @Test func removingAShardEndsItsStreams() throws {
        try server.createShard("removed", "counter")
        let stream = try server.watch("removed", as: "ann")
        _ = try stream.next()
        _ = try server.request("DELETE", "/api/shards/removed", token: Self.admin)
        var last: EventStreamParser.Event?
        while let event = try stream.next() { last = event }
        #expect(last?.name == "end")
    }

    @Test(arguments: ["close", "reset"]) func aDisconnectIsNoticedAtOnce(how: String) throws {
        let id = "leaves-\(how)"
        // Nothing is ever sent that could fail.
        try server.createShard(id, "counter", #"{"tick_rate_hz":0}"#)
        let stream = try server.watch(id, as: "ann")
        _ = try stream.next()
        #expect(try server.subscribers(of: id) == 1)
        if how == "reset" { stream.http.socket.reset() } else { stream.http.socket.close() }
        #expect(try server.eventually(within: .seconds(5)) { try server.subscribers(of: id) == 0 })
    }

    @Test func theAnonymousAreRefused() throws {
        try server.createShard("members", "counter")
        for token in [nil, "wrong"] {
            let answer = try server.get("/api/shards/members/connect?sid=ann", token: token)
            #expect(answer.status == 401)
            #expect(answer.errorCode == "AUTH_REQUIRED")
        }
        #expect(try server.get("/api/shards/none/connect").status == 401, "who asks is checked first")
    }

    @Test func anotherUsersSidIsRefused() throws {
        try server.createShard("own", "counter")
        let answer = try server.get("/api/shards/own/connect?sid=ann", token: try server.guest().token)
        #expect(answer.status == 403)
        #expect(answer.errorCode == "UNAUTHORIZED")
    }

    @Test func anUnknownShardIsNotFound() throws {
        let answer = try server.get("/api/shards/none/connect", token: Self.admin)
        #expect(answer.status == 404)
        #expect(answer.errorCode == "SHARD_NOT_FOUND")
    }

    @Test func aFullShardAnswers429() throws {
        try server.createShard("full", "counter", #"{"max_subscribers":1}"#)
        let first = try server.watch("full", as: "ann")
        #expect(try first.next() != nil)
        let client = try HTTPClient(port: server.port)
        let answer = try client.request("GET", "/api/shards/full/connect?sid=bob", token: Self.admin)
        #expect(answer.status == 429)
        #expect(answer.errorCode == "SUBSCRIBE_FAILED")
        #expect(try client.request("GET", "/health").status == 200, "the connection goes on")
    }

    @Test func aSidInTheQueryIsDecodedWithItsPlus() throws {
        try server.createShard("sid", "counter", #"{"tick_rate_hz":0}"#)
        let stream = try server.watch("sid", as: "bj%C3%B6rn+1")
        let json = try JSONParser.parse(try #require(try stream.next()).data)
        #expect(json["acks"]?.object?.keys == ["björn+1"])
    }

    @Test func http10GetsNoStream() throws {
        try server.createShard("old", "counter")
        let client = try HTTPClient(port: server.port)
        try client.socket.send(
            "GET /api/shards/old/connect?sid=ann HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer \(Self.admin)\r\n\r\n")
        let answer = try client.readResponse()
        #expect(answer.status == 505)
        #expect(answer.errorCode == "HTTP_VERSION_NOT_SUPPORTED")
    }

    @Test func aHeadOfAStreamIsNoStream() throws {
        try server.createShard("head", "counter")
        let client = try HTTPClient(port: server.port)
        try client.send("HEAD", "/api/shards/head/connect?sid=ann", token: Self.admin)
        _ = try client.readResponse(toHead: true)
        #expect(try server.eventually { try server.subscribers(of: "head") == 0 })
    }
}
