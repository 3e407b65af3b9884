internal import PylonBenchKit

/// One load: how many clients get frames of which size how often.
struct FanoutCase {
    var transport: Transport
    var clients: Int
    var rateHz: Int
    var payloadBytes: Int
    /// How many of the clients open their stream and then never read.
    var stuckClients = 0
    /// The shards the clients are spread over, all alike.
    var shards = 1
    /// Events of `payloadBytes` in every tick, which the clients then follow instead of the snapshots.
    var eventsPerTick = 0

    /// The clients whose frames are counted.
    var readingClients: Int { clients - stuckClients }

    /// The frames that each client is due.
    var framesPerSecond: Int { rateHz * max(eventsPerTick, 1) }

    /// As the issue tracker and the tables write it.
    var name: String {
        let stuck = stuckClients > 0 ? " (\(stuckClients) stuck)" : ""
        let rate = eventsPerTick > 0 ? "\(framesPerSecond) events/s" : "\(rateHz) Hz"
        return "\(transport.rawValue) \(clients)\(stuck) x \(rate) x \(payloadBytes) B"
    }
}

/// What a case came to: one measurement for each run on each side.
struct CaseResult {
    var load: FanoutCase
    var floor: [Measurement] = []
    /// The server's: pylon's, or those of the peer measured in its place.
    var pylon: [Measurement] = []
    /// Whose figures stand in `pylon`.
    var serverName = Side.pylon.rawValue

    func name(of side: Side) -> String { side == .pylon ? serverName : side.rawValue }

    /// The median over the runs; nil when that side did not run.
    static func median(_ runs: [Measurement]) -> Measurement? {
        guard !runs.isEmpty else { return nil }
        func median(_ value: (Measurement) -> Double) -> Double { runs.map(value).median }
        func counted(_ value: (Measurement) -> Double?) -> Double? {
            let counts = runs.compactMap(value)
            return counts.isEmpty ? nil : counts.median
        }
        return Measurement(
            seconds: median(\.seconds), deliveries: median(\.deliveries), ticks: median(\.ticks),
            deliveredRatio: median(\.deliveredRatio),
            isEveryTickDelivered: runs.allSatisfy(\.isEveryTickDelivered), isGapless: runs.allSatisfy(\.isGapless),
            latencyMilliseconds: .init(
                p50: median(\.latencyMilliseconds.p50), p99: median(\.latencyMilliseconds.p99),
                p999: median(\.latencyMilliseconds.p999), max: median(\.latencyMilliseconds.max)),
            cpuMicrosecondsPerDelivery: median(\.cpuMicrosecondsPerDelivery), cpuShare: median(\.cpuShare),
            residentBytesPerConnection: median(\.residentBytesPerConnection),
            systemCallsPerDelivery: counted(\.systemCallsPerDelivery),
            allocationsPerDelivery: counted(\.allocationsPerDelivery),
            lostStreams: runs.map(\.lostStreams).max() ?? 0, wrongSizes: runs.map(\.wrongSizes).max() ?? 0)
    }

    /// The server's CPU per delivery as a multiple of the floor's: the median of the pairs, each taken back to back.
    var ratio: Double? {
        guard !floor.isEmpty, floor.count == pylon.count else { return nil }
        return zip(pylon, floor).map { $0.cpuMicrosecondsPerDelivery / max($1.cpuMicrosecondsPerDelivery, 1e-9) }.median
    }
}
