import PylonEventLoop
import PylonFanout
import PylonJSON
import PylonNet
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Connections of those whose boat left while they were away.
@Suite struct ForwardingTests {
    private let fixture: ShardFixture

    init() throws {
        fixture = try ShardFixture(kinds: [PierWorld.kind])
    }

    /// A connection that follows its boat.
    final class Visitor: @unchecked Sendable {
        // Safety: `stream` and the handler belong to the server's loop; the rest never changes.
        let client: ClientSocket
        let connection: OnLoop<Connection>
        let answers = Mailbox<Result<String, ShardError>>()
        let name: String
        private let caller: Caller
        private let role: SubscriberRole
        private let handler: SubscribedHandler
        private let transport: Transports
        private var stream: ShardStream

        init(
            _ fixture: ShardFixture, _ name: String, _ caller: Caller, _ role: SubscriberRole, _ stream: ShardStream,
            as transport: Transports = .webSocketV2
        ) throws {
            self.transport = transport
            (client, connection) = try fixture.server.connect()
            self.name = name
            self.caller = caller
            self.role = role
            self.stream = stream
            let handler = SubscribedHandler(events: Mailbox())
            self.handler = handler
            let reference = OnLoop(handler)
            try fixture.server.on(connection) { $0.replaceHandler(reference.value) }
        }

        func subscribe(_ fixture: ShardFixture, to shard: any ShardHandle) throws {
            try fixture.server.on(connection) { self.subscribe(on: $0, to: shard, nil) }
        }

        func acknowledge(_ tick: Tick) { handler.subscription?.acknowledge(tick) }

        private func subscribe(on connection: Connection, to shard: any ShardHandle, _ passage: Passage?) {
            let reference = ConnectionReference(connection)
            shard.subscribe(
                SubscribeRequest(
                    subscriber: SubscriberID(name), caller: caller, transport: transport, stream: stream,
                    role: role, connection: connection, passage: passage,
                    follow: { [self] target, passage in
                        stream = .v2()
                        subscribe(on: reference.onLoop, to: target, passage)
                    }
                ) { [self] result in
                    if case .success(let subscription) = result { handler.subscription = subscription }
                    answers.put(result.map { $0.shard.id })
                })
        }
    }

    /// Lets workers and loops do what they ask of each other.
    private func turn(_ count: Int = 6) throws {
        for _ in 0..<count {
            _ = fixture.worker.runDue()
            try fixture.server.thread.turn()
        }
    }

    private func tick(_ count: Int = 4) throws {
        for _ in 0..<count {
            fixture.clock.advance(by: .milliseconds(50))
            try turn(2)
        }
    }

    private func create(_ id: String, _ config: JSONValue = [:]) throws {
        var object = config.object ?? JSONObject()
        object["idle_ticks_before_shutdown"] = 0
        _ = try fixture.create(.object(object), id: id, kind: "pier")
    }

    /// Connects to `shard`; the shard where it ends up, and its connection.
    private func join(
        _ shard: String, as name: String = "ann", userID: String? = nil, role: SubscriberRole = .player,
        token: String? = nil
    ) throws -> (place: Result<String, ShardError>, visitor: Visitor) {
        let visitor = try Visitor(
            fixture, name, Caller(userID: userID ?? name, isAdmin: false), role, .v2(resume: token))
        try visitor.subscribe(fixture, to: try #require(fixture.registry.get(shard)))
        try turn()
        return (try visitor.answers.next(), visitor)
    }

    /// What comes over the connection up to the next hello.
    private func hello(_ visitor: Visitor) throws -> JSONValue {
        let member = ShardFixture.Member(
            name: visitor.name, client: visitor.client, connection: visitor.connection, subscription: nil,
            events: Mailbox())
        while true {
            let text = try member.messages(1)[0]
            guard text.hasPrefix("{"), let json = try? JSONParser.parse(text) else { continue }
            if json["type"] == "hello" { return json }
        }
    }

    private func leave(_ visitor: Visitor) throws {
        try fixture.server.on(visitor.connection) { $0.close() }
        try turn(2)
    }

    /// Sends a boat off by request, as `name` must have a connection or a seat; `tick` lets it arrive.
    private func sail(_ name: String = "ann", from source: String, to target: String) throws {
        let shard = try #require(fixture.registry.get(source))
        _ = try fixture.request(shard, .string(target), as: name).get()
    }

    private var boats: [String: Int] {
        fixture.registry.all.reduce(into: [:]) { $0[$1.id] = $1.information.players }
    }

    /// Ann's boat goes from "a" to "b" while she is away.
    private func sailWhileAway(
        _ a: JSONValue = ["boats": ["ann"], "reconnect_grace_ms": 1000], _ b: JSONValue = [:]
    ) throws -> (token: String, visitor: Visitor) {
        try create("a", a)
        try create("b", b)
        let (place, visitor) = try join("a")
        #expect(place == .success("a"))
        let token = try #require(try hello(visitor)["resume"]?.string)
        try sail(from: "a", to: "b")
        try leave(visitor)
        try tick()
        #expect(boats["a"] == 0 && boats["b"] == 1)
        return (token, visitor)
    }

    // MARK: Finding it

    @Test func whoeverWasAwayFindsItsBoat() throws {
        let (token, _) = try sailWhileAway()
        let (place, visitor) = try join("a", token: token)
        #expect(place == .success("b"))
        let hello = try hello(visitor)
        #expect(hello["shard"] == "b" && hello["moved_from"] == "a" && hello["resumed"] == true)
        #expect(fixture.registry.counters.streamsForwarded.value == 1)
        #expect(boats["a"] == 0 && boats["b"] == 1)
        fixture.stop()
    }

    @Test func withoutATokenTheNumberingBeginsAnew() throws {
        _ = try sailWhileAway()
        let (place, visitor) = try join("a")
        #expect(place == .success("b"))
        let hello = try hello(visitor)
        #expect(hello["moved_from"] == "a" && hello["resumed"] == false && hello["ack"] == .null)
        fixture.stop()
    }

    @Test func whoeverLooksOnStaysWhereItLooks() throws {
        _ = try sailWhileAway()
        #expect(try join("a", role: .spectator).place == .success("a"))
        fixture.stop()
    }

    @Test func aStreamThatCannotFollowHearsWhereTo() throws {
        _ = try sailWhileAway()
        let answers = Mailbox<Result<OnLoop<Subscription>, ShardError>>()
        let (_, connection) = try fixture.server.connect()
        let shard = try #require(fixture.registry.get("a"))
        try fixture.request(shard, "ann", Caller(userID: "ann", isAdmin: false), connection, Mailbox()) {
            answers.put($0)
        }
        try turn()
        guard case .failure(.moved(to: "b")) = try answers.next() else {
            Issue.record("not told")
            return
        }
        fixture.stop()
    }

    @Test func chainsAreFollowedToTheirEnd() throws {
        try create("c")
        let (token, _) = try sailWhileAway()
        // Her seat at "b" is hers, so that a request from there counts.
        try sail(from: "b", to: "c")
        try tick()
        #expect(boats["b"] == 0 && boats["c"] == 1)
        let (place, visitor) = try join("a", token: token)
        #expect(place == .success("c"))
        #expect(try hello(visitor)["resumed"] == true)
        fixture.stop()
    }

    @Test func whoeverCameBackIsForgotten() throws {
        let (token, _) = try sailWhileAway()
        try sail(from: "b", to: "a")
        try tick()
        #expect(boats["a"] == 1)
        #expect(try join("a", token: token).place == .success("a"))
        // And "b" knows where she is.
        #expect(try join("b").place == .success("a"))
        fixture.stop()
    }

    @Test func whatIsAcknowledgedOfTheShardBehindDoesNoHarm() throws {
        try create("a", ["boats": .array((0..<100).map { .string("boat \($0)") })])
        var options = SessionOptions()
        options.takesDeltas = true
        let visitor = try Visitor(
            fixture, "boat 7", Caller(userID: "boat 7", isAdmin: false), .player, .session(options),
            as: .webSocketV2Delta)
        try visitor.subscribe(fixture, to: try #require(fixture.registry.get("a")))
        try turn()
        #expect(try visitor.answers.next() == .success("a"))
        /// The type and the tick of the next message; texts are passed over.
        func next() throws -> (type: UInt8, tick: UInt64) {
            while true {
                let head = try visitor.client.receive(2)
                var count = Int(head[1])
                if count == 126 { count = try visitor.client.receive(2).reduce(0) { $0 << 8 | Int($1) } }
                let body = try visitor.client.receive(count)
                guard head[0] == 0x82 else { continue }
                return (body[0], body[0] == 2 ? body[1..<9].reduce(0) { $0 << 8 | UInt64($1) } : 0)
            }
        }
        let first = try next()
        #expect(first.type == 2)
        // Late, of a shard that has run for longer; then of this one.
        for tick in [first.tick + 1_000_000, first.tick] {
            try fixture.server.thread.run { visitor.acknowledge(Tick(tick)) }
        }
        try tick(1)
        #expect(try next().type == 5)
        fixture.stop()
    }

    // MARK: How long

    @Test(arguments: [(1000, 30), (60_000, 60)])
    func itIsKnownAsLongAsTheSeatThereIsHeld(grace: Int, seconds: Int) throws {
        let (token, _) = try sailWhileAway(
            ["boats": ["ann"], "reconnect_grace_ms": 1000], ["reconnect_grace_ms": .integer(Int64(grace))])
        fixture.advance(.seconds(seconds - 1))
        try turn(1)
        #expect(boats["b"] == 1)
        let (place, visitor) = try join("a", token: token)
        #expect(place == .success("b"))
        try leave(visitor)
        fixture.advance(.seconds(seconds + 1))
        try turn(1)
        #expect(boats["b"] == 0)
        #expect(try join("a").place == .success("a"))
        fixture.stop()
    }

    @Test func whereTheTargetIsGoneTheOldShardTakesItIn() throws {
        let (token, _) = try sailWhileAway()
        #expect(fixture.registry.remove("b"))
        try turn(1)
        #expect(try join("a", token: token).place == .success("a"))
        #expect(fixture.registry.counters.streamsForwarded.value == 0)
        fixture.stop()
    }

    // MARK: Who may

    @Test func nobodyComesByAnothersNameWhereItMayNot() throws {
        let (token, _) = try sailWhileAway()
        // Not even with the token: the old shard's own rule comes first.
        #expect(try join("a", userID: "eve", token: token).place == .failure(.unauthorized(reason: "not yours")))
        fixture.stop()
    }

    @Test func theTargetsRuleHoldsForWhoeverHasNoToken() throws {
        let (token, _) = try sailWhileAway(
            ["boats": ["ann"], "open": true, "reconnect_grace_ms": 1000], ["reconnect_grace_ms": 1000])
        // "a" lets anybody watch as anybody, "b" does not.
        #expect(try join("a", userID: "eve").place == .failure(.unauthorized(reason: "not yours")))
        #expect(
            try join("a", userID: "eve", token: String(repeating: "0", count: 32)).place
                == .failure(.unauthorized(reason: "not yours")))
        #expect(try join("a").place == .success("b"))
        // Who has the token is who was moved.
        #expect(try join("a", userID: "eve", token: token).place == .success("b"))
        fixture.stop()
    }

    @Test func theTargetsPlacesHoldForWhoeverHasNoToken() throws {
        let (token, _) = try sailWhileAway(
            ["boats": ["ann"], "reconnect_grace_ms": 1000], ["max_subscribers": 2, "reconnect_grace_ms": 1000])
        #expect(try join("b", as: "bob").place == .success("b"))
        // Her seat counts as the second, and is hers.
        #expect(try join("b", as: "cid").place == .failure(.full))
        #expect(try join("a").place == .success("b"))
        #expect(try join("a").place == .failure(.full))
        #expect(try join("a", token: token).place == .success("b"))
        // Once.
        #expect(try join("a", token: token).place == .failure(.full))
        fixture.stop()
    }

    @Test func placesAreCountedForWhoeverIsOnTheWay() throws {
        try create("a", ["boats": ["ann", "bob"], "reconnect_grace_ms": 1000])
        try create("b", ["max_subscribers": 1])
        let visitors = try ["ann", "bob"].map { try join("a", as: $0).visitor }
        try sail(from: "a", to: "b")
        try leave(visitors[0])
        try tick()
        // Her seat is all there is, for newcomers and for those who come along with something.
        #expect(try join("b", as: "cid").place == .failure(.full))
        try sail("bob", from: "a", to: "b")
        try tick()
        #expect(boats["a"] == 1 && boats["b"] == 1)
        #expect(fixture.registry.counters.handoffsRefused.value == 1)
        fixture.advance(.seconds(31))
        try turn(1)
        #expect(try join("b", as: "cid").place == .success("b"))
        withExtendedLifetime(visitors) {}
        fixture.stop()
    }

    @Test func aStreamThatComesTooLateGoesOnToo() throws {
        try create("a", ["boats": ["ann"]])
        for id in ["b", "c"] { try create(id) }
        let (_, visitor) = try join("a")
        try sail(from: "a", to: "b")
        // The loop rests while the boat goes on: what it is told comes when that has left "b" again.
        let held = Mailbox<Void>()
        let isHeld = Mailbox<Void>()
        fixture.server.thread.loop.submit {
            isHeld.put(())
            _ = try? held.next()
        }
        try isHeld.next()
        for _ in 0..<4 { fixture.advance(.milliseconds(50)) }
        #expect(boats["b"] == 1)
        let answer = Mailbox<Result<UInt64, ShardError>>()
        try #require(fixture.registry.get("b")).push(
            InputRequest(
                subscriber: SubscriberID("ann"), caller: Caller(userID: "ann", isAdmin: false),
                message: InputMessage(input: "c", clientSequence: nil, bytesCount: 0)
            ) { answer.put($0) })
        for _ in 0..<4 { fixture.advance(.milliseconds(50)) }
        _ = try answer.next().get()
        #expect(boats["b"] == 0 && boats["c"] == 1)
        held.put(())
        try turn()
        #expect(try visitor.answers.next() == .success("c"))
        #expect(boats["a"] == 0 && boats["b"] == 0 && boats["c"] == 1)
        fixture.stop()
    }
}

/// A connection that waits for its token to be stored while the boat leaves: it is there to follow when it begins.
@Suite struct StoredForwardingTests {
    /// Whatever the moment at which somebody comes, the store being slow from then on, it ends up where its boat is.
    @Test(arguments: 0..<8) func whoWaitsForTheStoreWhileItsBoatLeavesGoesAfterIt(ticksBefore: Int) throws {
        let store = MemoryStore()
        let fixture = try ShardFixture(kinds: [PierWorld.kind], keepers: ShardKeepers(store: store))
        func turn(_ count: Int) throws {
            for _ in 0..<count {
                _ = fixture.worker.runDue()
                try fixture.server.thread.turn()
            }
        }
        func tick(_ count: Int) throws {
            for _ in 0..<count {
                fixture.clock.advance(by: .milliseconds(50))
                try turn(3)
            }
        }
        let stored: JSONValue = ["checkpoint_ticks": 1000, "journal": true, "boats": ["ann"]]
        let pier = try fixture.create(stored, id: "a", kind: "pier")
        _ = try fixture.create(["idle_ticks_before_shutdown": 0], id: "b", kind: "pier")
        try turn(2)
        func visit() throws -> ForwardingTests.Visitor {
            let visitor = try ForwardingTests.Visitor(
                fixture, "ann", Caller(userID: "ann", isAdmin: false), .player, .v2())
            try visitor.subscribe(fixture, to: pier)
            try turn(3)
            return visitor
        }
        let first = try visit()
        #expect(try first.answers.next() == .success("a"))
        let answered = Mailbox<Result<UInt64, ShardError>>()
        pier.push(
            InputRequest(
                subscriber: SubscriberID("ann"), caller: Caller(userID: "ann", isAdmin: false),
                message: InputMessage(input: "b", clientSequence: 1, bytesCount: 0)
            ) { answered.put($0) })
        try turn(1)
        _ = try answered.next().get()
        try tick(ticksBefore)
        store.answerByHand()
        let second = try visit()
        try tick(4)
        store.answerAll()
        try tick(8)
        #expect(try first.answers.next() == .success("b"), "its stream was moved")
        var places: [Result<String, ShardError>] = []
        while second.answers.count > 0 { places.append(try second.answers.next()) }
        #expect(places.last == .success("b"), "\(places)")
        fixture.stop()
    }
}
