import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonStreamProtocol
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Streams v2: docs/protocol/stream-v2.md.
@Suite struct ShardRunnerSessionTests {
    // MARK: Opening

    @Test func helloComesFirstAndTheStateAtOnce() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 10, "inputs_per_second": 60, "hash_ticks": 5])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        let hello = try member.json()
        #expect(hello["type"] == "hello" && hello["proto"] == 2 && hello["shard"] == "s" && hello["sid"] == "a")
        #expect(hello["tick"] == 1 && hello["tick_rate_hz"] == 10 && hello["ticks_per_snapshot"] == 1)
        #expect(hello["inputs_per_second"] == 60 && hello["hash_ticks"] == 5 && hello["input_delay_ticks"] == 0)
        #expect(hello["server_ms"] == 1000 && hello["state"] == "json" && hello["schema"] == nil)
        #expect(hello["resumed"] == false && hello["ack"] == .null && hello["event_seq"] == nil)
        #expect(hello["resume"]?.string?.utf8.count == 32)
        #expect(try member.messages(1) == ["1 [0,0]"])
        fixture.advance(.milliseconds(100))
        #expect(try member.messages(1) == ["2 [0,0]"])
        #expect(fixture.registry.counters.sessions.value == 1)
        try fixture.leave(member)
        #expect(fixture.registry.counters.sessions.value == 0 && fixture.registry.counters.subscribers.value == 0)
        fixture.stop()
    }

    @Test func everyTokenIsAnother() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let tokens = try (0..<20).map { try fixture.join(shard, as: "a\($0)", stream: .v2()).json()["resume"]?.string }
        #expect(Set(tokens).count == 20)
        fixture.stop()
    }

    // MARK: Acknowledgements

    /// Defect 19: prediction has something to reconcile against.
    @Test func theNewestAppliedInputIsAcknowledgedRightInFrontOfItsState() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2())
        _ = try member.messages(2)
        for number in 1...3 { try fixture.push(["add": 1], from: member, client: UInt64(number)) }
        fixture.advance(.milliseconds(50))
        #expect(try member.messages(2) == [#"{"type":"ack","client_seq":3,"seq":3,"tick":2}"#, "2 [0,3]"])
        // Nothing new is nothing to say.
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 1], from: member)
        fixture.advance(.milliseconds(50))
        #expect(try member.messages(2) == ["3 [0,3]", "4 [0,4]"])
        #expect(fixture.registry.counters.acknowledgements.value == 1)
        fixture.stop()
    }

    @Test func acknowledgementsWaitForTheStateThatContainsThem() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["ticks_per_snapshot": 3])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        _ = try member.messages(2)
        try fixture.push(["add": 1], from: member, client: 1)
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 1], from: member, client: 2)
        fixture.advance(.milliseconds(50))
        #expect(try member.messages(2) == [#"{"type":"ack","client_seq":2,"seq":2,"tick":3}"#, "3 [0,2]"])
        fixture.stop()
    }

    @Test func everyStreamOfASubscriberIsAcknowledgedAndNobodyElses() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let members = try ["a", "a", "b"].map { try fixture.join(shard, as: $0, stream: .v2()) }
        let old = try fixture.join(shard, as: "a")
        for member in members { _ = try member.messages(2) }
        try fixture.push(["add": 1], from: members[0], client: 5)
        fixture.advance(.milliseconds(50))
        for member in members[..<2] { #expect(try member.messages(2).first?.contains(#""client_seq":5"#) == true) }
        #expect(try members[2].messages(1) == ["2 [0,1]"])
        #expect(try old.frames(2).map(\.text) == ["[0,0]", "[0,1]"])
        // An input over a stream v1 counts, too, and by request.
        try fixture.push(["add": 1], from: old, client: 6)
        #expect(try fixture.request(shard, ["add": 1], as: "a", client: 7) == .success(3))
        fixture.advance(.milliseconds(50))
        #expect(try members[0].messages(2) == [#"{"type":"ack","client_seq":7,"seq":3,"tick":3}"#, "3 [0,3]"])
        fixture.stop()
    }

    // MARK: Refusals

    /// Defect 18: what is refused behind the queue is answered.
    @Test func anInputThatIsRefusedBehindTheQueueIsAnswered() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2())
        let old = try fixture.join(shard, as: "a")
        _ = try member.messages(2)
        try fixture.push(["add": -5], from: member, client: 1)
        try fixture.push(["fail": true], from: member, client: 2)
        try fixture.push(["add": -5], from: member)
        // The same over a stream v1 is as silent as it was.
        try fixture.push(["add": -5], from: old, client: 3)
        try fixture.push(["fail": true], from: old)
        fixture.advance(.milliseconds(50))
        #expect(
            try member.messages(5) == [
                #"{"type":"error","code":"UNAUTHORIZED","message":"unauthorized: no debts","client_seq":1}"#,
                #"{"type":"error","code":"UNAUTHORIZED","message":"unauthorized: no debts","client_seq":null}"#,
                #"{"type":"error","code":"INPUT_REJECTED","message":"the input does not fit: the input was refused","client_seq":2}"#,
                // What the world threw at is acknowledged all the same: nobody is to wait for it.
                #"{"type":"ack","client_seq":2,"seq":5,"tick":2}"#, "2 [0,0]",
            ])
        #expect(try old.frames(2).map(\.text) == ["[0,0]", "[0,0]"])
        #expect(fixture.registry.counters.inputsRefused.value == 5)
        fixture.stop()
    }

    @Test func refusalsOfWhoHasGoneAreForNobody() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let (member, other) = (try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "b"))
        try fixture.push(["fail": true], from: member, client: 1)
        try fixture.leave(member)
        fixture.advance(.milliseconds(50))
        #expect(try other.frames(2).last?.text == "[0,0]")
        fixture.stop()
    }

    // MARK: Views, keyframes, endings

    @Test func aSubscriberMayMoveBetweenViews() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2(events: true))
        _ = try member.messages(2)
        try fixture.push(["enter": 7], from: member)
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 2], from: member)
        fixture.advance(.milliseconds(50))
        #expect(try member.messages(2) == ["2 [7,0]", "3 [7,2]"])
        try fixture.leave(member)
        #expect(shard.information.subscribers == 0)
        fixture.stop()
    }

    @Test func whoeverAsksGetsTheStateOnceMore() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 0])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        let other = try fixture.join(shard, as: "b", stream: .v2())
        _ = try member.messages(2)
        let subscription = try #require(member.subscription)
        try fixture.server.thread.run { shard.resendState(to: subscription.value) }
        _ = fixture.worker.runDue()
        #expect(try member.messages(1) == ["0 [0,0]"])
        #expect(try other.messages(2).last == "0 [0,0]")
        // Nothing more came to the other.
        shard.stop(.finished)
        _ = fixture.worker.runDue()
        #expect(try other.client.receiveToEnd().isEmpty)
        fixture.stop()
    }

    @Test func eventsAndStatesComeInOrderOnOneConnection() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2(events: true))
        let cursor = try #require(try member.json()["event_seq"]?.int)
        _ = try member.messages(1)
        try fixture.push(["say": 1], from: member, client: 1)
        fixture.advance(.milliseconds(50))
        let first = try member.messages(4)
        #expect(first.filter { $0.hasPrefix("event") } == [#"event "say 1""#, #"event "tick 2""#])
        #expect(
            first.filter { !$0.hasPrefix("event") } == [#"{"type":"ack","client_seq":1,"seq":1,"tick":2}"#, "2 [0,0]"])
        // Whoever comes back gets the events it missed behind its hello.
        let resumed = try fixture.join(shard, as: "b", stream: .v2(events: true, after: UInt64(cursor) + 1))
        #expect(try resumed.json()["event_seq"]?.int == cursor + 1)
        #expect(try resumed.messages(2) == ["2 [0,0]", #"event "tick 2""#])
        #expect(throws: ShardError.resyncRequired(oldest: UInt64(cursor) + 1)) {
            try fixture.join(shard, as: "b", stream: .v2(events: true, after: 5))
        }
        fixture.stop()
    }

    @Test func theEndComesOnceAndBehindEverything() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2(events: true))
        _ = try member.messages(2)
        try fixture.push(["say": 9], from: member, client: 1)
        try fixture.push(["finish": true], from: member, client: 2)
        fixture.advance(.milliseconds(50))
        let last = try member.messages(4)
        #expect(
            Set(last) == [
                #"event "say 9""#, #"event "tick 2""#, #"{"type":"ack","client_seq":2,"seq":2,"tick":2}"#, "2 [0,0]",
            ])
        #expect(try member.client.receiveToEnd().isEmpty)
        #expect(try member.events.take(2) == ["shard finished", "closed"])
        #expect(member.events.count == 0)
        fixture.stop()
    }

    // MARK: Desync and time

    @Test func aStateThatIsAnotherIsNoticed() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["hash_ticks": 2])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        try fixture.push(["add": 3], from: member)
        fixture.advance(.milliseconds(50))
        fixture.advance(.milliseconds(50))
        #expect(try member.messages(4).suffix(2) == ["2 [0,3]", "3 [0,3]"])
        let hash = "[0,3]".utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
        let subscription = try #require(member.subscription)
        let verdicts = try fixture.server.thread.run {
            [(2, hash), (2, hash &+ 1), (3, 0), (99, 0), (0, 0)].map {
                subscription.value.differs(tick: UInt64($0.0), hash: $0.1)
            }
        }
        // Only what is known to be different is: 3 is not recorded, 99 has not been, 0 was before the subscriber came.
        #expect(verdicts == [false, true, false, false, false])
        #expect(fixture.registry.counters.desyncs.value == 1)
        #expect(fixture.registry.counters.hashesCompared.value == 2)
        fixture.stop()
    }

    @Test func theTimeIsToldWithoutTheWorker() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 10])
        fixture.advance(.milliseconds(100))
        fixture.clock.advance(by: .microseconds(12_500))
        let time = shard.time
        #expect(time.tick == 2 && time.serverMilliseconds == 1112.5 && time.tickAgeMilliseconds == 12.5)
        fixture.stop()
    }
}
