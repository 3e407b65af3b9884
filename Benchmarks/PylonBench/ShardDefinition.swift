/// A shard that the server under test gets before clients come.
struct ShardDefinition {
    /// `bench0`, `bench1`, …
    var number: Int
    /// 0 is event-driven.
    var rateHz: Int
    var payloadBytes: Int
    var eventsPerTick = 0

    /// What `id` begins with; the shard's number follows.
    static let prefix = "bench"

    /// All shards of a load.
    static func list(_ load: FanoutCase) -> [ShardDefinition] {
        (0..<load.shards).map {
            ShardDefinition(
                number: $0, rateHz: load.rateHz, payloadBytes: load.payloadBytes, eventsPerTick: load.eventsPerTick)
        }
    }

    /// The body of `POST /api/shards`.
    var json: String {
        let events = eventsPerTick > 0 ? ",\"events_per_tick\":\(eventsPerTick)" : ""
        return """
            {"id":"\(Self.prefix)\(number)","kind":"fanout","config":{"payload_bytes":\(payloadBytes),\
            "tick_rate_hz":\(rateHz),"max_subscribers":0,"idle_ticks_before_shutdown":0\(events)}}
            """
    }
}
