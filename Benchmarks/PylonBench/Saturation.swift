internal import PylonBenchKit

/// The highest tick rate at which every tick reaches every client, for the floor and for the server.
struct Saturation: Scenario {
    static let name = "saturation"
    static let grammar = Arguments.Grammar(values: ["clients", "bytes", "start", "trial", "seconds"])
    static let usage = """
        pylon-bench saturation [--clients 2000] [--bytes 512] [--start 100] [--trial 2] [--seconds 5]
          Searches the highest tick rate, up to 1,000 Hz, at which every tick is delivered to every WebSocket.
          --start         the rate to begin with
          --trial         the length of a trial's window in seconds; one of two has to be faultless
          --seconds       the length of the window that confirms the answer
        """

    /// What the server takes at most; it is far beyond any core for thousands of clients.
    private static let rateMaximum = 1000
    private static let trialsMaximum = 40

    private let rig: Rig
    private let load: FanoutCase
    private let start: Int
    private let trialSeconds: Int
    private let seconds: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        load = FanoutCase(
            transport: .webSocket, clients: try arguments.number("clients", default: 2000, in: 1...60_000), rateHz: 1,
            payloadBytes: try arguments.number("bytes", default: 512, in: 80...1_000_000))
        start = try arguments.number("start", default: 100, in: 1...Self.rateMaximum)
        trialSeconds = try arguments.number("trial", default: 2, in: 1...60)
        seconds = try arguments.number("seconds", default: 5, in: 1...600)
        try Rig.checkFileLimit(clients: load.clients)
    }

    func run(_ output: Output) throws(BenchError) {
        let figures = try rig.median("saturation") { (run) throws(BenchError) in
            var found: [Side: (rate: Int, measured: Measurement?)] = [:]
            for side in Rig.order(run: run) { found[side] = try highestRate(side) }
            var figures = Figures()
            figures.add("clients", load.clients)
            figures.add("bytes", load.payloadBytes)
            for (side, prefix) in [(Side.pylon, ""), (.floor, "floor_")] {
                let (rate, measured) = found[side] ?? (0, nil)
                figures.add(prefix + "hz", rate)
                figures.add(prefix + "deliveries_per_second", rate * load.clients)
                figures.add(prefix + "cpu_share", measured?.cpuShare)
                figures.add(prefix + "us_per_delivery", measured?.cpuMicrosecondsPerDelivery)
                figures.add(prefix + "p99_ms", measured?.latencyMilliseconds.p99, places: 2)
            }
            let floorRate = found[.floor]?.rate ?? 0
            figures.add("ratio", floorRate > 0 ? Double(found[.pylon]?.rate ?? 0) / Double(floorRate) : nil)
            figures.expect("ratio", .atLeast(0.95))
            return figures
        }
        output.print(figures, of: Self.self)
    }

    private func highestRate(_ side: Side) throws(BenchError) -> (rate: Int, measured: Measurement?) {
        var search = RateSearch(start: start, limit: Self.rateMaximum)
        for _ in 0..<Self.trialsMaximum {
            if let rate = search.next {
                search.record(rate, passed: try passes(side, rate, seconds: trialSeconds) != nil)
                continue
            }
            guard search.best > 0 else { break }
            if let measured = try passes(side, search.best, seconds: seconds) { return (search.best, measured) }
            search.record(search.best, passed: false)
        }
        return (0, nil)
    }

    /// The better of two trials, so that a hiccup of the machine does not decide; nil when neither was faultless.
    private func passes(_ side: Side, _ rate: Int, seconds: Int) throws(BenchError) -> Measurement? {
        var load = load
        load.rateHz = rate
        let timing = Rig.Timing(warmup: .milliseconds(500), seconds: seconds, withCounters: false)
        for _ in 0..<2 {
            do throws(BenchError) {
                let measured = try rig.measure(side, load, timing)
                Console.note(
                    """
                    \(side.rawValue) at \(rate) Hz: \(measured.isEveryTickDelivered ? "every tick" : "ticks lost"), \
                    core \(Decimal.text(measured.cpuShare * 100, places: 0))%
                    """)
                if measured.isEveryTickDelivered { return measured }
            } catch .timedOut(let what) {
                // So overloaded that it did not get its clients in.
                Console.note("\(side.rawValue) at \(rate) Hz: timed out, \(what)")
            } catch {
                throw error
            }
        }
        return nil
    }
}
