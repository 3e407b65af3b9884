/// A page of metrics in the Prometheus text format, as `/metrics` answers it.
package struct MetricsPage: Sendable {
    private var values: [Substring: Double] = [:]
    private var buckets: [Substring: [(bound: Double, count: UInt64)]] = [:]

    /// Reads every sample of `text`; lines that are none are skipped.
    package init(_ text: String) {
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            guard let space = line.lastIndex(of: " "), let value = Double(line[line.index(after: space)...]) else {
                continue
            }
            let name = line[..<space]
            values[name] = value
            guard let bound = Self.bucketBound(of: name), let count = UInt64(exactly: value) else { continue }
            buckets[name.prefix { $0 != "{" }.dropLast("_bucket".count), default: []].append((bound, count))
        }
    }

    /// The value of a counter or gauge without labels; nil when the page has none of that name.
    package func value(_ name: String) -> Double? { values[Substring(name)] }

    /// The histogram of that name; nil when the page has none.
    package func histogram(_ name: String) -> HistogramReading? {
        guard let found = buckets[Substring(name)] else { return nil }
        return HistogramReading(bounds: found.map(\.bound), cumulativeCounts: found.map(\.count))
    }

    /// The upper bound in `name_bucket{le="0.001"}`.
    private static func bucketBound(of name: Substring) -> Double? {
        guard let label = name.firstIndex(of: "{"), name[..<label].hasSuffix("_bucket") else { return nil }
        let parts = name[label...].split(separator: "\"", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "{le=" else { return nil }
        return parts[1] == "+Inf" ? .infinity : Double(parts[1])
    }
}
