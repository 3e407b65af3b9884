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
        let payloadBytes = setup.config["payload_bytes"].map { $0.int ?? -1 } ?? 512
        guard (payloadBytesMinimum...payloadBytesMaximum).contains(payloadBytes) else {
            throw ConfigurationError(
                "payload_bytes", "must be a whole number from \(payloadBytesMinimum) to \(payloadBytesMaximum)")
        }
        return FanoutWorld(payloadBytes: payloadBytes, clock: setup.clock)
    }

    private let payloadBytes: Int
    private let clock: any Clock
    /// As long as it takes for the snapshot to have its size; made anew only when the tick gets another digit.
    private var padding: String
    private var tickLimit: UInt64 = 10

    init(payloadBytes: Int, clock: any Clock) {
        self.payloadBytes = payloadBytes
        self.clock = clock
        padding = Self.padding(payloadBytes: payloadBytes, tickDigits: 1)
    }

    /// Anything is an input, and nothing comes of it.
    static func decodeInput(_ json: JSONValue) throws -> JSONValue { json }

    mutating func apply(_ input: JSONValue, from subscriber: SubscriberID, _ context: StepContext) {}

    mutating func step(_ context: StepContext) {
        guard context.tick.number >= tickLimit else { return }
        padding = Self.padding(payloadBytes: payloadBytes, tickDigits: String(context.tick.number).utf8.count)
        tickLimit = tickLimit.multipliedReportingOverflow(by: 10).partialValue
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginObject()
        json.member("ts", clock.microsecondsSinceEpoch())
        json.member("tick", context.tick.number)
        json.member("pad", padding)
        json.endObject()
    }

    /// The time has 16 digits from 2001 to 2286.
    private static func padding(payloadBytes: Int, tickDigits: Int) -> String {
        let rest = #"{"ts":1234567890123456,"tick":,"pad":""}"#.utf8.count + tickDigits
        return String(repeating: "x", count: payloadBytes - rest)
    }
}
