import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// How many inputs a second are taken from one subscriber, and in which step.
@Suite struct InputPacingTests {
    // MARK: Rate

    @Test func aSecondsInputsMayComeAtOnceAndThenAsTimePasses() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["inputs_per_second": 4])
        let (a, b) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "b", stream: .v2()))
        for _ in 0..<4 { try fixture.push(["add": 1], from: a) }
        #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: a) }
        // Others have tokens of their own.
        try fixture.push(["add": 1], from: b)
        fixture.clock.advance(by: .milliseconds(249))
        #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: a) }
        fixture.clock.advance(by: .milliseconds(1))
        try fixture.push(["add": 1], from: a)
        #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: a) }
        // However long nothing comes, no more than a second's worth is saved.
        fixture.clock.advance(by: .seconds(100))
        for _ in 0..<4 { try fixture.push(["add": 1], from: a) }
        #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: a) }
        #expect(fixture.registry.counters.inputsRateLimited.value == 4)
        #expect(fixture.registry.counters.inputsRefused.value == 4)
        fixture.stop()
    }

    @Test func requestsAndConnectionsShareASubscribersTokens() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["inputs_per_second": 2])
        let member = try fixture.join(shard, as: "a")
        // Who may not act for the subscriber uses up nothing.
        for _ in 0..<5 { _ = try fixture.request(shard, ["add": 1], as: "a", userID: "x") }
        #expect(try fixture.request(shard, ["add": 1], as: "a") == .success(1))
        try fixture.push(["add": 1], from: member)
        #expect(try fixture.request(shard, ["add": 1], as: "a") == .failure(.rateLimited))
        #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: member) }
        fixture.stop()
    }

    @Test func whatCannotBeReadCountsToo() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["inputs_per_second": 1])
        let member = try fixture.join(shard, as: "a")
        #expect(throws: ShardError.inputMalformed(reason: "the input was refused")) {
            try fixture.push(["subtract": 1], from: member)
        }
        #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: member) }
        fixture.stop()
    }

    /// Thousands of names do not make the table grow: what is full is forgotten.
    @Test func thousandsOfSubscribersAreLimitedOneByOne() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["inputs_per_second": 1, "max_subscribers": 0])
        for number in 0..<300 {
            let member = try fixture.join(shard, as: "a\(number)")
            try fixture.push(["add": 1], from: member)
            #expect(throws: ShardError.rateLimited) { try fixture.push(["add": 1], from: member) }
            if number % 100 == 99 { fixture.advance(.seconds(1)) }
            try fixture.leave(member)
        }
        fixture.stop()
    }

    // MARK: Delay

    /// The totals by tick that a watcher sees.
    private func totals(_ watcher: ShardFixture.Member, _ count: Int) throws -> [String] {
        try watcher.frames(count).map { "\($0.tick) \($0.text)" }
    }

    @Test func anInputWaitsForItsTickAndTheDelay() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["input_delay_ticks": 2])
        let (member, watcher) = (try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "w"))
        // The shard stands at 1. Of tick 2, hence due in 4; without a tick, behind it all the same.
        try fixture.push(["add": 1], from: member, client: 1, tick: 2)
        try fixture.push(["add": 10], from: member, client: 2)
        #expect(shard.information.inputsQueued == 2)
        for _ in 0..<4 { fixture.advance(.milliseconds(50)) }
        #expect(try totals(watcher, 5) == ["1 [0,0]", "2 [0,0]", "3 [0,0]", "4 [0,11]", "5 [0,11]"])
        let messages = try member.messages(6)
        // A loop that is behind hands over what is lossless first; in front of the state of its tick it is always.
        let acknowledgement = messages.firstIndex(of: #"{"type":"ack","client_seq":2,"seq":2,"tick":4}"#)
        let state = messages.firstIndex(of: "4 [0,11]")
        #expect(try #require(acknowledgement) < #require(state))
        #expect(fixture.registry.counters.inputsLate.value == 0)
        fixture.stop()
    }

    @Test func whatIsLateComesAtOnceAndIsCounted() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["input_delay_ticks": 2])
        for _ in 0..<9 { fixture.advance(.milliseconds(50)) }
        let (member, watcher) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "w"))
        // The next step is 11: of tick 8 it should have been 10; of 9 it is 11 in time.
        try fixture.push(["add": 1], from: member, tick: 8)
        #expect(fixture.registry.counters.inputsLate.value == 1)
        try fixture.push(["add": 10], from: member, tick: 9)
        #expect(fixture.registry.counters.inputsLate.value == 1)
        fixture.advance(.milliseconds(50))
        #expect(try totals(watcher, 2) == ["10 [0,0]", "11 [0,11]"])
        fixture.stop()
    }

    @Test(arguments: [100, UInt64(Int64.max), .max]) func nobodyWaitsLongerThanTheDelay(tick: UInt64) throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["input_delay_ticks": 3])
        let (member, watcher) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "w"))
        let other = try fixture.join(shard, as: "b")
        try fixture.push(["add": 1], from: member, tick: tick)
        // Another's input does not wait behind it.
        try fixture.push(["add": 10], from: other)
        for _ in 0..<4 { fixture.advance(.milliseconds(50)) }
        #expect(try totals(watcher, 5) == ["1 [0,0]", "2 [0,10]", "3 [0,10]", "4 [0,10]", "5 [0,11]"])
        fixture.stop()
    }

    @Test func aClientsOrderIsKeptWhateverTicksItNames() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["input_delay_ticks": 4])
        let (member, watcher) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "w"))
        // "enter" changes what the sender sees; a fast second input may not overtake the slow first.
        try fixture.push(["add": 1], from: member, tick: 3)
        try fixture.push(["add": 10], from: member, tick: 0)
        try fixture.push(["add": 100], from: member, tick: 2)
        for _ in 0..<7 { fixture.advance(.milliseconds(50)) }
        let seen = try totals(watcher, 8)
        #expect(seen[4] == "5 [0,0]")
        // 3 + 4 is beyond 2 + 4, the latest that an input that came before step 2 waits for.
        #expect(seen[5] == "6 [0,111]")
        fixture.stop()
    }

    @Test func inputsThatWaitCountAgainstTheQueue() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(["input_delay_ticks": 2, "max_input_queue": 3])
        let member = try fixture.join(shard, as: "a")
        for _ in 0..<3 { try fixture.push(["add": 1], from: member, tick: 9) }
        fixture.advance(.milliseconds(50))
        #expect(throws: ShardError.inputQueueFull) { try fixture.push(["add": 1], from: member) }
        fixture.advance(.milliseconds(50))
        fixture.advance(.milliseconds(50))
        #expect(shard.information.inputsQueued == 0)
        try fixture.push(["add": 1], from: member)
        fixture.stop()
    }

    @Test func ticksMeanNothingWithoutADelay() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        let (member, watcher) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "w"))
        try fixture.push(["add": 1], from: member, tick: 1000)
        try fixture.push(["add": 1], from: member, tick: 0)
        fixture.advance(.milliseconds(50))
        #expect(try totals(watcher, 2).last == "2 [0,2]")
        #expect(fixture.registry.counters.inputsLate.value == 0)
        fixture.stop()
    }
}
