internal import PylonTime
internal import Synchronization

/// How often a duration fell into each of a fixed set of buckets, as Prometheus counts it. Any thread may record; O(buckets).
package final class DurationHistogram: Sendable {
    /// Upper bounds in microseconds: from a wake-up's usual lateness to a tick of a 10 Hz shard missed whole.
    package static let standardBoundsMicroseconds: [UInt64] = [
        50, 100, 250, 500, 1000, 2000, 5000, 10_000, 25_000, 50_000, 100_000, 250_000,
    ]

    /// Upper bounds in microseconds, ascending.
    package let boundsMicroseconds: [UInt64]
    private let buckets: [Counter]
    private let sumNanoseconds = Counter()

    package init(boundsMicroseconds: [UInt64] = standardBoundsMicroseconds) {
        self.boundsMicroseconds = boundsMicroseconds
        buckets = (0...boundsMicroseconds.count).map { _ in Counter() }
    }

    /// Counts one duration. Never blocks.
    package func record(_ duration: Duration) {
        let nanoseconds = duration.wholeNanoseconds
        sumNanoseconds.add(Int(clamping: nanoseconds))
        let index = boundsMicroseconds.firstIndex { nanoseconds <= $0 * 1000 } ?? boundsMicroseconds.count
        buckets[index].add()
    }

    /// The number of recordings up to each bound, ending with all of them.
    package var cumulativeCounts: [UInt64] {
        var total: UInt64 = 0
        return buckets.map { bucket in
            total += bucket.value
            return total
        }
    }

    package var sumSeconds: Double { Double(sumNanoseconds.value) * 1e-9 }
}
