internal import PylonJSON

extension Report {
    /// One JSON object. The server's figures stand at the top level, those of the floor have the prefix `floor_`; when
    /// only the floor ran, the top level is the floor's own.
    static func json(_ result: CaseResult) -> String {
        let floor = CaseResult.median(result.floor)
        let pylon = CaseResult.median(result.pylon)
        var json = JSONWriter()
        json.beginObject()
        json.member("scenario", "fanout")
        json.member("mode", result.load.transport.rawValue)
        json.member("clients", result.load.clients)
        json.member("stuck_clients", result.load.stuckClients)
        json.member("hz", result.load.rateHz)
        json.member("bytes", result.load.payloadBytes)
        json.member("runs", max(result.floor.count, result.pylon.count))
        if let measured = pylon ?? floor {
            json.member("side", result.name(of: pylon == nil ? .floor : .pylon))
            json.member("seconds", Int(measured.seconds))
            write(measured, prefix: "", into: &json)
        }
        if pylon != nil, let floor { write(floor, prefix: "floor_", into: &json) }
        number("ratio", result.ratio, into: &json)
        json.endObject()
        return json.text
    }

    private static func write(_ median: Measurement, prefix: String, into json: inout JSONWriter) {
        number(prefix + "us_per_delivery", median.cpuMicrosecondsPerDelivery, into: &json)
        number(prefix + "deliveries_per_second", median.deliveries / median.seconds, into: &json)
        number(prefix + "delivered_ratio", median.deliveredRatio, into: &json)
        json.key(prefix + "every_tick_delivered")
        json.value(median.isEveryTickDelivered)
        json.key(prefix + "latency_ms")
        json.beginObject()
        number("p50", median.latencyMilliseconds.p50, into: &json)
        number("p99", median.latencyMilliseconds.p99, into: &json)
        number("p999", median.latencyMilliseconds.p999, into: &json)
        number("max", median.latencyMilliseconds.max, into: &json)
        json.endObject()
        number(prefix + "cpu_share", median.cpuShare, into: &json)
        json.key(prefix + "rss_bytes_per_connection")
        json.value(Int(median.residentBytesPerConnection))
        number(prefix + "mallocs_per_delivery", median.allocationsPerDelivery, into: &json)
        number(prefix + "syscalls_per_delivery", median.systemCallsPerDelivery, into: &json)
        json.key(prefix + "lost_streams")
        json.value(median.lostStreams)
        json.key(prefix + "wrong_sizes")
        json.value(median.wrongSizes)
    }

    private static func number(_ name: String, _ value: Double?, into json: inout JSONWriter) {
        json.key(name)
        if let value { json.value(value, decimals: 4) } else { json.null() }
    }
}
