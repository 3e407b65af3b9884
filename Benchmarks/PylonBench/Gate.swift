internal import PylonBenchKit

/// Fails when a delivery allocates or calls the kernel more often than a file of thresholds allows. Both are counted,
/// not timed, so that a busy machine gives the same answer.
struct Gate: Scenario {
    static let name = "gate"
    static let grammar = Arguments.Grammar(values: ["thresholds"])
    static let usage = """
        pylon-bench gate --thresholds FILE
          Counts allocations and system calls per delivery in the cases that FILE names; exits 1 when one is over its
          threshold and 3 when this machine does not let them be counted (it takes root, or
          kernel.perf_event_paranoid at -1).
        """

    /// Windows that may be tried for one that the machine did not disturb.
    private static let attemptsMaximum = 6

    private let rig: Rig
    private let thresholds: Thresholds

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        let path = try arguments.string("thresholds")
        let text = String(decoding: ProcessSample.readFile(path), as: UTF8.self)
        do throws(Thresholds.Problem) {
            thresholds = try Thresholds(json: text)
        } catch {
            throw .usage("\(path): \(error.description)")
        }
    }

    func run(_ output: Output) throws(BenchError) {
        var excesses: [String] = []
        for limits in thresholds.cases {
            let load = FanoutCase(
                transport: limits.mode == "ws" ? .webSocket : .eventStream, clients: limits.clients, rateHz: limits.hz,
                payloadBytes: limits.bytes, eventsPerTick: limits.eventsPerTick)
            let count = try count(load, limits)
            var figures = Figures()
            figures.add("load", load.name)
            figures.add("mallocs_per_delivery", count.allocationsPerDelivery, places: 4)
            figures.add("syscalls_per_delivery", count.systemCallsPerDelivery, places: 4)
            for (field, limit) in [
                ("mallocs_per_delivery", limits.allocationsMaximum),
                ("syscalls_per_delivery", limits.systemCallsMaximum),
            ] {
                guard let limit else { continue }
                figures.expect(field, .atMost(limit))
                guard let value = figures[field]?.number, value > limit else { continue }
                excesses.append(
                    "\(load.name): \(field) is \(Decimal.text(value, places: 4)), at most \(limit) is allowed")
            }
            output.print(figures, of: Self.self)
        }
        if !excesses.isEmpty { throw .overThreshold(excesses) }
    }

    /// The lowest counts among the undisturbed windows; no more of them than it takes to keep the limits.
    private func count(_ load: FanoutCase, _ limits: Thresholds.Case) throws(BenchError) -> CostCounters.Count {
        let server = try rig.start(.pylon, load)
        defer { server.stop() }
        let client = try rig.openClients(of: server, load)
        defer { client.process.kill() }
        // Rings and pools grow while the first frames go out.
        try rig.signals.sleep(.seconds(1))
        guard let counters = CostCounters(of: server.process.pid), counters.isComplete else {
            throw .notCountable("the kernel's tracepoints or user probes are not open to this user")
        }
        var least = CostCounters.Count()
        for _ in 0..<Self.attemptsMaximum {
            let count = try counters.count(client, load)
            guard count.isOnTime else { continue }
            least = CostCounters.Count(
                systemCallsPerDelivery: Self.lower(count.systemCallsPerDelivery, least.systemCallsPerDelivery),
                allocationsPerDelivery: Self.lower(count.allocationsPerDelivery, least.allocationsPerDelivery),
                isOnTime: true)
            if (least.systemCallsPerDelivery ?? 0) <= limits.systemCallsMaximum ?? .infinity,
                (least.allocationsPerDelivery ?? 0) <= limits.allocationsMaximum ?? .infinity
            {
                break
            }
        }
        guard least.isOnTime else {
            throw .notCountable("the machine is so busy that no window began and ended on time")
        }
        return least
    }

    private static func lower(_ left: Double?, _ right: Double?) -> Double? {
        guard let left, let right else { return left ?? right }
        return min(left, right)
    }
}
