internal import PylonBenchKit

/// How late a server's ticks began between two readings of its metrics.
struct TickLateness {
    /// The bar of many shards; a bound of the server's histogram, so that the share within it is exact.
    static let barSeconds = 0.002

    let histogram: HistogramReading
    /// Ticks that were never run because the worker was too far behind.
    let skipped: Int

    init(from earlier: MetricsPage, to later: MetricsPage) {
        let name = "pylon_shard_tick_lateness_seconds"
        let empty = HistogramReading(bounds: [], cumulativeCounts: [])
        histogram = (later.histogram(name) ?? empty).since(earlier.histogram(name) ?? empty)
        func count(_ page: MetricsPage) -> Double { page.value("pylon_shard_ticks_skipped_total") ?? 0 }
        skipped = Int(count(later) - count(earlier))
    }

    func add(to figures: inout Figures, prefix: String = "") {
        figures.add(prefix + "wakes", Int(histogram.total))
        figures.add(prefix + "lateness_p50_ms", histogram.quantile(0.5) * 1000)
        figures.add(prefix + "lateness_p99_ms", histogram.quantile(0.99) * 1000)
        figures.add(prefix + "lateness_max_at_most_ms", histogram.maximumBound * 1000)
        figures.add(prefix + "share_within_2_ms", histogram.share(within: Self.barSeconds), places: 5)
        figures.add(prefix + "ticks_skipped", skipped)
    }
}
