import PylonEventLoop
import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct ShardRunnerViewTests {
    @Test func everyViewIsEncodedOnceAndSeenByItsOwnOnly() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let members = try (0..<4).map { try fixture.join(shard, as: "m\($0)") }
        for (index, member) in members.enumerated() {
            try fixture.push(["enter": .integer(Int64(index % 2 + 1))], from: member)
        }
        let built = fixture.registry.counters.fanout.framesBuilt.value
        fixture.advance(.milliseconds(50))
        #expect(fixture.registry.counters.fanout.framesBuilt.value == built + 2)
        for (index, member) in members.enumerated() {
            #expect(try member.frames(2).map(\.text) == ["[0,0]", "[\(index % 2 + 1),0]"])
        }
        fixture.stop()
    }

    @Test func changingViewsLosesAndRepeatsNoTick() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let members = try (0..<4).map { try fixture.join(shard, as: "m\($0)") }
        var rooms = [Int](repeating: 0, count: 4)
        var expected = [[(tick: UInt64, room: Int)]](repeating: [(0, 0)], count: 4)
        for tick in 1...60 as ClosedRange<UInt64> {
            for index in 0..<4 where Bool.random(using: &generator) {
                rooms[index] = Int.random(in: 0..<3, using: &generator)
                try fixture.push(["enter": .integer(Int64(rooms[index]))], from: members[index])
            }
            fixture.advance(.milliseconds(50))
            try fixture.server.thread.turn()
            for index in 0..<4 { expected[index].append((tick, rooms[index])) }
        }
        #expect(shard.information.tick == 60 || shard.information.tick == 61)
        for (index, member) in members.enumerated() {
            let frames = try member.frames(expected[index].count)
            let first = try #require(frames.first).tick
            #expect(frames.map(\.tick) == (0..<UInt64(frames.count)).map { first + $0 })
            let rooms = frames.dropFirst().map { $0.text.dropFirst().prefix { $0 != "," } }
            #expect(rooms == expected[index].dropFirst().map { "\($0.room)"[...] })
        }
        fixture.stop()
    }

    /// The loop is busy for several ticks, so what the worker publishes piles up in the lanes.
    @Test func changingViewsWhileTheLoopIsBusyLosesAndRepeatsNoTick() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        var members = try (0..<4).map { try fixture.join(shard, as: "m\($0)") }
        fixture.advance(.milliseconds(50))
        for round in 0..<30 {
            let isHeld = Mailbox<Void>()
            let release = Mailbox<Void>()
            try fixture.server.thread.turn()
            let inputs = members
            for (index, member) in inputs.enumerated() where index != round % 4 {
                try fixture.push(["enter": .integer(Int64.random(in: 0..<3, using: &generator))], from: member)
            }
            fixture.server.loop.submit {
                isHeld.put(())
                _ = try? release.next()
            }
            _ = try isHeld.next()
            for _ in 0..<4 {
                for member in members where Bool.random(using: &generator) {
                    let room: JSONValue = .integer(Int64.random(in: 0..<3, using: &generator))
                    _ = try fixture.request(shard, ["enter": room], as: member.name)
                }
                fixture.advance(.milliseconds(50))
            }
            release.put(())
        }
        try fixture.server.thread.turn()
        fixture.advance(.milliseconds(50))
        let last = shard.information.tick
        for (index, member) in members.enumerated() {
            var ticks: [UInt64] = []
            while ticks.last ?? 0 < last { ticks.append(try #require(try member.frames(1).first).tick) }
            let first = try #require(ticks.first)
            #expect(ticks == Array(first...last), "member \(index)")
        }
        members = []
        fixture.stop()
    }

    @Test func aNewcomerWhoseViewChangesBeforeItsLoopLooksIsNotLost() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let other = try fixture.join(shard, as: "other")
        try fixture.push(["enter": 1], from: other)
        fixture.advance(.milliseconds(50))
        try fixture.server.thread.turn()
        let (client, connection) = try fixture.server.connect()
        let answer = Mailbox<Bool>()
        let caller = Caller(userID: "new", isAdmin: false)
        try fixture.request(shard, "new", caller, connection, Mailbox()) { answer.put((try? $0.get()) != nil) }
        let isHeld = Mailbox<Void>()
        let release = Mailbox<Void>()
        fixture.server.loop.submit {
            isHeld.put(())
            _ = try? release.next()
        }
        _ = try isHeld.next()
        // The other room's frame is on its way first, then the newcomer's beginning, then its change of rooms.
        fixture.clock.advance(by: .milliseconds(50))
        _ = fixture.worker.runDue()
        _ = try fixture.request(shard, ["enter": 1], as: "new")
        fixture.advance(.milliseconds(50))
        release.put(())
        #expect(try answer.next())
        fixture.advance(.milliseconds(50))
        let last = shard.information.tick
        let member = ShardFixture.Member(
            name: "new", client: client, connection: connection, subscription: nil, events: Mailbox())
        var frames: [(tick: UInt64, text: String)] = []
        while frames.last?.tick ?? 0 < last { frames += try member.frames(1) }
        let first = try #require(frames.first).tick
        #expect(frames.map(\.tick) == Array(first...last))
        #expect(frames.last?.text == "[1,0]")
        fixture.stop()
    }
}
