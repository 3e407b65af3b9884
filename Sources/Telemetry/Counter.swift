internal import Synchronization

/// A number that only grows. Any thread may add to it; relaxed, since nothing is ordered by it.
package final class Counter: Sendable {
    private let total = Atomic<UInt64>(0)

    package init() {}

    /// Counts `amount` more.
    @inline(__always)
    package func add(_ amount: Int = 1) {
        total.wrappingAdd(UInt64(truncatingIfNeeded: amount), ordering: .relaxed)
    }

    package var value: UInt64 { total.load(ordering: .relaxed) }
}

/// A number that goes up and down. Any thread may change it; relaxed, since nothing is ordered by it.
package final class Gauge: Sendable {
    private let current = Atomic<Int>(0)

    package init() {}

    /// Moves the number by `amount`, which may be negative.
    @inline(__always)
    package func add(_ amount: Int) {
        current.wrappingAdd(amount, ordering: .relaxed)
    }

    package var value: Int { current.load(ordering: .relaxed) }
}
