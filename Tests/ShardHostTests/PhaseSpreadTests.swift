import PylonTime
import Testing

@testable import PylonShardHost

@Suite struct PhaseSpreadTests {
    private static let start = Instant(nanoseconds: 7_000_000_123)

    private static func rate(_ hertz: Int) throws -> TickRate { try #require(TickRate(hertz: hertz)) }

    /// How far `deadline` is into the interval that began at `start`.
    private static func phase(_ deadline: Instant, _ rate: TickRate) -> UInt64 {
        (deadline.nanoseconds - start.nanoseconds) % rate.interval.wholeNanoseconds
    }

    @Test(arguments: [1, 3, 20, 60, 300, 999, 1000]) func theFirstStartsAtOnceAndOthersWithinOneInterval(hertz: Int)
        throws
    {
        let rate = try Self.rate(hertz)
        var spread = PhaseSpread()
        #expect(spread.firstDeadline(rate: rate, now: Self.start) == Self.start)
        var now = Self.start
        for number in 1..<500 {
            // Created in a burst, then now and then.
            if number > 100 { now = now + .microseconds(number * 37) }
            let deadline = spread.firstDeadline(rate: rate, now: now)
            #expect(deadline >= now && deadline < now + rate.interval, "shard \(number)")
        }
    }

    @Test(arguments: [(50, 1), (100, 2), (1000, 20), (1234, 24)]) func shardsAreSpreadEvenly(shards: Int, least: Int)
        throws
    {
        let rate = try Self.rate(20)
        var spread = PhaseSpread()
        var slots: [UInt64: Int] = [:]
        for _ in 0..<shards {
            let phase = Self.phase(spread.firstDeadline(rate: rate, now: Self.start), rate)
            #expect(phase.isMultiple(of: 1_000_000), "outside the grid")
            slots[phase / 1_000_000, default: 0] += 1
        }
        let most = try #require(slots.values.max())
        #expect(slots.count <= 50 && most >= least)
        // As even as can be is `least`, or one more; golden steps come within one of that.
        #expect(most <= least + (shards.isMultiple(of: 50) ? 1 : 2), "\(most) shards in one slot")
        if shards >= 1000 { #expect(slots.count == 50) }
    }

    @Test func eachRateIsSpreadForItself() throws {
        var spread = PhaseSpread()
        let slow = try Self.rate(20)
        let fast = try Self.rate(50)
        var alone = PhaseSpread()
        for number in 0..<100 {
            let deadline = spread.firstDeadline(rate: slow, now: Self.start)
            #expect(deadline == alone.firstDeadline(rate: slow, now: Self.start), "shard \(number)")
            // The other rate begins later, at once for its first.
            let other = spread.firstDeadline(rate: fast, now: Self.start + .microseconds(300))
            if number == 0 { #expect(other == Self.start + .microseconds(300)) }
        }
    }

    @Test func shardsMadeLaterComeIntoTheSameGrid() throws {
        let rate = try Self.rate(20)
        var spread = PhaseSpread()
        var slots: [UInt64: Int] = [:]
        for number in 0..<1000 {
            let now = Self.start + .microseconds(number * 12_345)
            let phase = Self.phase(spread.firstDeadline(rate: rate, now: now), rate)
            #expect(phase.isMultiple(of: 1_000_000), "shard \(number)")
            slots[phase / 1_000_000, default: 0] += 1
        }
        #expect(slots.count == 50 && slots.values.allSatisfy { (19...21).contains($0) })
    }
}
