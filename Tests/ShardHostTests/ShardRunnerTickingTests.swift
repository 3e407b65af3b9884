import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct ShardRunnerTickingTests {
    @Test func aShardStepsAtItsDeadlines() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 20])
        let start = fixture.clock.now()
        #expect(fixture.worker.runDue() == start + .milliseconds(50))
        #expect(shard.information.tick == 1)
        #expect(fixture.advance(.milliseconds(49)) == start + .milliseconds(50))
        #expect(shard.information.tick == 1)
        #expect(fixture.advance(.milliseconds(1)) == start + .milliseconds(100))
        #expect(shard.information.tick == 2)
        for tick in 3...100 {
            fixture.advance(.milliseconds(50))
            #expect(shard.information.tick == UInt64(tick))
        }
        #expect(fixture.registry.counters.ticks.value == 100)
        #expect(fixture.registry.counters.ticksSkipped.value == 0)
        fixture.stop()
    }

    @Test func aLateWorkerCatchesUpByFourStepsAndCountsTheDebt() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 20])
        _ = fixture.worker.runDue()
        // Three intervals late: all four that are due run.
        fixture.advance(.milliseconds(200))
        #expect(shard.information.tick == 5)
        #expect(fixture.registry.counters.ticksSkipped.value == 0)
        // Ten due: four run, six never will.
        let next = fixture.advance(.milliseconds(510))
        #expect(shard.information.tick == 9)
        #expect(fixture.registry.counters.ticksSkipped.value == 6)
        // The schedule keeps its phase.
        #expect(next - fixture.clock.now() == .milliseconds(40))
        #expect(fixture.registry.counters.lateness.cumulativeCounts.last == 3)
        fixture.stop()
    }

    @Test func manyShardsTickEachAtItsOwnRate() throws {
        let fixture = try ShardFixture()
        let rates = [1, 10, 20, 100, 250]
        let shards = try rates.map {
            try fixture.create(["tick_rate_hz": .integer(Int64($0)), "idle_ticks_before_shutdown": 0], id: "\($0)")
        }
        _ = fixture.worker.runDue()
        for _ in 0..<1000 { fixture.advance(.milliseconds(1)) }
        #expect(shards.map(\.information.tick) == rates.map { UInt64($0) + 1 })
        fixture.stop()
    }

    @Test func shardsOfOneRateTickApartAndMissOrDoubleNoTick() throws {
        let fixture = try ShardFixture()
        var shards: [any ShardHandle] = []
        for number in 0..<100 {
            // Half of them come later, between the ticks of the others.
            if number >= 50 { fixture.advance(.microseconds(2300)) }
            shards.append(
                try fixture.create(["tick_rate_hz": 20, "idle_ticks_before_shutdown": 0], id: "\(number)"))
        }
        var most = 0
        var last = fixture.registry.counters.ticks.value
        for _ in 0..<1000 {
            fixture.advance(.milliseconds(1))
            let ticks = fixture.registry.counters.ticks.value
            most = max(most, Int(ticks - last))
            last = ticks
        }
        #expect(most <= 4, "\(most) shards ticked within one millisecond of fifty")
        #expect(fixture.registry.counters.ticksSkipped.value == 0)
        for _ in 0..<50 {
            let before = shards.map(\.information.tick)
            for _ in 0..<50 { fixture.advance(.milliseconds(1)) }
            #expect(shards.map(\.information.tick) == before.map { $0 + 1 })
        }
        fixture.stop()
    }

    @Test func anIdleShardStopsAfterItsTicks() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["idle_ticks_before_shutdown": 5])
        _ = fixture.worker.runDue()
        for tick in 2...5 {
            #expect(shard.isRunning, "before tick \(tick)")
            fixture.advance(.milliseconds(50))
        }
        #expect(!shard.isRunning)
        #expect(shard.information.tick == 5)
        #expect(fixture.worker.runDue() == .distantFuture)
        fixture.stop()
    }

    @Test func aSubscriberKeepsAShardFromBeingIdle() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["idle_ticks_before_shutdown": 3])
        let member = try fixture.join(shard, as: "a")
        for _ in 0..<10 { fixture.advance(.milliseconds(50)) }
        #expect(shard.isRunning)
        try fixture.leave(member)
        fixture.advance(.milliseconds(50))
        fixture.advance(.milliseconds(50))
        #expect(shard.isRunning)
        fixture.advance(.milliseconds(50))
        #expect(!shard.isRunning)
        fixture.stop()
    }

    @Test func anEventDrivenShardStepsForInputOnly() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 0, "idle_ticks_before_shutdown": 0])
        let member = try fixture.join(shard, as: "a")
        fixture.advance(.seconds(1000))
        #expect(shard.information.tick == 0)
        try fixture.push(["add": 1], from: member)
        try fixture.push(["add": 2], from: member)
        #expect(shard.information.inputsQueued == 2)
        _ = fixture.worker.runDue()
        // Both were there: one step.
        #expect(shard.information.tick == 1)
        try fixture.push(["add": 3], from: member)
        _ = fixture.worker.runDue()
        // Steps come a millisecond apart at the least.
        #expect(shard.information.tick == 1)
        fixture.advance(.milliseconds(1))
        #expect(shard.information.tick == 2)
        #expect(try member.frames(3).map(\.text) == ["[0,0]", "[0,3]", "[0,6]"])
        fixture.stop()
    }

    @Test func anEventDrivenShardIsIdleByTheClock() throws {
        let fixture = try ShardFixture()
        // 20 ticks of the standard rate: one second.
        let shard = try fixture.create(["tick_rate_hz": 0, "idle_ticks_before_shutdown": 20])
        let member = try fixture.join(shard, as: "a")
        fixture.advance(.seconds(10))
        #expect(shard.isRunning)
        try fixture.leave(member)
        fixture.advance(.milliseconds(999))
        #expect(shard.isRunning)
        fixture.advance(.milliseconds(1))
        #expect(!shard.isRunning)
        fixture.stop()
    }

    @Test func inputKeepsAnEventDrivenShardGoing() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": 0, "idle_ticks_before_shutdown": 20])
        let member = try fixture.join(shard, as: "a")
        for _ in 0..<5 {
            fixture.advance(.milliseconds(900))
            try fixture.push(["add": 1], from: member)
            _ = fixture.worker.runDue()
        }
        #expect(shard.isRunning && shard.information.tick == 5)
        fixture.stop()
    }

    @Test(arguments: [0, 20]) func aFinishedWorldPublishesItsLastTickThenEnds(hertz: Int64) throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["tick_rate_hz": .integer(hertz), "ticks_per_snapshot": 1000])
        let member = try fixture.join(shard, as: "a")
        try fixture.push(["add": 5], from: member)
        try fixture.push(["finish": true], from: member)
        fixture.advance(.milliseconds(50))
        #expect(!shard.isRunning)
        #expect(try member.frames(2).map(\.text).last == "[0,5]")
        #expect(try member.events.next() == "shard finished")
        #expect(try member.client.receiveToEnd().isEmpty)
        #expect(fixture.advance(.seconds(200)) == .distantFuture)
        fixture.stop()
    }

    @Test func aStoppedShardTicksNoMoreAndSaysGoodbye() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a")
        shard.stop(.goingAway)
        shard.stop(.stopped)
        _ = fixture.worker.runDue()
        let tick = shard.information.tick
        #expect(!shard.isRunning)
        #expect(try member.events.next() == "server shutting down, reconnect")
        fixture.advance(.seconds(1))
        #expect(shard.information.tick == tick)
        #expect(throws: ShardError.stopped) { try fixture.join(shard, as: "b") }
        #expect(throws: ShardError.stopped) { try fixture.push(["add": 1], from: member) }
        #expect(member.events.count == 0)
        fixture.stop()
    }
}
