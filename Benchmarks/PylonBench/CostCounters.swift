internal import Glibc

/// Counts what a server does for a delivery, in windows of their own: counting costs too much to do it while timing.
struct CostCounters {
    private let systemCalls: EventCounter?
    private let allocations: EventCounter?

    /// What one window came to.
    struct Count {
        /// Nil when the machine does not let them be counted.
        var systemCallsPerDelivery: Double?
        /// Nil when the machine does not let them be counted.
        var allocationsPerDelivery: Double?
        /// Whether the counters ran exactly as long as the window.
        var isOnTime = false
    }

    /// Nil when the machine lets this user count neither.
    init?(of pid: pid_t) {
        systemCalls = EventCounter.systemCalls(of: pid)
        allocations = EventCounter.allocations(of: pid)
        if systemCalls == nil, allocations == nil { return nil }
    }

    /// Whether everything can be counted.
    var isComplete: Bool { systemCalls != nil && allocations != nil }

    /// Counts for a second.
    func count(_ client: StreamClient, _ load: FanoutCase) throws(BenchError) -> Count {
        let counters = [systemCalls, allocations].compactMap { $0 }
        for counter in counters { counter.reset() }
        var isCounting = false
        let counted = try client.observe(rateHz: load.rateHz, seconds: 1) { () throws(BenchError) in
            isCounting.toggle()
            for counter in counters { isCounting ? counter.start() : counter.stop() }
            return 0
        }
        guard counted.result.frames > 0 else { throw .process("nothing was delivered while counting") }
        let frames = Double(counted.result.frames)
        return Count(
            systemCallsPerDelivery: systemCalls.map { Double($0.count) / frames },
            allocationsPerDelivery: allocations.map { Double($0.count) / frames }, isOnTime: counted.isOnTime)
    }
}
