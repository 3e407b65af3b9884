import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Shards that end with hand-offs under way.
@Suite struct SettlingTests {
    private let fixture: ShardFixture
    /// Whoever has joined: a connection that nobody holds is closed.
    private let members = Mailbox<ShardFixture.Member>()
    private var counters: ShardCounters { fixture.registry.counters }

    init() throws {
        fixture = try ShardFixture(kinds: [PierWorld.kind])
    }

    private func create(_ id: String, _ config: JSONValue = [:]) throws {
        var object = config.object ?? JSONObject()
        object["idle_ticks_before_shutdown"] = 0
        _ = try fixture.create(.object(object), id: id, kind: "pier")
    }

    private func tick(_ count: Int = 4) {
        for _ in 0..<count { fixture.advance(.milliseconds(50)) }
    }

    /// Ann, at "a", says where her boat goes; "!" ends the world in the same step.
    private func sail(_ target: String) throws -> ShardFixture.Member {
        try create("a", ["boats": ["ann"]])
        let ann = try fixture.join(try #require(fixture.registry.get("a")), as: "ann")
        members.put(ann)
        try fixture.push(.string(target), from: ann)
        return ann
    }

    @Test func whatLeftInTheLastStepArrives() throws {
        try create("b")
        let ann = try sail("b!")
        tick()
        #expect(try ann.events.next() == "shard finished")
        #expect(counters.handoffsReceived.value == 1 && counters.handoffsUnderWay.value == 0)
        #expect(fixture.registry.get("b")?.information.players == 1)
        #expect(fixture.registry.get("a")?.isSettling == false)
        #expect(counters.handoffsLost.value == 0 && counters.shardsSettling.value == 0)
        fixture.stop()
    }

    @Test func aRemovedShardSettlesBeforeItsNameIsFree() throws {
        // "b" is on its way back.
        fixture.registry.noteRestored(false)
        let ann = try sail("b")
        tick()
        #expect(fixture.registry.remove("a"))
        #expect(!fixture.registry.remove("a"))
        _ = fixture.worker.runDue()
        // Its subscribers do not wait for that.
        #expect(try ann.events.next() == "shard stopped")
        #expect(counters.shardsSettling.value == 1)
        #expect(throws: RegistryError.duplicate) { try create("a") }
        #expect(fixture.registry.sweepFinished() == 0)
        try create("b")
        fixture.registry.noteRestored(true)
        for _ in 0..<4 { fixture.advance(.seconds(1)) }
        #expect(counters.handoffsReceived.value == 1 && counters.shardsSettling.value == 0)
        #expect(fixture.registry.get("a") == nil)
        try create("a")
        fixture.stop()
    }

    @Test func whatNobodyTakesIsLostWithItsWorld() throws {
        try create("full", ["berths": 0])
        _ = try sail("full!")
        tick()
        #expect(counters.handoffsRefused.value == 1 && counters.handoffsLost.value == 1)
        #expect(counters.handoffsUnderWay.value == 0 && counters.shardsSettling.value == 0)
        fixture.stop()
    }

    @Test func whatIsNotAnsweredWithinHalfAMinuteIsLost() throws {
        let reports = Mailbox<String>()
        let fixture = try ShardFixture(
            kinds: [PierWorld.kind], keepers: ShardKeepers(report: { reports.put($0) }))
        // A shard that another process may bring back answers nothing in this one.
        let kept = KeptShard(
            id: "b", instance: 1, kind: "gone", config: "{}", seed: 1, state: [], isClean: true, journal: [])
        #expect(throws: RestoreError.self) { try fixture.registry.restore(kept) }
        let shard = try fixture.create(["boats": ["ann"], "idle_ticks_before_shutdown": 0], id: "a", kind: "pier")
        let ann = try fixture.join(shard, as: "ann")
        members.put(ann)
        try fixture.push("b!", from: ann)
        fixture.advance(.milliseconds(50))
        fixture.advance(.seconds(29))
        #expect(shard.isSettling && fixture.registry.counters.handoffsLost.value == 0)
        fixture.advance(.seconds(1))
        #expect(!shard.isSettling && fixture.registry.counters.handoffsLost.value == 1)
        #expect(try reports.next().hasPrefix("shard a has ended with 1 hand-offs unanswered, which are lost"))
        fixture.stop()
    }

    @Test func twoThatEndAnswerEachOther() throws {
        fixture.registry.noteRestored(false)
        try create("a", ["boats": ["ann"]])
        try create("b", ["boats": ["bob"]])
        for (id, name, target) in [("a", "ann", "b!"), ("b", "bob", "a!")] {
            let member = try fixture.join(try #require(fixture.registry.get(id)), as: name)
            members.put(member)
            try fixture.push(.string(target), from: member)
        }
        tick()
        fixture.advance(.seconds(2))
        // Whoever ends first is not there to take the other's boat any more, and neither waits for half a minute.
        #expect(counters.handoffsLost.value + counters.handoffsReceived.value == 2)
        #expect(counters.handoffsLost.value > 0 && counters.shardsSettling.value == 0)
        #expect(counters.handoffsUnderWay.value == 0)
        fixture.stop()
    }
}
