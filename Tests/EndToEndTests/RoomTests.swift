internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// Rooms as their clients meet them; limits and idleness are tested where they are kept.
@Suite(.blocking) struct RoomTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness
    private let admin = ServerHarness.adminToken

    init() throws {
        server = try Self.shared.get()
    }

    private func call(_ name: String, _ body: String, token: String?) throws -> HTTPMessage {
        try server.request("POST", "/api/rooms/\(name)", token: token, body: body)
    }

    @Test func membersJoinSayAndLeave() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        let first = try call("join", #"{"room":"hall","data":{"color":"red"}}"#, token: ann.token)
        #expect(first.json == ["joined": "hall", "snapshot": ["type": "snapshot", "room": "hall", "peers": []]])
        let peers = try call("join", #"{"room":"hall"}"#, token: bob.token).json["snapshot"]?["peers"]
        #expect(peers?.array?.count == 1)
        #expect(peers?[0]?["user_id"]?.string == ann.userID)
        #expect(peers?[0]?["data"] == ["color": "red"])
        let joined = try #require(peers?[0]?["joined_at"]?.string)
        #expect(joined.hasSuffix("Z") && Int(joined.dropLast()) ?? 0 > 1_700_000_000)

        #expect(try call("presence", #"{"room":"hall","data":{"x":1}}"#, token: bob.token).json == ["updated": true])
        let seen = try server.get("/api/rooms/hall", token: ann.token).json
        #expect(seen["room"] == "hall" && seen["count"] == 2)
        #expect(seen["members"]?.array?.map { $0["data"] } == [["color": "red"], ["x": 1]])
        #expect(
            try call("broadcast", #"{"room":"hall","topic":"t"}"#, token: ann.token).json == ["broadcasted": true])
        #expect(try server.get("/api/rooms", token: ann.token).json == [["members": 2, "name": "hall"]])

        #expect(try call("leave", #"{"room":"hall"}"#, token: bob.token).json == ["left": "hall", "was_present": true])
        #expect(try call("leave", #"{"room":"hall"}"#, token: bob.token).json["was_present"] == false)
        #expect(
            try call("presence", #"{"room":"hall"}"#, token: bob.token).json
                == ["updated": false, "reason": "not_in_room"])
        #expect(try server.metric("pylon_room_events_total") ?? 0 >= 5)
    }

    @Test func defect24ARoomIsItsMembers() throws {
        let (ann, bob) = (try server.guest(), try server.guest())
        _ = try call("join", #"{"room":"private"}"#, token: ann.token)
        let unseen: JSONValue = ["room": "private", "members": [], "count": 0]
        #expect(try server.get("/api/rooms/private", token: bob.token).json == unseen)
        #expect(try server.get("/api/rooms", token: bob.token).json == [])
        let refused = try call("broadcast", #"{"room":"private","topic":"t"}"#, token: bob.token)
        #expect(refused.status == 200)
        #expect(refused.json == ["broadcasted": false, "reason": "not_in_room"])
        // Nobody joins as somebody else.
        _ = try call("join", #"{"room":"mine","user_id":"\#(ann.userID)"}"#, token: bob.token)
        #expect(try server.get("/api/rooms/mine", token: ann.token).json["count"] == 0)
        #expect(try server.get("/api/rooms/mine", token: bob.token).json["count"] == 1)
        #expect(try server.get("/api/rooms/private", token: admin).json["count"] == 1)
        #expect(try call("broadcast", #"{"room":"private","topic":"t"}"#, token: admin).json == ["broadcasted": true])
    }

    @Test func administratorsActForAnybody() throws {
        _ = try call("join", #"{"room":"desk","user_id":"alice"}"#, token: admin)
        _ = try call("join", #"{"room":"desk"}"#, token: admin)
        let members = try server.get("/api/rooms/desk", token: admin).json["members"]?.array
        #expect(members?.compactMap { $0["user_id"]?.string } == ["alice", "__admin__"])
        #expect(try call("leave", #"{"room":"desk","user_id":"alice"}"#, token: admin).json["was_present"] == true)
        #expect(
            try call("broadcast", #"{"room":"nowhere","topic":"t"}"#, token: admin).json
                == ["broadcasted": false, "reason": "room_empty"])
    }

    @Test func defect16RoomsAreDecodedFromThePath() throws {
        let guest = try server.guest()
        _ = try call("join", #"{"room":"channel:1/é"}"#, token: guest.token)
        let seen = try server.get("/api/rooms/channel%3A1%2F%C3%A9", token: guest.token).json
        #expect(seen["room"] == "channel:1/é")
        #expect(seen["count"] == 1)
    }

    @Test(arguments: [
        ("join", "x", "INVALID_JSON"), ("join", "{}", "MISSING_ROOM"), ("leave", #"{"room":""}"#, "MISSING_ROOM"),
        ("join", #"{"room":5}"#, "INVALID_FIELD"), ("join", #"{"room":"a\u0007"}"#, "INVALID_FIELD"),
        ("broadcast", #"{"room":"a"}"#, "MISSING_TOPIC"), ("broadcast", #"{"room":"a","topic":""}"#, "MISSING_TOPIC"),
        ("join", #"{"room":"\#(String(repeating: "r", count: 257))"}"#, "INVALID_FIELD"),
        ("join", #"{"room":"a","data":"\#(String(repeating: "d", count: 16_383))"}"#, "INVALID_FIELD"),
    ])
    func wrongCallsAreRefused(name: String, body: String, code: String) throws {
        let answer = try call(name, body, token: try server.guest().token)
        #expect(answer.status == 400)
        #expect(answer.errorCode == code)
    }

    @Test(arguments: ["join", "leave", "presence", "broadcast"]) func callersAreSignedIn(name: String) throws {
        let answer = try call(name, #"{"room":"a","topic":"t"}"#, token: nil)
        #expect(answer.status == 401)
        #expect(answer.errorCode == "AUTH_REQUIRED")
        #expect(try server.get("/api/rooms").status == 401)
        #expect(try server.get("/api/rooms/a").status == 401)
    }

    @Test func aUserIsInSoManyRoomsOnly() throws {
        let client = try HTTPClient(port: server.port)
        let guest = try server.guest()
        for number in 0..<256 {
            let body = #"{"room":"many-\#(number)"}"#
            #expect(try client.request("POST", "/api/rooms/join", token: guest.token, body: body).status == 200)
        }
        let answer = try call("join", #"{"room":"many-256"}"#, token: guest.token)
        #expect(answer.status == 429)
        #expect(answer.errorCode == "TOO_MANY_ROOMS")
    }
}
