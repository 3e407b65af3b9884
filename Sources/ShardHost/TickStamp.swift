package import PylonTime
internal import Synchronization

/// The last step and when it began, written by a shard's worker and read by any thread without waiting: a sequence lock.
package final class TickStamp: Sendable {
    /// Odd while the worker writes.
    private let version = Atomic<UInt64>(0)
    private let tick = Atomic<UInt64>(0)
    private let nanoseconds: Atomic<UInt64>

    /// No step yet; `now` is when the shard was made.
    init(now: Instant) {
        nanoseconds = Atomic(now.nanoseconds)
    }

    /// Notes that `tick` began at `now`. On the worker only.
    func set(_ tick: Tick, now: Instant) {
        let next = version.load(ordering: .relaxed) + 1
        version.store(next, ordering: .relaxed)
        // With the acquiring fence of `value`: whoever sees what follows sees the odd version, too.
        atomicMemoryFence(ordering: .releasing)
        self.tick.store(tick.number, ordering: .relaxed)
        nanoseconds.store(now.nanoseconds, ordering: .relaxed)
        // With the acquiring load of `value`: whoever sees this version sees what it is of.
        version.store(next + 1, ordering: .releasing)
    }

    /// The last step and its beginning, which belong together.
    package var value: (tick: Tick, began: Instant) {
        while true {
            let before = version.load(ordering: .acquiring)
            let found = (
                tick: Tick(tick.load(ordering: .relaxed)),
                began: Instant(nanoseconds: nanoseconds.load(ordering: .relaxed))
            )
            atomicMemoryFence(ordering: .acquiring)
            // The worker writes for nanoseconds once a tick, so this hardly ever turns.
            if before % 2 == 0, version.load(ordering: .relaxed) == before { return found }
        }
    }
}
