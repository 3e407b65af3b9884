internal import PylonBenchKit

/// The results as a table for people and as JSON for programs.
enum Report {
    private static let columns: [(title: String, width: Int)] = [
        ("case", 38), ("side", 6), ("deliv/s", 9), ("delivered", 10), ("every tick", 11), ("p50 ms", 8), ("p99 ms", 8),
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
            result.load.name, side.rawValue, Decimal.grouped(Int(median.deliveries / median.seconds)),
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

    /// One JSON object. The server's figures stand at the top level, those of the floor have the prefix `floor_`; when
    /// only the floor ran, the top level is the floor's own.
    static func json(_ result: CaseResult) -> String {
        let load = result.load
        var members: [(String, String)] = [
            ("scenario", "\"fanout\""), ("mode", "\"\(load.transport.rawValue)\""), ("clients", "\(load.clients)"),
            ("stuck_clients", "\(load.stuckClients)"),
            ("hz", "\(load.rateHz)"), ("bytes", "\(load.payloadBytes)"),
            ("runs", "\(max(result.floor.count, result.pylon.count))"),
        ]
        let floor = CaseResult.median(result.floor)
        let pylon = CaseResult.median(result.pylon)
        if let measured = pylon ?? floor {
            members.append(("side", pylon == nil ? "\"floor\"" : "\"pylon\""))
            members.append(("seconds", Decimal.text(measured.seconds, places: 0)))
            members += self.members(measured)
        }
        if pylon != nil, let floor { members += self.members(floor).map { ("floor_\($0.0)", $0.1) } }
        members.append(("ratio", number(result.ratio, places: 3)))
        return object(members)
    }

    private static func members(_ median: Measurement) -> [(String, String)] {
        let latency = median.latencyMilliseconds
        return [
            ("us_per_delivery", number(median.cpuMicrosecondsPerDelivery, places: 3)),
            ("deliveries_per_second", number(median.deliveries / median.seconds, places: 0)),
            ("delivered_ratio", number(median.deliveredRatio, places: 5)),
            ("every_tick_delivered", median.isEveryTickDelivered ? "true" : "false"),
            (
                "latency_ms",
                object([
                    ("p50", number(latency.p50, places: 3)), ("p99", number(latency.p99, places: 3)),
                    ("p999", number(latency.p999, places: 3)), ("max", number(latency.max, places: 3)),
                ])
            ),
            ("cpu_share", number(median.cpuShare, places: 4)),
            ("rss_bytes_per_connection", number(median.residentBytesPerConnection, places: 0)),
            ("mallocs_per_delivery", number(median.allocationsPerDelivery, places: 4)),
            ("syscalls_per_delivery", number(median.systemCallsPerDelivery, places: 4)),
            ("lost_streams", "\(median.lostStreams)"), ("wrong_sizes", "\(median.wrongSizes)"),
        ]
    }

    private static func number(_ value: Double?, places: Int) -> String {
        guard let value, value.isFinite else { return "null" }
        return Decimal.text(value, places: places)
    }

    /// Keys are literals of this file and values are JSON already: nothing needs escaping.
    private static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\"\($0.0)\":\($0.1)" }.joined(separator: ",") + "}"
    }
}
