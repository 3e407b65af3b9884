/// A Prometheus histogram as it was read: how many values did not exceed each bound.
package struct HistogramReading: Sendable {
    /// Upper bounds, ascending; the last is infinite.
    package var bounds: [Double]
    /// The number of values up to each bound.
    package var cumulativeCounts: [UInt64]

    package init(bounds: [Double], cumulativeCounts: [UInt64]) {
        self.bounds = bounds
        self.cumulativeCounts = cumulativeCounts
    }

    /// What was recorded between `earlier` and this reading of the same histogram.
    package func since(_ earlier: HistogramReading) -> HistogramReading {
        let counts = zip(cumulativeCounts, earlier.cumulativeCounts).map { $0 >= $1 ? $0 - $1 : 0 }
        return HistogramReading(bounds: bounds, cumulativeCounts: counts)
    }

    /// How many values there are.
    package var total: UInt64 { cumulativeCounts.last ?? 0 }

    /// The value that `share` (0...1) of all values do not exceed, taken to lie evenly in its bucket: the truth is in the
    /// same bucket. 0 when there are no values; the last finite bound when they lie beyond it.
    package func quantile(_ share: Double) -> Double {
        guard total > 0 else { return 0 }
        let rank = max(1, (share * Double(total)).rounded(.up))
        var below: (bound: Double, count: Double) = (0, 0)
        for (bound, cumulative) in zip(bounds, cumulativeCounts) {
            let count = Double(cumulative)
            if count >= rank {
                guard bound.isFinite else { return below.bound }
                return below.bound + (bound - below.bound) * (rank - below.count) / (count - below.count)
            }
            below = (bound, count)
        }
        return below.bound
    }

    /// The share of the values that do not exceed `bound`, exact when that is one of the bounds and too small when not.
    package func share(within bound: Double) -> Double {
        guard total > 0 else { return 1 }
        // Bounds were written and read as decimal text.
        let index = bounds.lastIndex { $0 <= bound * 1.000_001 }
        return index.map { Double(cumulativeCounts[$0]) / Double(total) } ?? 0
    }

    /// The bound that no value exceeds; infinite when one lies beyond all others, 0 when there are no values.
    package var maximumBound: Double {
        guard total > 0 else { return 0 }
        return zip(bounds, cumulativeCounts).first { $0.1 == total }?.0 ?? .infinity
    }
}
