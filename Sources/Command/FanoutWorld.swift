internal import PylonJSON
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTime

/// A shard for benchmarks: every snapshot is JSON of exactly `payload_bytes` bytes with the tick and the time of encoding in it.
struct FanoutWorld: Simulation {
    /// Smallest payload that holds the two numbers at their largest.
    static let payloadBytesMinimum = 64
    static let payloadBytesMaximum = 16 * 1024 * 1024

    /// `POST /api/shards {"id":"bench","kind":"fanout","config":{"payload_bytes":512,"tick_rate_hz":20}}`
    static let kind = ShardKind("fanout") { setup in
        let payloadBytes = setup.config["payload_bytes"]?.int ?? 512
        guard (payloadBytesMinimum...payloadBytesMaximum).contains(payloadBytes) else {
            throw ConfigurationError(
                "payload_bytes", "must be a whole number from \(payloadBytesMinimum) to \(payloadBytesMaximum)")
        }
        return FanoutWorld(payloadBytes: payloadBytes, clock: setup.clock)
    }

    let payloadBytes: Int
    let clock: any Clock

    /// Anything is an input, and nothing comes of it.
    static func decodeInput(_ json: JSONValue) throws -> JSONValue { json }

    mutating func apply(_ input: JSONValue, from subscriber: SubscriberID, _ context: StepContext) {}

    mutating func step(_ context: StepContext) {}

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginObject()
        json.member("ts", clock.microsecondsSinceEpoch())
        json.member("tick", context.tick.number)
        json.key("pad")
        // Two quotes and the closing brace are still to come.
        let padding = payloadBytes - json.count - 3
        json.value(String(repeating: "x", count: max(0, padding)))
        json.endObject()
    }
}
