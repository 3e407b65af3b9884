internal import PylonJSON
internal import PylonTestSupport
internal import PylonTime
internal import Testing

@testable internal import PylonClient

/// Connections over real sockets, against a server that says what each test has it say.
@Suite struct ShardConnectionTests {
    private let group: ClientGroup
    private let server: ScriptedServer

    init() throws {
        group = try ClientGroup()
        server = try ScriptedServer()
    }

    /// A client and its first stream, of v2 and live.
    private func connected(
        reads: Bool = true, _ change: (inout ShardOptions) -> Void = { _ in }
    ) throws -> (TestClient, ScriptedPeer) {
        let result = TestClient.connecting(server.url, group) {
            $0.transport = .webSocket
            change(&$0)
        }
        let peer = try server.nextV2()
        return (TestClient(try result.next().get(), reads: reads), peer)
    }

    private func test(_ body: @escaping @Sendable () throws -> Void) async throws {
        let group = group
        try await aside {
            defer { group.shutDown() }
            try body()
        }
    }

    // MARK: Opening

    @Test func theRequestSaysWhatIsAskedFor() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group) {
                $0.shard = "a zone/1"
                $0.query = [("join", "x&y")]
                $0.followsEvents = true
            }
            let peer = try server.nextV2()
            #expect(peer.target == "/?shard=a%20zone%2F1&join=x%26y&sid=u1&events=1&deltas=1")
            #expect(peer.field("Authorization") == "Bearer secret")
            #expect(peer.field("Sec-WebSocket-Protocol") == "pylon.v2")
            #expect(peer.field("Host") == "127.0.0.1:\(server.server.port)")
            let shard = try result.next().get()
            #expect(shard.status == .live)
            #expect(shard.transport == .webSocket)
            #expect(shard.hello?.subscriber == "u1")
        }
    }

    @Test func aServerThatKnowsOnlyV1IsSpokenToInV1() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group)
            let peer = try server.next()
            try peer.acceptWebSocket(subprotocol: nil)
            let client = TestClient(try result.next().get())
            peer.send([0, 0, 0, 0, 0, 0, 0, 42] + Array(#"{"n":1}"#.utf8))
            let state = try client.nextState()
            #expect(state.tick == Tick(42))
            #expect(try state.json() == ["n": 1])
            peer.send(#"{"tick":43,"snapshot":{"n":2}}"#)
            #expect(try client.nextState().json() == ["n": 2])
            #expect(try client.send(5, tick: Tick(9)) == 1)
            #expect(try peer.nextMessage() == #"{"input":5,"client_seq":1}"#)
            #expect(client.shard.hello == nil)
        }
    }

    @Test func messagesOfV2Arrive() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            for number in 1...4 { #expect(try client.send(5) == UInt64(number)) }
            // Of an input that was never sent: another's, who had the name before.
            peer.send(#"{"type":"ack","client_seq":500,"seq":1,"tick":9}"#)
            peer.send(#"{"type":"ack","client_seq":3,"seq":1,"tick":9}"#)
            peer.send(state: #"{"n":1}"#, tick: 9)
            peer.send(#"{"type":"event","seq":7,"event":{"goal":1}}"#)
            peer.send(#"{"type":"error","code":"RATE_LIMITED","message":"slow","client_seq":4}"#)
            let ack = try client.next { if case .acknowledged(let ack) = $0 { ack } else { nil } }
            #expect(ack == InputAcknowledgement(clientSequence: 3, tick: Tick(9)))
            let state = try client.nextState()
            #expect(state.acknowledged == 3)
            #expect(try state.json() == ["n": 1])
            #expect(client.shard.tick == Tick(9))
            #expect(try client.nextEvent().event == ["goal": 1])
            let refusal = try client.next { if case .refused(let refusal) = $0 { refusal } else { nil } }
            #expect(refusal == InputRefusal(code: "RATE_LIMITED", message: "slow", clientSequence: 4))
            #expect(client.shard.acknowledged == 3)
        }
    }

    @Test func aStreamMayArriveByteByByte() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group)
            let peer = try server.next()
            try peer.acceptWebSocket(subprotocol: "pylon.v2")
            let hello = Array(ScriptedServer.hello().utf8)
            let state: [UInt8] = [0x82, 11, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0x5B, 0x5D]
            let length = UInt16(hello.count)
            try server.writeSlowly([0x81, 126, UInt8(length >> 8), UInt8(length & 0xFF)] + hello + state, to: peer)
            #expect(try TestClient(try result.next().get()).nextState().tick == Tick(3))
        }
    }

    @Test func whatCannotBeReadIsToldAndTheStreamGoesOn() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            peer.send("{")
            peer.send([2, 0])
            peer.send([])
            peer.send(state: "[]", tick: 1)
            for _ in 0..<3 {
                guard case .invalidMessage = try client.nextFailure() else { throw Unexpected() }
            }
            #expect(try client.nextState().tick == Tick(1))
            #expect(client.shard.status == .live)
        }
    }

    @Test(arguments: [
        (401, "AUTH_REQUIRED"), (403, "UNAUTHORIZED"), (404, "SHARD_NOT_FOUND"), (429, "TOO_MANY_CONNECTIONS"),
    ]) func aRefusalIsThrownWithItsCode(status: Int, code: String) async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group) { $0.transport = nil }
            let peer = try server.next()
            peer.answer("\(status) No", #"{"error":{"code":"\#(code)","message":"why"}}"#)
            let refused = try result.next()
            #expect(throws: ClientError.refused(status: status, code: code, message: "why")) { try refused.get() }
        }
    }

    @Test func whatIsNoServerIsNotConnectedTo() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group)
            try server.next().write(Array("SSH-2.0-OpenSSH_9.2\r\n\r\n".utf8))
            guard case .failure(.invalidMessage) = try result.next() else { throw Unexpected() }
        }
    }

    @Test func nobodyThereIsUnreachable() async throws {
        try await test { [self] in
            let gone = try TestServer()
            let port = gone.port
            gone.stop()
            let result = TestClient.connecting("http://127.0.0.1:\(port)", group) { $0.transport = nil }
            guard case .failure(.unreachable) = try result.next() else { throw Unexpected() }
        }
    }

    @Test func aNameIsLookedUpElsewhere() async throws {
        try await test { [self] in
            // RFC 6761 §6.4: such names never have an address.
            let result = TestClient.connecting("http://nowhere.invalid:1", group)
            guard case .failure(.unresolved("nowhere.invalid")) = try result.next() else { throw Unexpected() }
        }
    }

    @Test func optionsThatCannotStandInARequestAreRefused() async throws {
        for (shard, token) in [
            ("", "t"), ("a", "b\r\nX: y"), ("a", ""), ("a", "ü"), ("a", String(repeating: "x", count: 8193)),
        ] {
            await #expect(throws: ClientError.self) {
                try await ShardConnection(url: server.url, shard: shard, token: token, group: group)
            }
        }
        await #expect(throws: ClientError.tlsUnsupported) {
            try await ShardConnection(url: "https://example.com", shard: "a", group: group)
        }
        try await test {}
    }

    // MARK: Coming back

    @Test func aCutStreamIsResumedAndInputsAreSentAgain() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            for input in 1...3 { #expect(try client.send(.integer(Int64(input)), tick: Tick(50)) == UInt64(input)) }
            for _ in 1...3 { _ = try peer.nextMessage() }
            peer.send(#"{"type":"ack","client_seq":1,"seq":1,"tick":2}"#)
            _ = try client.next { if case .acknowledged = $0 { () } else { nil } }
            peer.cut()
            try client.await(.lost)
            let second = try server.next()
            #expect(second.target.contains("resume_token=00ff"))
            try second.acceptWebSocket(subprotocol: "pylon.v2")
            second.send(ScriptedServer.hello(resumed: true, ack: 2))
            try client.await(.live)
            #expect(try second.nextMessage() == #"{"input":3,"client_seq":3,"tick":50}"#)
            #expect(try client.send(4) == 4)
            #expect(try second.nextMessage() == #"{"input":4,"client_seq":4}"#)
        }
    }

    @Test func everyInputThatIsKeptIsSentAgainHoweverMuchThatIs() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            // Twice what may wait for the network of new ones.
            let padding = JSONValue.string(String(repeating: "x", count: WebSocketLink.bytesWaitingMaximum / 16))
            for sequence in 1...32 {
                #expect(try client.send(padding) == UInt64(sequence))
                _ = try peer.nextMessage()
            }
            peer.cut()
            let second = try server.nextV2(ScriptedServer.hello(resumed: true, ack: 1))
            for sequence in 2...32 {
                let message = try JSONParser.parse(try second.nextMessage())
                #expect(message["client_seq"]?.int == sequence)
            }
        }
    }

    @Test func aStreamThatHasMovedIsResumedWhereItWent() async throws {
        try await test { [self] in
            let (client, peer) = try connected { $0.followsEvents = true }
            for input in 1...2 { #expect(try client.send(.integer(Int64(input))) == UInt64(input)) }
            for _ in 1...2 { _ = try peer.nextMessage() }
            let moved = ScriptedServer.hello(
                shard: "other place", resume: "77", resumed: true, ack: 1, #","moved_from":"zone","event_seq":3"#)
            peer.send(moved)
            _ = try client.next { if case .hello(let hello) = $0, hello.movedFrom == "zone" { () } else { nil } }
            peer.cut()
            let second = try server.next()
            #expect(second.target.hasPrefix("/?shard=other%20place&"))
            #expect(second.target.contains("resume_token=77"))
            #expect(second.target.contains("resume_events=3"))
            try second.acceptWebSocket(subprotocol: "pylon.v2")
            second.send(ScriptedServer.hello(shard: "other place", resume: "78", resumed: true, ack: 1))
            #expect(try second.nextMessage() == #"{"input":2,"client_seq":2}"#)
        }
    }

    @Test(arguments: [ShardTransport.webSocket, .serverSentEvents])
    func aByeThatNamesAnotherShardLeadsThere(transport: ShardTransport) async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group) {
                $0.transport = transport
                $0.followsEvents = true
            }
            let bye = #"{"type":"bye","code":"MOVED","reason":"moved","retry_after_ms":0,"shard":"other"}"#
            let hello = ScriptedServer.hello(#","event_seq":9"#)
            let peer = try server.next()
            if transport == .webSocket {
                try peer.acceptWebSocket(subprotocol: "pylon.v2")
                peer.send(hello)
            } else {
                peer.beginEventStream()
                peer.send(event: "hello", hello)
            }
            let client = TestClient(try result.next().get())
            if transport == .webSocket { peer.send(bye) } else { peer.send(event: "bye", bye) }
            _ = try client.next { if case .bye(let bye) = $0, bye.shard == "other" { () } else { nil } }
            peer.cut()
            let second = try server.next()
            #expect(second.target.contains("other") && !second.target.contains("zone"))
            #expect(!second.target.contains("resume"))
            try client.await(.lost)
        }
    }

    @Test func aByeWithATimeIsKeptTo() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            let began = ContinuousClock.now
            peer.send(#"{"type":"bye","code":"GOING_AWAY","reason":"restart","retry_after_ms":300}"#)
            peer.sendClose(1001)
            let bye = try client.next { if case .bye(let bye) = $0 { bye } else { nil } }
            #expect(bye.retryAfter == .milliseconds(300))
            try client.await(.lost)
            _ = try server.nextV2()
            #expect(ContinuousClock.now - began >= .milliseconds(300))
            try client.await(.live)
        }
    }

    @Test func aByeThatIsFinalEndsTheMessages() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            peer.send(#"{"type":"bye","code":"FINISHED","reason":"over","retry_after_ms":null}"#)
            peer.sendClose(1000)
            let bye = ShardBye(code: "FINISHED", reason: "over", retryAfter: nil)
            #expect(try client.ending() == .bye(bye))
            #expect(try client.messages.next() == nil)
            #expect(throws: ClientError.closedHere) { try client.send(1) }
        }
    }

    @Test func aTokenIsAskedForAgainAfterARefusal() async throws {
        try await test { [self] in
            let tokens = Mailbox<String>()
            let result = TestClient.connecting(server.url, group) {
                $0.token = .provider { try tokens.next() }
            }
            // Asked for before every attempt.
            tokens.put("first")
            let peer = try server.nextV2()
            #expect(peer.field("Authorization") == "Bearer first")
            let client = TestClient(try result.next().get())
            tokens.put("second")
            peer.sendClose(1008, reason: "unauthorized: expired")
            #expect(try server.nextV2().field("Authorization") == "Bearer second")
            try client.await(.live)
        }
    }

    @Test func withoutReconnectingTheFirstEndIsTheLast() async throws {
        try await test { [self] in
            let (client, peer) = try connected { $0.reconnects = false }
            peer.cut()
            guard case .failed(.unreachable) = try client.ending() else { throw Unexpected() }
        }
    }

    // MARK: Events

    @Test func eventsThatNobodyReadsEndTheStreamWhichGoesOnBehindThem() async throws {
        try await test { [self] in
            let (client, peer) = try connected(reads: false) {
                $0.followsEvents = true
                $0.eventsWaitingMaximum = 4
            }
            for sequence in 1...9 { peer.send(#"{"type":"event","seq":\#(sequence),"event":\#(sequence)}"#) }
            #expect(try peer.messages.next().contains("ping"))
            // The server sees the client leave before anything was read.
            while try !peer.messages.next().hasPrefix("close") {}
            let reader = TestClient(client.shard)
            for sequence in 1...4 { #expect(try reader.nextEvent().sequence == UInt64(sequence)) }
            #expect(try reader.nextFailure() == .eventsOverflowed(limit: 4))
            let second = try server.next()
            #expect(second.target.contains("resume_events=4"))
            try second.acceptWebSocket(subprotocol: "pylon.v2")
            second.send(ScriptedServer.hello(resumed: true))
            for sequence in 5...9 {
                second.send(#"{"type":"event","seq":\#(sequence),"event":\#(sequence)}"#)
                #expect(try reader.nextEvent().sequence == UInt64(sequence))
            }
        }
    }

    @Test func eventsThatAreGoneAreToldAndTheStreamStartsWithoutThem() async throws {
        try await test { [self] in
            let (client, peer) = try connected { $0.followsEvents = true }
            peer.send(#"{"type":"event","seq":8,"event":1}"#)
            _ = try client.nextEvent()
            peer.cut()
            let second = try server.next()
            #expect(second.target.contains("resume_events=8"))
            try second.acceptWebSocket(subprotocol: "pylon.v2")
            second.send(
                #"{"type":"bye","code":"RESYNC_REQUIRED","reason":"gone","retry_after_ms":null,"oldest_seq":99}"#)
            second.sendClose(4410)
            while try client.nextFailure() != .eventsLost {}
            #expect(try !server.nextV2(ScriptedServer.hello()).target.contains("resume_events"))
        }
    }

    // MARK: Time

    @Test func pingsMakeTheClock() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            let ping = try JSONParser.parse(try peer.messages.next())
            #expect(ping["type"] == "ping")
            peer.send(#"{"type":"pong","id":\#(ping["id"]?.int ?? 0),"server_ms":5000,"tick":100,"tick_age_ms":0}"#)
            peer.send(state: "[]", tick: 1)
            _ = try client.nextState()
            #expect(client.shard.clock.roundTrip != nil)
            #expect(client.shard.clock.tickRate == .standard)
        }
    }

    @Test func aStreamThatSaysNothingIsGivenUp() async throws {
        try await test { [self] in
            let (client, _) = try connected { $0.silenceMaximum = .milliseconds(50) }
            #expect(try client.nextFailure() == .timedOut)
            _ = try server.nextV2()
            try client.await(.live)
        }
    }

    // MARK: Ending

    @Test func closingSaysGoodbye() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            client.shard.close()
            while try peer.messages.next() != "close 1000" {}
            #expect(try client.ending() == .closedHere)
            try peer.ended.next()
        }
    }

    @Test func aConnectionThatNobodyHoldsIsClosed() async throws {
        try await test { [self] in
            let result = TestClient.connecting(server.url, group)
            let peer = try server.nextV2()
            _ = try result.next().get()
            while try peer.messages.next() != "close 1000" {}
        }
    }

    @Test func aGroupThatShutsDownEndsItsConnections() async throws {
        try await test { [self] in
            let (client, peer) = try connected()
            let waiting = TestClient.connecting(server.url, group)
            _ = try server.next()
            group.shutDown()
            #expect(try client.ending() == .closedHere)
            #expect(throws: ClientError.closedHere) { try waiting.next().get() }
            #expect(throws: ClientError.closedHere) { try client.send(1) }
            try peer.ended.next()
        }
    }

    @Test func whoeverIsCancelledWhileConnectingWaitsNoLonger() async throws {
        let (url, group) = (server.url, group)
        let connecting = Task { try await ShardConnection(url: url, shard: "zone", group: group) }
        let server = server
        try await aside { _ = try server.next() }
        connecting.cancel()
        await #expect(throws: ClientError.closedHere) { try await connecting.value }
        try await test {}
    }
}
