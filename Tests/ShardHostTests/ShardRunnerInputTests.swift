import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct ShardRunnerInputTests {
    @Test func inputsAreNumberedInOrderAndBounded() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["max_input_queue": 3])
        let member = try fixture.join(shard, as: "a")
        for number in 1...3 { #expect(try fixture.push(["add": 1], from: member) == UInt64(number)) }
        #expect(throws: ShardError.inputQueueFull) { try fixture.push(["add": 1], from: member) }
        #expect(shard.information.inputsQueued == 3)
        #expect(fixture.registry.counters.inputsRefused.value == 1)
        fixture.advance(.milliseconds(50))
        #expect(shard.information.inputsQueued == 0)
        #expect(try fixture.push(["add": 1], from: member) == 4)
        #expect(fixture.registry.counters.inputsApplied.value == 3)
        fixture.stop()
    }

    @Test func largeInputsFillTheQueueByTheirBytes() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a")
        for _ in 0..<64 { try fixture.push(["add": 1], from: member, bytesCount: 1024 * 1024) }
        #expect(throws: ShardError.inputQueueFull) { try fixture.push(["add": 1], from: member, bytesCount: 1) }
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 1], from: member, bytesCount: 1024 * 1024)
        fixture.stop()
    }

    @Test func oneSubscriberGetsAQuarterOfTheQueue() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["max_input_queue": 400])
        let (flooder, other) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "b"))
        for _ in 0..<100 { try fixture.push(["add": 1], from: flooder) }
        #expect(throws: ShardError.inputQueueFull) { try fixture.push(["add": 1], from: flooder) }
        try fixture.push(["add": 1], from: other)
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 1], from: flooder)
        fixture.stop()
    }

    @Test func whatDoesNotFitIsRefusedAtOnce() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a")
        #expect(throws: ShardError.inputMalformed(reason: "the input was refused")) {
            try fixture.push(["subtract": 1], from: member)
        }
        #expect(shard.information.inputsQueued == 0)
        #expect(fixture.registry.counters.inputsRefused.value == 1)
        fixture.stop()
    }

    @Test func anInputThatAHookForbidsIsDroppedWhenItsTurnComes() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a")
        try fixture.push(["add": -5], from: member)
        try fixture.push(["add": 2], from: member)
        try fixture.push(["fail": true], from: member)
        fixture.advance(.milliseconds(50))
        #expect(try member.frames(2).last?.text == "[0,2]")
        // One forbidden, one that the world threw at.
        #expect(fixture.registry.counters.inputsRefused.value == 2)
        #expect(fixture.registry.counters.inputsApplied.value == 1)
        fixture.stop()
    }

    @Test func inputsOfWhoHasLeftAreDropped() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let watcher = try fixture.join(shard, as: "w")
        let member = try fixture.join(shard, as: "a")
        fixture.advance(.milliseconds(50))
        try fixture.push(["add": 5], from: member)
        try fixture.leave(member)
        fixture.advance(.milliseconds(50))
        let last = shard.information.tick
        var frame = try #require(try watcher.frames(1).first)
        while frame.tick < last { frame = try #require(try watcher.frames(1).first) }
        #expect(frame.text == "[0,0]")
        #expect(fixture.registry.counters.inputsRefused.value == 1)
        fixture.stop()
    }

    @Test func aRequestNeedsAConnectionPermissionAndAShardThatRuns() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        #expect(
            try fixture.request(shard, ["add": 1], as: "a")
                == .failure(.unauthorized(reason: "the subscriber has no connection to this shard")))
        let member = try fixture.join(shard, as: "a")
        #expect(try fixture.request(shard, ["add": 1], as: "a") == .success(1))
        #expect(try fixture.request(shard, ["add": 1], as: "a", userID: "x", isAdmin: true) == .success(2))
        #expect(
            try fixture.request(shard, ["add": 1], as: "a", userID: "x")
                == .failure(.unauthorized(reason: "the subscriber id must be your user id")))
        #expect(try fixture.request(shard, ["add": -1], as: "a") == .failure(.unauthorized(reason: "no debts")))
        #expect(
            try fixture.request(shard, ["what": 1], as: "a")
                == .failure(.inputMalformed(reason: "the input was refused")))
        shard.stop(.stopped)
        _ = fixture.worker.runDue()
        #expect(try fixture.request(shard, ["add": 1], as: "a") == .failure(.stopped))
        withExtendedLifetime(member) {}
        fixture.stop()
    }
}
