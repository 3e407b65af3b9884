import PylonBytes
import PylonFanout
import PylonJSON
import PylonNet
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Seats that are held for those who reconnect.
@Suite struct SeatTests {
    private let joined = Mailbox<SubscriberID>()
    private let left = Mailbox<SubscriberID>()

    private func fixture() throws -> ShardFixture {
        try ShardFixture(kinds: [
            ShardKind("ledger") { [joined, left] _ in
                var world = LedgerWorld()
                world.joined = joined
                world.left = left
                return world
            }
        ])
    }

    private func token(_ hello: JSONValue) throws -> String { try #require(hello["resume"]?.string) }

    @Test func whoeverComesBackInTimeHasNeverBeenAway() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let first = try fixture.join(shard, as: "a", stream: .v2())
        let old = try token(try first.json())
        try fixture.push(["add": 1], from: first, client: 41)
        fixture.advance(.milliseconds(50))
        try fixture.leave(first)
        #expect(fixture.registry.counters.seatsHeld.value == 1 && shard.information.subscribers == 0)
        fixture.advance(.milliseconds(900))
        let second = try fixture.join(shard, as: "a", stream: .v2(resume: old))
        let hello = try second.json()
        #expect(hello["resumed"] == true)
        #expect(hello["ack"] == ["client_seq": 41, "seq": 1, "tick": 2])
        let renewed = try token(hello)
        #expect(renewed != old)
        #expect(fixture.registry.counters.seatsHeld.value == 0 && fixture.registry.counters.seatsResumed.value == 1)
        // The world heard of one who came, and the deadline of the first absence passes without effect.
        fixture.advance(.seconds(5))
        #expect(joined.count == 1 && left.count == 0)
        // The old token has had its use once the client has shown that it has the new one.
        try fixture.say(second)
        try fixture.leave(second)
        #expect(try fixture.join(shard, as: "a", stream: .v2(resume: old)).json()["resumed"] == false)
        fixture.stop()
    }

    /// The network that carries the hello may be gone before it arrives: then the client has no other token than the one it came with.
    @Test func aTokenIsGoodUntilItsClientHasTheNext() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let first = try fixture.join(shard, as: "a", stream: .v2())
        let old = try token(try first.json())
        try fixture.leave(first)
        let unheard = try fixture.join(shard, as: "a", stream: .v2(resume: old))
        #expect(try unheard.json()["resumed"] == true)
        // While the stream that nobody hears is there, and when it has gone.
        let second = try fixture.join(shard, as: "a", stream: .v2(resume: old))
        #expect(try second.json()["resumed"] == true)
        try fixture.leave(second)
        #expect(try fixture.join(shard, as: "a", stream: .v2(resume: old)).json()["resumed"] == true)
        fixture.stop()
    }

    @Test func whoeverComesBackTooLateBeginsAnew() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let first = try fixture.join(shard, as: "a", stream: .v2())
        let old = try token(try first.json())
        try fixture.push(["add": 1], from: first, client: 41)
        fixture.advance(.milliseconds(50))
        try fixture.leave(first)
        fixture.advance(.milliseconds(999))
        #expect(left.count == 0)
        fixture.advance(.milliseconds(1))
        #expect(try left.next() == SubscriberID("a"))
        #expect(fixture.registry.counters.seatsHeld.value == 0 && fixture.registry.counters.seatsExpired.value == 1)
        let hello = try fixture.join(shard, as: "a", stream: .v2(resume: old)).json()
        #expect(hello["resumed"] == false && hello["ack"] == .null)
        #expect(joined.count == 2)
        fixture.stop()
    }

    @Test func withoutAGraceTheWorldHearsAtOnce() throws {
        let fixture = try fixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2())
        let old = try token(try member.json())
        try fixture.leave(member)
        #expect(try left.next() == SubscriberID("a"))
        #expect(try fixture.join(shard, as: "a", stream: .v2(resume: old)).json()["resumed"] == false)
        fixture.stop()
    }

    @Test func aTokenIsGoodForItsSeatAndShardOnly() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 60_000])
        let other = try fixture.create(["reconnect_grace_ms": 60_000], id: "t")
        let member = try fixture.join(shard, as: "a", stream: .v2())
        let elsewhere = try fixture.join(other, as: "a", stream: .v2())
        let own = try token(try member.json())
        let foreign = try token(try elsewhere.json())
        try fixture.leave(member)
        for (name, text) in [("b", own), ("a", foreign), ("a", String(repeating: "0", count: 32))] {
            let hello = try fixture.join(shard, as: name, stream: .v2(resume: text)).json()
            #expect(hello["resumed"] == false, "\(name)")
        }
        fixture.stop()
    }

    /// A network that died takes minutes to be noticed here; its user is back in a second.
    @Test func aConnectionThatStillHasTheSeatIsReplaced() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["max_subscribers": 1])
        let first = try fixture.join(shard, as: "a", stream: .v2())
        let old = try token(try first.json())
        try fixture.push(["add": 1], from: first, client: 3)
        fixture.advance(.milliseconds(50))
        let second = try fixture.join(shard, as: "a", stream: .v2(resume: old))
        let hello = try second.json()
        #expect(hello["resumed"] == true && hello["ack"]?["client_seq"] == 3)
        #expect(try first.events.take(2) == ["resumed elsewhere", "closed"])
        // What closing it asked of the worker has been asked when the loop is free again.
        try fixture.server.thread.run {}
        _ = fixture.worker.runDue()
        #expect(shard.information.subscribers == 1)
        #expect(joined.count == 1 && left.count == 0)
        try fixture.leave(second)
        #expect(try left.next() == SubscriberID("a"))
        fixture.stop()
    }

    @Test func aHeldSeatTakesAPlaceThatOnlyItsOwnerMayHave() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["max_subscribers": 2, "reconnect_grace_ms": 1000])
        let (a, b) = (try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "b"))
        try fixture.leave(a)
        #expect(throws: ShardError.full) { try fixture.join(shard, as: "c") }
        // Also without the token: the world decides who may be whom.
        let again = try fixture.join(shard, as: "a")
        try fixture.leave(again)
        try fixture.leave(b)
        #expect(fixture.registry.counters.seatsHeld.value == 2)
        #expect(throws: ShardError.full) { try fixture.join(shard, as: "c") }
        fixture.advance(.seconds(1))
        _ = try fixture.join(shard, as: "c")
        #expect(joined.count == 3 && left.count == 2)
        fixture.stop()
    }

    @Test func anAddressMayHaveSoManySeatsHeld() throws {
        let refused = Counter()
        let keepers = ShardKeepers(heldSeats: AddressCap(maximum: 2, refused: refused))
        let fixture = try ShardFixture(keepers: keepers)
        let shards = try ["s", "t"].map { try fixture.create(["reconnect_grace_ms": 1000], id: $0) }
        func come(_ name: String, _ low: UInt64, to index: Int = 0) throws -> ShardFixture.Member {
            try fixture.join(shards[index], as: name, address: .v6(high: 0x2001_0DB8_0000_0001, low: low))
        }
        var held: Int { fixture.registry.counters.seatsHeld.value }
        // Two shards, and two addresses of one network.
        for member in [try come("a", 1), try come("b", 2, to: 1), try come("c", 3)] { try fixture.leave(member) }
        #expect(held == 2 && refused.value == 1 && shards[0].information.players == 1)
        // Others have their own share.
        try fixture.leave(try fixture.join(shards[0], as: "d", address: .v4(7)))
        try fixture.leave(try fixture.join(shards[0], as: "e"))
        #expect(held == 4)
        // Whoever comes back, has waited too long, or whose shard ends gives room.
        let back = try come("a", 1)
        try fixture.leave(try come("f", 1))
        #expect(held == 4 && refused.value == 1)
        fixture.advance(.seconds(2))
        #expect(held == 0)
        for member in [try come("g", 1), try come("h", 1, to: 1)] { try fixture.leave(member) }
        #expect(held == 2 && refused.value == 1)
        shards[1].stop(.stopped)
        _ = fixture.worker.runDue()
        try fixture.leave(try come("i", 1))
        #expect(held == 2 && refused.value == 1)
        withExtendedLifetime(back) {}
        fixture.stop()
    }

    @Test func onlyTheLastConnectionLeavesASeatBehind() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let members = try (0..<3).map { _ in try fixture.join(shard, as: "a", stream: .v2()) }
        for member in members[..<2] { try fixture.leave(member) }
        #expect(fixture.registry.counters.seatsHeld.value == 0)
        try fixture.leave(members[2])
        #expect(fixture.registry.counters.seatsHeld.value == 1 && joined.count == 1 && left.count == 0)
        fixture.advance(.seconds(2))
        #expect(left.count == 1)
        fixture.stop()
    }

    @Test func seatsGivenUpInTurnKeepTheirOwnTimes() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000, "tick_rate_hz": 0])
        let members = try ["a", "b", "c"].map { try fixture.join(shard, as: $0, stream: .v2()) }
        for member in members {
            try fixture.leave(member)
            fixture.advance(.milliseconds(300))
        }
        // "a" comes back and goes again: its time begins anew.
        try fixture.leave(try fixture.join(shard, as: "a", stream: .v2()))
        fixture.advance(.milliseconds(100))
        #expect(left.count == 0)
        fixture.advance(.milliseconds(300))
        #expect(try left.next() == SubscriberID("b") && left.count == 0)
        fixture.advance(.milliseconds(300))
        #expect(try left.next() == SubscriberID("c") && left.count == 0)
        fixture.advance(.milliseconds(300))
        #expect(try left.next() == SubscriberID("a"))
        #expect(fixture.registry.counters.seatsHeld.value == 0)
        fixture.stop()
    }

    /// Whoever comes and goes all the time leaves nothing behind, and is given up once.
    @Test func comingAndGoingAddsNothing() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 600_000, "idle_ticks_before_shutdown": 0])
        var token: String?
        for _ in 0..<200 {
            let member = try fixture.join(shard, as: "a", stream: .v2(resume: token))
            let hello = try member.json()
            #expect(hello["resumed"]?.bool == (token != nil))
            token = hello["resume"]?.string
            try fixture.leave(member)
        }
        #expect(fixture.registry.counters.seatsHeld.value == 1 && fixture.registry.counters.seatsResumed.value == 199)
        fixture.advance(.seconds(601))
        #expect(left.count == 1 && fixture.registry.counters.seatsExpired.value == 1)
        fixture.stop()
    }

    @Test func theEndOfAShardEndsItsSeats() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        try fixture.leave(try fixture.join(shard, as: "a", stream: .v2()))
        let member = try fixture.join(shard, as: "b", stream: .v2())
        shard.stop(.stopped)
        _ = fixture.worker.runDue()
        #expect(fixture.registry.counters.seatsHeld.value == 0)
        try fixture.leave(member)
        fixture.advance(.seconds(5))
        #expect(fixture.registry.counters.seatsHeld.value == 0 && fixture.registry.counters.sessions.value == 0)
        fixture.stop()
    }

    /// What the hello does not acknowledge is sent again, so it may not be applied twice.
    @Test func whatIsSentAgainIsAppliedOnce() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000, "max_input_queue": 3])
        let (first, watcher) = (try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "w"))
        let old = try token(try first.json())
        try fixture.push(["add": 1], from: first, client: 1)
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 10], from: first, client: 2)
        try fixture.push(["add": 100], from: watcher)
        try fixture.leave(first)
        let second = try fixture.join(shard, as: "a", stream: .v2(resume: old))
        let hello = try second.json()
        #expect(hello["ack"]?["client_seq"] == 1 && shard.information.inputsQueued == 1)
        try fixture.push(["add": 10], from: second, client: 2)
        // The same while the old connection still seems to be there, whatever comes over it yet.
        try fixture.push(["add": 1000], from: second, client: 3)
        let third = try fixture.join(shard, as: "a", stream: .v2(resume: try token(hello)))
        #expect(try third.json()["ack"]?["client_seq"] == 1)
        #expect(throws: ShardError.self) { try fixture.push(["add": 1000], from: second, client: 3) }
        try fixture.push(["add": 10], from: third, client: 2)
        fixture.advance(.milliseconds(50))
        #expect(try watcher.frames(3).last?.text == "[0,111]")
        fixture.stop()
    }

    /// Those of an event stream come by request, and are sent again like any other.
    @Test func whatWasPostedAndIsSentAgainIsAppliedOnce() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let (first, watcher) = (try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "w"))
        let old = try token(try first.json())
        _ = try fixture.request(shard, ["add": 1], as: "a", client: 1).get()
        fixture.advance(.milliseconds(50))
        for (amount, number) in [(10, 2), (100, nil)] as [(Int64, UInt64?)] {
            _ = try fixture.request(shard, ["add": .integer(amount)], as: "a", client: number).get()
        }
        _ = try fixture.request(shard, ["add": 1000], as: "w", client: 2).get()
        try fixture.leave(first)
        let hello = try fixture.join(shard, as: "a", stream: .v2(resume: old)).json()
        #expect(hello["ack"]?["client_seq"] == 1 && shard.information.inputsQueued == 2)
        _ = try fixture.request(shard, ["add": 10], as: "a", client: 2).get()
        fixture.advance(.milliseconds(50))
        #expect(try watcher.frames(3).last?.text == "[0,1111]")
        fixture.stop()
    }

    @Test func inputsSentBeforeTheConnectionBrokeAreApplied() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let (member, watcher) = (try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "w"))
        let old = try token(try member.json())
        try fixture.push(["add": 5], from: member, client: 9)
        try fixture.leave(member)
        fixture.advance(.milliseconds(50))
        #expect(try watcher.frames(2).last?.text == "[0,5]")
        let hello = try fixture.join(shard, as: "a", stream: .v2(resume: old)).json()
        #expect(hello["ack"]?["client_seq"] == 9)
        fixture.stop()
    }
}
