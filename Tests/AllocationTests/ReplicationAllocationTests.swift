import CAllocationCounter
import PylonReplicaTrial
import Testing

/// A zone's tick allocates nothing for an entity, once everything has its size.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct ReplicationAllocationTests {
    @Test(arguments: [(nil, 0), (100, 0), (nil, 1), (100, 1)])
    func aTickAllocatesNothingPerEntity(budget: Int?, hashTicks: UInt64) {
        let small = allocations(entities: 500, budget: budget, hashTicks: hashTicks)
        let large = allocations(entities: 2000, budget: budget, hashTicks: hashTicks)
        // Four times as many move and are shown, and nothing is allocated for it; a buffer may grow.
        #expect(large.shown > 2 * small.shown)
        #expect(large.count < small.count + small.count / 4 + 100)
        // Without optimisation a closure may be allocated for a subscriber.
        #expect(large.count < 20 * Self.ticks * 20)
    }

    private static let ticks = 40

    private func allocations(
        entities: Int, budget: Int?, hashTicks: UInt64
    ) -> (count: UInt64, shown: Int) {
        var zone = ZoneWorld(
            entities: entities, subscribers: 20, ticksPerSecond: 20, side: 600, radius: 60, acknowledgementTicks: 2,
            bytesPerFrame: budget, hashTicks: hashTicks, seed: 1)
        func run(_ ticks: Int) -> Int {
            var shown = 0
            for _ in 0..<ticks {
                zone.step()
                shown += zone.publish().entitiesShown
                zone.receive()
            }
            return shown
        }
        // The history, the caches and the pool of views grow to their size.
        _ = run(100)
        let before = allocation_count_of_thread()
        let shown = run(Self.ticks)
        return (allocation_count_of_thread() - before, shown)
    }
}
