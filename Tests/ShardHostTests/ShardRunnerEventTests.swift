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

/// The event streams of a shard.
@Suite struct ShardRunnerEventTests {
    /// Where a stream begins that is made when the fixture's clock stands at its start.
    private static let start: UInt64 = 1_700_000_000_000_000

    private func texts(_ member: ShardFixture.Member, _ count: Int) throws -> [String] {
        try member.frames(count).map(\.text)
    }

    @Test func eventsComeInTheOrderOfInputsThenStepAndAreNumberedWithoutGaps() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let speaker = try fixture.join(shard, as: "speaker")
        let member = try fixture.join(shard, as: "a", stream: .events(after: nil))
        for round in 0..<5 {
            try fixture.push(["say": .integer(Int64(round * 10 + 1))], from: speaker)
            try fixture.push(["add": 1], from: speaker)
            try fixture.push(["say": .integer(Int64(round * 10 + 2))], from: speaker)
            fixture.advance(.milliseconds(50))
            // A step without events has no number.
            fixture.advance(.milliseconds(50))
        }
        let frames = try member.frames(16)
        #expect(frames.map(\.tick) == Array(Self.start...Self.start + 15))
        let expected = (0..<5).flatMap {
            ["\"say \($0 * 10 + 1)\"", "\"say \($0 * 10 + 2)\"", "\"tick \($0 * 2 + 2)\""]
        }
        #expect(frames.map(\.text) == [""] + expected)
        #expect(fixture.registry.counters.fanout.eventsPublished.value == 15)
        fixture.stop()
    }

    @Test func whoeverComesBackGetsWhatItMissedAndThenGoesOn() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let speaker = try fixture.join(shard, as: "speaker")
        for number in 1...3 {
            try fixture.push(["say": .integer(Int64(number))], from: speaker)
            fixture.advance(.milliseconds(50))
        }
        // Two events a step; this one stands in the middle of the second.
        let cursor = EventCursor(Self.start + 3)
        let member = try fixture.join(shard, as: "a", stream: .events(after: cursor))
        let newcomer = try fixture.join(shard, as: "b", stream: .events(after: nil))
        try fixture.push(["say": 4], from: speaker)
        fixture.advance(.milliseconds(50))
        let frames = try member.frames(6)
        #expect(frames.map(\.tick) == Array(Self.start + 3...Self.start + 8))
        #expect(frames.map(\.text) == ["", "\"tick 3\"", "\"say 3\"", "\"tick 4\"", "\"say 4\"", "\"tick 5\""])
        #expect(try newcomer.frames(3).map(\.tick) == [Self.start + 6, Self.start + 7, Self.start + 8])
        fixture.stop()
    }

    @Test func aCursorThatIsGoneLeavesNoTrace() throws {
        let joined = Mailbox<SubscriberID>()
        let fixture = try ShardFixture(
            kinds: [
                ShardKind("ledger") { _ in
                    var world = LedgerWorld()
                    world.joined = joined
                    return world
                }
            ])
        let shard = try fixture.create(["events_kept": 2, "max_subscribers": 2])
        let speaker = try fixture.join(shard, as: "speaker")
        for number in 1...3 {
            try fixture.push(["say": .integer(Int64(number))], from: speaker)
            fixture.advance(.milliseconds(50))
        }
        #expect(joined.count == 1)
        for cursor in [0, Self.start, Self.start + 3, Self.start + 7, .max] {
            #expect(throws: ShardError.resyncRequired(oldest: Self.start + 5)) {
                try fixture.join(shard, as: "a", stream: .events(after: EventCursor(cursor)))
            }
        }
        #expect(joined.count == 1 && shard.information.subscribers == 1)
        #expect(fixture.registry.counters.subscribers.value == 1)
        let member = try fixture.join(shard, as: "a", stream: .events(after: EventCursor(Self.start + 4)))
        #expect(try texts(member, 3) == ["", "\"say 3\"", "\"tick 4\""])
        #expect(joined.count == 2)
        fixture.stop()
    }

    @Test func aShardMadeAnewRefusesTheCursorsOfTheOld() throws {
        let fixture = try ShardFixture()
        let old = try fixture.create()
        let speaker = try fixture.join(old, as: "speaker")
        try fixture.push(["say": 1], from: speaker)
        fixture.advance(.milliseconds(50))
        #expect(fixture.registry.remove("s"))
        let new = try fixture.create()
        let start = Self.start + 50_000
        for cursor in Self.start...Self.start + 2 {
            #expect(throws: ShardError.resyncRequired(oldest: start + 1)) {
                try fixture.join(new, as: "a", stream: .events(after: EventCursor(cursor)))
            }
        }
        fixture.stop()
    }

    @Test func subscribersOfEventsCountTowardTheMaximum() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["max_subscribers": 2])
        let first = try fixture.join(shard, as: "a", stream: .events(after: nil))
        let second = try fixture.join(shard, as: "a")
        for stream in [ShardStream.snapshots, .events(after: nil)] {
            #expect(throws: ShardError.full) { try fixture.join(shard, as: "b", stream: stream) }
        }
        try fixture.leave(first)
        #expect(shard.information.subscribers == 1)
        let third = try fixture.join(shard, as: "b", stream: .events(after: nil))
        #expect(shard.information.subscribers == 2)
        withExtendedLifetime((second, third)) {}
        fixture.stop()
    }

    @Test func followersOfEventsGetNoSnapshotsAndNoneIsEncodedForThem() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .events(after: nil))
        for _ in 0..<3 { fixture.advance(.milliseconds(50)) }
        #expect(fixture.registry.counters.fanout.framesBuilt.value == 0)
        try fixture.push(["say": 1], from: member)
        fixture.advance(.milliseconds(50))
        #expect(try texts(member, 3) == ["", "\"say 1\"", "\"tick 5\""])
        fixture.stop()
    }

    @Test func viewsMayChangeUnderThoseWhoFollowEvents() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .events(after: nil))
        let watcher = try fixture.join(shard, as: "a")
        for number in 1...4 {
            try fixture.push(["enter": .integer(Int64(number))], from: member)
            try fixture.push(["say": .integer(Int64(number))], from: member)
            fixture.advance(.milliseconds(50))
        }
        let expected = (1...4).flatMap { ["\"say \($0)\"", "\"tick \($0 + 1)\""] }
        #expect(try texts(member, 9) == [""] + expected)
        #expect(try texts(watcher, 5) == ["[0,0]", "[1,0]", "[2,0]", "[3,0]", "[4,0]"])
        try fixture.leave(member)
        try fixture.leave(watcher)
        #expect(shard.information.subscribers == 0)
        fixture.stop()
    }

    @Test func anEventDrivenShardBroadcastsForItsInputs() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 0])
        let member = try fixture.join(shard, as: "a", stream: .events(after: nil))
        for number in 1...3 {
            try fixture.push(["say": .integer(Int64(number))], from: member)
            fixture.advance(.milliseconds(1))
        }
        let frames = try member.frames(7)
        #expect(frames.map(\.tick) == Array(Self.start...Self.start + 6))
        #expect(frames.dropFirst().map(\.text) == (1...3).flatMap { ["\"say \($0)\"", "\"tick \($0)\""] })
        fixture.stop()
    }

    @Test(arguments: [true, false]) func theEndComesBehindTheLastEvent(finishes: Bool) throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .events(after: nil))
        try fixture.push(["say": 1], from: member)
        if finishes { try fixture.push(["finish": true], from: member) }
        fixture.advance(.milliseconds(50))
        if !finishes {
            shard.stop(.stopped)
            _ = fixture.worker.runDue()
        }
        #expect(try texts(member, 3) == ["", "\"say 1\"", "\"tick 2\""])
        #expect(try member.client.receiveToEnd().isEmpty)
        #expect(try member.events.next() == (finishes ? StreamEnding.finished : .stopped).reason)
        #expect(throws: ShardError.stopped) {
            try fixture.join(shard, as: "b", stream: .events(after: EventCursor(Self.start)))
        }
        fixture.stop()
    }
}
