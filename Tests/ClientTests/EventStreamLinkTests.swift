internal import PylonJSON
internal import PylonTestSupport
internal import PylonTime
internal import Testing

@testable internal import PylonClient

/// The same over server-sent events, with inputs posted.
@Suite struct EventStreamLinkTests {
    private let group: ClientGroup
    private let server: ScriptedServer

    init() throws {
        group = try ClientGroup()
        server = try ScriptedServer()
    }

    private func test(_ body: @escaping @Sendable () throws -> Void) async throws {
        let group = group
        try await aside {
            defer { group.shutDown() }
            try body()
        }
    }

    private func connected(_ first: (ScriptedPeer) -> Void) throws -> (TestClient, ScriptedPeer) {
        let result = TestClient.connecting(server.url, group) { $0.transport = .serverSentEvents }
        let peer = try server.next()
        peer.beginEventStream()
        first(peer)
        return (TestClient(try result.next().get()), peer)
    }

    @Test func anEventStreamOfV2CarriesItsMessages() async throws {
        try await test { [self] in
            let (client, peer) = try connected { $0.send(event: "hello", ScriptedServer.hello()) }
            #expect(peer.target == "/api/shards/zone/connect?sid=u1&deltas=1&proto=2")
            #expect(peer.field("Accept") == "text/event-stream")
            #expect(peer.field("Authorization") == "Bearer secret")
            peer.send(event: "keyframe", id: "3", #"{"n":1}"#)
            let state = try client.nextState()
            #expect(state.tick == Tick(3))
            #expect(try state.json() == ["n": 1])
            peer.send(event: "event", #"{"type":"event","seq":7,"event":{"goal":1}}"#)
            #expect(try client.nextEvent().sequence == 7)
            #expect(client.shard.transport == .serverSentEvents)
        }
    }

    @Test func anEventStreamOfV1IsRead() async throws {
        try await test { [self] in
            let (client, peer) = try connected { $0.send(event: nil, id: "42", #"{"n":1}"#) }
            #expect(try client.nextState().tick == Tick(42))
            peer.send(event: "end", #"{"reason":"shard finished"}"#)
            #expect(try client.next { if case .bye(let bye) = $0 { bye } else { nil } }.reason == "shard finished")
            peer.write(Array("0\r\n\r\n".utf8))
            try client.await(.lost)
        }
    }

    @Test func inputsArePostedInOrderOverOneConnection() async throws {
        try await test { [self] in
            let (client, _) = try connected { $0.send(event: "hello", ScriptedServer.hello()) }
            for input in 1...3 { #expect(try client.send(.integer(Int64(input))) == UInt64(input)) }
            let poster = try server.next()
            for input in 1...3 {
                #expect(poster.target == "/api/shards/zone/input")
                let body = poster.request.split(separator: "\r\n").last
                #expect(body == #"{"subscriber_id":"u1","input":\#(input),"client_seq":\#(input)}"#)
                poster.answer("200 OK", #"{"accepted":true,"seq":1}"#)
                if input < 3 { poster.request = try poster.requests.next() }
            }
        }
    }

    @Test func anInputIsPostedWithTheTickItBelongsTo() async throws {
        try await test { [self] in
            let (client, _) = try connected { $0.send(event: "hello", ScriptedServer.hello()) }
            #expect(try client.send(5, tick: Tick(120)) == 1)
            let poster = try server.next()
            let body = poster.request.split(separator: "\r\n").last
            #expect(body == #"{"subscriber_id":"u1","input":5,"client_seq":1,"tick":120}"#)
            poster.answer("200 OK", #"{"accepted":true,"seq":1}"#)
        }
    }

    @Test func aRefusedInputIsTold() async throws {
        try await test { [self] in
            let (client, _) = try connected { $0.send(event: "hello", ScriptedServer.hello()) }
            #expect(try client.send(1) == 1)
            try server.next().answer(
                "400 Bad Request", #"{"error":{"code":"INPUT_REJECTED","message":"no"}}"#,
                fields: "Connection: close\r\n")
            func refused(_ message: ShardMessage) -> InputRefusal? {
                if case .refused(let refusal) = message { refusal } else { nil }
            }
            #expect(try client.next(refused) == InputRefusal(code: "INPUT_REJECTED", message: "no", clientSequence: 1))
            // The next one goes over another connection, and nobody answers it.
            #expect(try client.send(2) == 2)
            try server.next().cut()
            let unanswered = try client.next(refused)
            #expect((unanswered.code, unanswered.clientSequence) == ("NO_ANSWER", 2))
        }
    }

    @Test func aRefusedStreamIsThrownWithItsCode() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group) { $0.transport = .serverSentEvents }
            try server.next().answer("403 Forbidden", #"{"error":{"code":"UNAUTHORIZED","message":"no"}}"#)
            let refused = try result.next()
            #expect(throws: ClientError.refused(status: 403, code: "UNAUTHORIZED", message: "no")) { try refused.get() }
        }
    }

    @Test func whereSocketsAreBlockedEventsAreTheWay() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group) { $0.transport = nil }
            // What stands in front of the server lets no WebSocket through.
            try server.next().answer("403 Forbidden", "blocked")
            let peer = try server.next()
            #expect(peer.target.hasPrefix("/api/shards/zone/connect"))
            peer.beginEventStream()
            peer.send(event: "hello", ScriptedServer.hello())
            #expect(try result.next().get().transport == .serverSentEvents)
        }
    }

    // MARK: Guests

    @Test func aGuestIsSignedIn() async throws {
        try await test { [self] in
            let (url, group) = (server.url, group)
            let guest = Mailbox<Result<GuestSession, any Error>>()
            Task {
                do { guest.put(.success(try await GuestSession.signIn(url: url, group: group))) } catch {
                    guest.put(.failure(error))
                }
            }
            let peer = try server.next()
            #expect(peer.request.hasPrefix("POST /api/auth/guest HTTP/1.1\r\n"))
            peer.answer("201 Created", #"{"token":"pylon_1","user_id":"guest_1","guest":true}"#)
            #expect(try guest.next().get() == GuestSession(token: "pylon_1", userID: "guest_1"))
        }
    }

    @Test(arguments: [
        ("200 OK", "{}"), ("200 OK", "x"), ("200 OK", #"{"token":1,"user_id":"u"}"#), ("500 No", "{}"), ("429 No", ""),
    ]) func anAnswerWithoutAGuestIsAnError(status: String, body: String) async throws {
        try await test { [self] in
            let (url, group) = (server.url, group)
            let failed = Mailbox<Bool>()
            Task {
                do {
                    _ = try await GuestSession.signIn(url: url, group: group)
                    failed.put(false)
                } catch {
                    failed.put(true)
                }
            }
            try server.next().answer(status, body)
            #expect(try failed.next())
        }
    }
}
