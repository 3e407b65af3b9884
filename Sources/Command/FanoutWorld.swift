internal import PylonJSON
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTime

/// A shard for benchmarks: every snapshot, and every event, is JSON of exactly `payload_bytes` bytes with the tick and the time of
/// encoding in it.
struct FanoutWorld: Simulation {
    /// Smallest payload that holds the two numbers at their largest.
    static let payloadBytesMinimum = 64
    static let payloadBytesMaximum = 16 * 1024 * 1024
    static let eventsPerTickMaximum = 1000

    /// `POST /api/shards {"id":"bench","kind":"fanout","config":{"payload_bytes":512,"tick_rate_hz":20}}`
    static let kind = ShardKind(
        "fanout",
        config: [
            .integer("payload_bytes", payloadBytesMinimum...payloadBytesMaximum, default: 512, "bytes of a snapshot"),
            .integer("events_per_tick", 0...eventsPerTickMaximum, default: 0, "events broadcast in each step"),
        ]
    ) { setup in
        let payloadBytes = setup.config["payload_bytes"]?.int ?? 512
        let events = setup.config["events_per_tick"]?.int ?? 0
        guard payloadBytes * events <= payloadBytesMaximum else {
            throw ConfigurationError("events_per_tick", "must not make more than 16 MiB a tick")
        }
        return FanoutWorld(payloadBytes: payloadBytes, eventsPerTick: events, clock: setup.clock)
    }

    private let payloadBytes: Int
    private let eventsPerTick: Int
    private let clock: any Clock
    /// As long as it takes for the snapshot to have its size; made anew only when the tick gets another digit.
    private var padding: String
    private var tickLimit: UInt64 = 10

    init(payloadBytes: Int, eventsPerTick: Int, clock: any Clock) {
        self.payloadBytes = payloadBytes
        self.eventsPerTick = eventsPerTick
        self.clock = clock
        padding = Self.padding(payloadBytes: payloadBytes, tickDigits: 1)
    }

    /// Anything is an input, and nothing comes of it.
    static func decodeInput(_ json: JSONValue) throws -> JSONValue { json }

    mutating func apply(_ input: JSONValue, from subscriber: SubscriberID, _ context: StepContext) {}

    mutating func step(_ context: StepContext) {
        if context.tick.number >= tickLimit {
            padding = Self.padding(payloadBytes: payloadBytes, tickDigits: String(context.tick.number).utf8.count)
            tickLimit = tickLimit.multipliedReportingOverflow(by: 10).partialValue
        }
        for _ in 0..<eventsPerTick {
            context.broadcast { write(context.tick, into: &$0) }
        }
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        write(context.tick, into: &json)
    }

    /// The snapshot shows the time, which no replay does again.
    func hashState(into hasher: inout StateHasher) {
        hasher.combine(tickLimit)
    }

    private func write(_ tick: Tick, into json: inout JSONWriter) {
        json.beginObject()
        json.member("ts", clock.microsecondsSinceEpoch())
        json.member("tick", tick.number)
        json.member("pad", padding)
        json.endObject()
    }

    /// The time has 16 digits from 2001 to 2286.
    private static func padding(payloadBytes: Int, tickDigits: Int) -> String {
        let rest = #"{"ts":1234567890123456,"tick":,"pad":""}"#.utf8.count + tickDigits
        return String(repeating: "x", count: payloadBytes - rest)
    }
}
