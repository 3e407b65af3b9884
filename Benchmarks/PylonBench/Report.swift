internal import PylonBenchKit

/// The results: a table for people, JSON for programs.
enum Report {
    private static let columns: [(title: String, width: Int)] = [
        ("case", 38), ("side", 11), ("deliv/s", 9), ("delivered", 10), ("every tick", 11), ("p50 ms", 8), ("p99 ms", 8),
        ("p99.9 ms", 9), ("max ms", 8), ("us/deliv", 9), ("core", 6), ("RSS/conn", 9), ("calls/d", 8), ("mallocs/d", 9),
        ("ratio", 6),
    ]

    static var tableHead: String { line(columns.map(\.title)) }

    /// One line for each side that was measured.
    static func tableLines(_ result: CaseResult) -> [String] {
        var lines: [String] = []
        if let floor = CaseResult.median(result.floor) { lines.append(tableLine(result, .floor, floor)) }
        if let pylon = CaseResult.median(result.pylon) { lines.append(tableLine(result, .pylon, pylon)) }
        return lines
    }

    private static func tableLine(_ result: CaseResult, _ side: Side, _ median: Measurement) -> String {
        let latency = median.latencyMilliseconds
        var every = median.isEveryTickDelivered ? "yes" : "no"
        if median.lostStreams > 0 { every += " -\(median.lostStreams)" }
        if median.wrongSizes > 0 { every += " size!" }
        return line([
            result.load.name, result.name(of: side), Decimal.grouped(Int(median.deliveries / median.seconds)),
            Decimal.text(median.deliveredRatio, places: 4), every, Decimal.text(latency.p50, places: 2),
            Decimal.text(latency.p99, places: 2), Decimal.text(latency.p999, places: 2),
            Decimal.text(latency.max, places: 2), Decimal.text(median.cpuMicrosecondsPerDelivery, places: 2),
            Decimal.text(median.cpuShare * 100, places: 0) + "%",
            Decimal.grouped(Int(median.residentBytesPerConnection)),
            median.systemCallsPerDelivery.map { Decimal.text($0, places: 3) } ?? "-",
            median.allocationsPerDelivery.map { Decimal.text($0, places: 3) } ?? "-",
            side == .pylon ? result.ratio.map { Decimal.text($0, places: 2) } ?? "-" : "1",
        ])
    }

    private static func line(_ cells: [String]) -> String {
        zip(cells, columns).enumerated().map { index, pair in
            let padding = String(repeating: " ", count: max(0, pair.1.width - pair.0.count))
            return index < 2 ? pair.0 + padding : padding + pair.0
        }.joined(separator: " ")
    }
}
