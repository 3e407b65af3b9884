/// Who sends.
enum Side: String {
    case floor
    case pylon
}

/// What one side did with one case in one run.
struct Measurement {
    var seconds: Double
    /// Frames that arrived.
    var deliveries: Double
    /// Snapshots made in the window, by their tick numbers.
    var ticks: Double
    /// Frames received of those that a server on time would have sent: 1 is all of them.
    var deliveredRatio: Double
    /// Whether every client got every tick once and in order, none was made late enough to be left out, and all
    /// streams stayed open.
    var isEveryTickDelivered: Bool
    /// Whether every client got all that was made, once and in order, however much that was.
    var isGapless: Bool
    var latencyMilliseconds: Latency
    var cpuMicrosecondsPerDelivery: Double
    /// The sender's share of one core.
    var cpuShare: Double
    var residentBytesPerConnection: Double
    /// Nil when the machine does not let them be counted.
    var systemCallsPerDelivery: Double?
    /// Nil when the machine does not let them be counted.
    var allocationsPerDelivery: Double?
    /// Clients whose stream ended before the window did.
    var lostStreams: Int
    /// Frames whose JSON was not of the size asked for.
    var wrongSizes: Int

    struct Latency {
        var p50: Double
        var p99: Double
        var p999: Double
        var max: Double
    }
}
