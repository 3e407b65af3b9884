internal import PylonBytes
internal import PylonThreading

/// Everything the process can tell about itself, by name; the source of `/metrics`.
///
/// Components register what they own at start-up; reading takes the values as they are at that moment.
package final class MetricsRegistry: Sendable {
    /// What a metric reads as.
    package enum Reading: Sendable {
        case counter(@Sendable () -> UInt64)
        case gauge(@Sendable () -> Double)
        case histogram(DurationHistogram)
        /// One gauge per label value, e.g. per shard; whoever registers it bounds how many there are.
        case labelled(label: String, @Sendable () -> [(label: String, value: Double)])
    }

    /// A metric with what Prometheus says about it.
    package struct Metric: Sendable {
        /// The Prometheus name: `pylon_<what>_<unit>`, counters ending in `_total`.
        package let name: String
        package let help: String
        package let reading: Reading
    }

    private let metrics = Lock<[Metric]>([])

    package init() {}

    /// Adds a metric. Traps on a name registered before.
    package func register(_ name: String, help: String, _ reading: Reading) {
        let metric = Metric(name: name, help: help, reading: reading)
        let isNew = metrics.withLock { list in
            guard !list.contains(where: { $0.name == metric.name }) else { return false }
            list.append(metric)
            return true
        }
        precondition(isNew, "metric \(name) registered twice")
    }

    /// Adds a counter kept elsewhere.
    package func register(_ name: String, help: String, _ counter: Counter) {
        register(name, help: help, .counter { counter.value })
    }

    /// Adds a gauge kept elsewhere.
    package func register(_ name: String, help: String, _ gauge: Gauge) {
        register(name, help: help, .gauge { Double(gauge.value) })
    }

    /// All metrics, in the order of registration.
    package var all: [Metric] { metrics.withLock { $0 } }
}
