/// Counts of whole numbers in buckets whose width grows with the value: any quantile is right within 0.4%.
///
/// Values below 256 are exact; above, each power of two has 128 buckets and a quantile answers the middle of its
/// bucket. Values past `valueMaximum` count as that.
package struct LatencyHistogram: Sendable {
    /// 2^36 µs is 19 hours.
    package static let valueMaximum: UInt64 = 1 << 36
    private static let subBucketBits = 7

    private var counts: [UInt64]
    /// How many values were recorded.
    package private(set) var total: UInt64 = 0
    /// The largest value recorded, exact.
    package private(set) var maximum: UInt64 = 0

    package init() {
        counts = [UInt64](repeating: 0, count: Self.bucket(of: Self.valueMaximum) + 1)
    }

    package mutating func record(_ value: UInt64) {
        counts[Self.bucket(of: min(value, Self.valueMaximum))] += 1
        total += 1
        maximum = max(maximum, value)
    }

    package mutating func removeAll() {
        for index in counts.indices { counts[index] = 0 }
        total = 0
        maximum = 0
    }

    /// The value that `share` (0...1) of all values do not exceed; 0 when none was recorded.
    package func quantile(_ share: Double) -> UInt64 {
        guard total > 0 else { return 0 }
        let rank = max(1, UInt64((share * Double(total)).rounded(.up)))
        guard rank < total else { return maximum }
        var seen: UInt64 = 0
        for (bucket, count) in counts.enumerated() {
            seen += count
            if seen >= rank { return min(Self.middle(of: bucket), maximum) }
        }
        return maximum
    }

    /// Bucket numbers: 0..<256 one by one, then 128 for every doubling.
    static func bucket(of value: UInt64) -> Int {
        let significant = UInt64.bitWidth - value.leadingZeroBitCount
        let shift = max(0, significant - subBucketBits - 1)
        return shift << subBucketBits + Int(value >> UInt64(shift))
    }

    static func middle(of bucket: Int) -> UInt64 {
        guard bucket >= 2 << subBucketBits else { return UInt64(bucket) }
        let shift = bucket >> subBucketBits - 1
        let lowest = UInt64(bucket - shift << subBucketBits) << UInt64(shift)
        return lowest + (1 << UInt64(shift)) / 2
    }
}
