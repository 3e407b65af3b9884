import PylonJSON
import PylonReplay
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Seats and their tokens across the end of a process.
@Suite struct RestoredSeatTests {
    private let store = MemoryStore()
    /// Connections stay open as long as somebody has them.
    private let open = Mailbox<ShardFixture.Member>()

    private func fixture() throws -> ShardFixture {
        try ShardFixture(kinds: [VaultWorld.kind], keepers: ShardKeepers(store: store))
    }

    private func config(journal: Bool, _ more: JSONValue = [:]) -> JSONValue {
        var config = JSONObject()
        config["checkpoint_ticks"] = 10
        config["journal"] = .bool(journal)
        config["idle_ticks_before_shutdown"] = 0
        for member in more.object ?? JSONObject() { config[member.key] = member.value }
        return .object(config)
    }

    /// Moves on by a step, and lets the worker hear what the store says.
    private func step(_ fixture: ShardFixture, _ count: Int = 1) {
        for _ in 0..<count {
            fixture.advance(.milliseconds(50))
            _ = fixture.worker.runDue()
        }
    }

    /// The process dies, and another takes over from what is stored at this moment.
    private func comeBack() throws -> (fixture: ShardFixture, shard: any ShardHandle) {
        let kept = try #require(store.kept())
        let next = try ShardFixture(
            kinds: [VaultWorld.kind], keepers: ShardKeepers(store: MemoryStore(kept: [kept])))
        try next.registry.restore(kept)
        _ = next.worker.runDue()
        return (next, try #require(next.registry.get("s")))
    }

    /// Joins by a stream v2; its hello comes with the store's answer.
    private func hello(
        _ fixture: ShardFixture, _ shard: any ShardHandle, _ name: String, resume token: String? = nil,
        role: SubscriberRole = .player
    ) throws -> (member: ShardFixture.Member, hello: JSONValue) {
        let answer = Mailbox<Result<OnLoop<Subscription>, ShardError>>()
        let (client, connection) = try fixture.server.connect()
        let events = Mailbox<String>()
        try fixture.request(
            shard, name, Caller(userID: name, isAdmin: false), connection, events, .v2(resume: token), role: role
        ) { answer.put($0) }
        // The token is stored, then what is shown first.
        for _ in 0..<3 { _ = fixture.worker.runDue() }
        let member = ShardFixture.Member(
            name: name, client: client, connection: connection, subscription: try answer.next().get(), events: events)
        open.put(member)
        return (member, try member.json())
    }

    private func token(_ hello: JSONValue) throws -> String { try #require(hello["resume"]?.string) }

    @Test(arguments: [true, false]) func aTokenFromBeforeARestartIsGood(_ isJournalled: Bool) throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: isJournalled), kind: "vault")
        let (member, first) = try hello(fixture, shard, "a")
        #expect(first["resumed"] == false)
        for number in 1...3 { try fixture.push(1, from: member, client: UInt64(number)) }
        step(fixture, 12)
        try fixture.push(1, from: member, client: 4)
        step(fixture)

        let (next, restored) = try comeBack()
        #expect(next.registry.counters.seatsHeld.value == 1)
        let (_, again) = try hello(next, restored, "a", resume: try token(first))
        #expect(again["resumed"] == true)
        // What the world as it came back contains; without a journal the last input is lost, and sent again.
        #expect(again["ack"]?["client_seq"] == (isJournalled ? 4 : 3))
        #expect(next.registry.counters.seatsHeld.value == 0 && next.registry.counters.seatsResumed.value == 1)
        next.stop()
        fixture.stop()
    }

    /// The last state knows nothing of these: with a journal the token is stored before the client has it.
    @Test(arguments: [true, false]) func aTokenGivenSinceTheLastState(_ isJournalled: Bool) throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: isJournalled), kind: "vault")
        step(fixture, 3)
        let (_, first) = try hello(fixture, shard, "a")
        let (next, restored) = try comeBack()
        #expect(try hello(next, restored, "a", resume: token(first)).hello["resumed"]?.bool == isJournalled)
        next.stop()
        fixture.stop()
    }

    @Test func aHelloWaitsUntilItsTokenIsStoredAndNoStepWaitsForIt() throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: true), kind: "vault")
        step(fixture)
        store.answerByHand()
        let answered = Mailbox<Bool>()
        let (client, connection) = try fixture.server.connect()
        try fixture.request(
            shard, "a", Caller(userID: "a", isAdmin: false), connection, Mailbox<String>(), .v2()
        ) { _ in answered.put(true) }
        _ = fixture.worker.runDue()
        let tick = shard.information.tick
        // It has its seat, its token is on its way to the disk, and the shard goes on.
        #expect(shard.information.players == 1 && shard.information.subscribers == 0 && store.waitingCount == 1)
        fixture.advance(.milliseconds(50))
        #expect(shard.information.tick == tick + 1 && shard.information.subscribers == 0)
        store.answer()
        _ = fixture.worker.runDue()
        // The token is stored, the step since then is not.
        #expect(shard.information.subscribers == 0 && store.waitingCount == 1)
        store.answer()
        _ = fixture.worker.runDue()
        #expect(try answered.next() && shard.information.subscribers == 1)
        let member = ShardFixture.Member(
            name: "a", client: client, connection: connection, subscription: nil, events: Mailbox())
        #expect(try member.json()["tick"]?.int == Int(tick + 1))
        store.answerAll()
        fixture.stop()
    }

    /// The process dies between the commit that holds the new token and the hello that carries it.
    @Test func theTokenBeforeIsGoodUntilTheNewOneIsOut() throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: true, ["reconnect_grace_ms": 60_000]), kind: "vault")
        let (member, first) = try hello(fixture, shard, "a")
        let before = try token(first)
        try fixture.leave(member)
        step(fixture)
        store.answerByHand()
        let (_, connection) = try fixture.server.connect()
        try fixture.request(
            shard, "a", Caller(userID: "a", isAdmin: false), connection, Mailbox<String>(), .v2(resume: before)
        ) { _ in }
        _ = fixture.worker.runDue()
        store.answer()
        let (next, restored) = try comeBack()
        #expect(try hello(next, restored, "a", resume: before).hello["resumed"] == true)
        next.stop()
        store.answerAll()
        fixture.stop()
    }

    /// Defect of a first draft: more tokens were journalled than could be read, and the shard was set aside.
    @Test(arguments: [16, 17, 40]) func manyWindowsOfOneSubscriberDoNoHarm(count: Int) throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: true, ["reconnect_grace_ms": 60_000]), kind: "vault")
        var newest = ""
        for _ in 0..<count { newest = try token(try hello(fixture, shard, "a").hello) }
        let (next, restored) = try comeBack()
        #expect(try hello(next, restored, "a", resume: newest).hello["resumed"] == true)
        next.stop()
        fixture.stop()
    }

    @Test(arguments: [true, false]) func aTokenThatWasUsedUpIsNotGoodAgain(_ isJournalled: Bool) throws {
        let fixture = try fixture()
        let shard = try fixture.create(
            config(journal: isJournalled, ["reconnect_grace_ms": 60_000]), kind: "vault")
        let (member, first) = try hello(fixture, shard, "a")
        try fixture.leave(member)
        let (again, second) = try hello(fixture, shard, "a", resume: try token(first))
        #expect(second["resumed"] == true)
        try fixture.say(again)
        step(fixture, 12)
        for (used, isGood) in [(try token(first), false), (try token(second), true)] {
            let (next, restored) = try comeBack()
            let (again, answer) = try hello(next, restored, "a", resume: used)
            #expect(answer["resumed"]?.bool == isGood)
            // Nor is one that was used behind the restart.
            try next.say(again)
            try next.leave(again)
            #expect(try hello(next, restored, "a", resume: used).hello["resumed"] == false)
            next.stop()
        }
        fixture.stop()
    }

    @Test func aTokenIsGoodForItsSubscriberAlone() throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: true), kind: "vault")
        let (_, a) = try hello(fixture, shard, "a")
        _ = try hello(fixture, shard, "b")
        step(fixture)
        let (next, restored) = try comeBack()
        for (name, text) in [("b", try token(a)), ("a", String(repeating: "0", count: 32)), ("c", try token(a))] {
            #expect(try hello(next, restored, name, resume: text).hello["resumed"] == false, "\(name)")
        }
        next.stop()
        fixture.stop()
    }

    /// Two windows of one player both come back.
    @Test func eachConnectionOfASeatComesBackWithItsOwnToken() throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: true), kind: "vault")
        let tokens = try (0..<3).map { _ in try hello(fixture, shard, "a") }
        try fixture.leave(tokens[2].member)
        step(fixture)
        // Whoever begins anew, as with the token of the one that had gone, ends what the others could have come back with.
        let (next, restored) = try comeBack()
        for index in [2, 0] {
            #expect(try hello(next, restored, "a", resume: token(tokens[index].hello)).hello["resumed"] == false)
        }
        next.stop()
        let (other, again) = try comeBack()
        for index in [0, 1] {
            #expect(try hello(other, again, "a", resume: token(tokens[index].hello)).hello["resumed"] == true)
        }
        // They are one player, who never left.
        #expect(again.information.players == 1 && again.information.subscribers == 2)
        other.stop()
        fixture.stop()
    }

    @Test func aCleanStopKeepsWhatTheClientsHave() throws {
        let fixture = try fixture()
        let shard = try fixture.create(
            config(journal: false, ["checkpoint_ticks": 100_000, "reconnect_grace_ms": 60_000]), kind: "vault")
        let (there, first) = try hello(fixture, shard, "a")
        let (away, second) = try hello(fixture, shard, "b")
        try fixture.push(1, from: there, client: 7)
        step(fixture)
        try fixture.leave(away)
        fixture.registry.stopAll()
        _ = fixture.worker.runDue()
        #expect(fixture.registry.counters.seatsHeld.value == 0)
        let (next, restored) = try comeBack()
        let hello = try hello(next, restored, "a", resume: token(first)).hello
        #expect(hello["resumed"] == true && hello["ack"]?["client_seq"] == 7)
        #expect(try self.hello(next, restored, "b", resume: token(second)).hello["resumed"] == true)
        next.stop()
        fixture.stop()
    }

    @Test func aSeatThatIsHeldTakesAPlaceUntilItIsGivenUp() throws {
        let fixture = try fixture()
        let shard = try fixture.create(
            config(journal: true, ["max_subscribers": 2, "reconnect_grace_ms": 1000]), kind: "vault")
        let (_, a) = try hello(fixture, shard, "a")
        _ = try hello(fixture, shard, "b")
        step(fixture)
        let (next, restored) = try comeBack()
        #expect(restored.information.players == 2)
        #expect(throws: ShardError.full) { try hello(next, restored, "c") }
        let (again, _) = try hello(next, restored, "a", resume: token(a))
        // The grace of who has come back is the shard's, and does not wait for those who have not.
        try next.leave(again)
        step(next, 19)
        #expect(restored.information.players == 2)
        step(next, 2)
        #expect(restored.information.players == 1)
        _ = try hello(next, restored, "c")
        for _ in 0..<28 { step(next, 20) }
        #expect(restored.information.players == 2)
        for _ in 0..<2 { step(next, 20) }
        #expect(restored.information.players == 1 && next.registry.counters.seatsHeld.value == 0)
        #expect(next.registry.counters.seatsExpired.value == 2)
        next.stop()
        fixture.stop()
    }

    /// As docs/persistence.md says: their seats are kept as long, but they have nothing to resume.
    @Test func spectatorsHaveTheirPlacesForAWhile() throws {
        let fixture = try fixture()
        let shard = try fixture.create(config(journal: true, ["max_spectators": 2]), kind: "vault")
        _ = try hello(fixture, shard, "p")
        let (_, first) = try hello(fixture, shard, "a", role: .spectator)
        _ = try hello(fixture, shard, "b", role: .spectator)
        step(fixture)
        let (next, restored) = try comeBack()
        #expect(restored.information.spectators == 2 && restored.information.players == 1)
        #expect(throws: ShardError.full) { try hello(next, restored, "c", role: .spectator) }
        let (_, again) = try hello(next, restored, "a", resume: token(first), role: .spectator)
        #expect(again["resumed"] == false && again["ack"] == .null)
        #expect(restored.information.spectators == 2 && restored.information.subscribers == 1)
        for _ in 0..<31 { step(next, 20) }
        #expect(restored.information.spectators == 1 && restored.information.players == 0)
        next.stop()
        fixture.stop()
    }
}
