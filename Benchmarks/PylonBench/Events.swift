internal import PylonBenchKit

/// Many small events through one shard's event hub to many clients, beside what one write for each would cost.
struct Events: Scenario {
    static let name = "events"
    static let grammar = Arguments.Grammar(
        values: ["clients", "events", "bytes", "transport", "seconds", "warmup", "hz", "floor-hz"],
        switches: ["no-counters"])
    static let usage = """
        pylon-bench events [--events 1000] [--clients 1000] [--bytes 128] [--transport ws] [--seconds 5] [--warmup 1]
                           [--hz 1000] [--floor-hz 100] [--no-counters]
          Sends so many events a second to every client; the floor sends frames of that size, one write for each.
          --hz            the shard's ticks a second, over which the events are spread
          --floor-hz      the frames a second of the floor, which must be able to keep that pace
        """

    private let rig: Rig
    private let load: FanoutCase
    private let floorLoad: FanoutCase
    private let timing: Rig.Timing

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        let events = try arguments.number("events", default: 1000, in: 1...1_000_000)
        let rate = try arguments.number("hz", default: min(events, 1000), in: 1...1000)
        guard events.isMultiple(of: rate) else { throw .usage("--events must be a multiple of the tick rate, \(rate)") }
        let transport = try Transport.list(try arguments.string("transport", default: "ws")).first
        load = FanoutCase(
            transport: transport ?? .webSocket,
            clients: try arguments.number("clients", default: 1000, in: 1...60_000), rateHz: rate,
            payloadBytes: try arguments.number("bytes", default: 128, in: 80...65_536), eventsPerTick: events / rate)
        var floorLoad = load
        floorLoad.rateHz = try arguments.number("floor-hz", default: 100, in: 1...10_000)
        floorLoad.eventsPerTick = 0
        self.floorLoad = floorLoad
        timing = Rig.Timing(
            warmup: .seconds(try arguments.number("warmup", default: 1, in: 0...600)),
            seconds: try arguments.number("seconds", default: 5, in: 1...600),
            withCounters: !arguments.has("no-counters"))
        try Rig.checkFileLimit(clients: load.clients)
    }

    func run(_ output: Output) throws(BenchError) {
        let figures = try rig.median("events") { (run) throws(BenchError) in
            var measured: [Side: Measurement] = [:]
            for side in Rig.order(run: run) {
                measured[side] = try rig.measure(side, side == .floor ? floorLoad : load, timing)
            }
            guard let pylon = measured[.pylon], let floor = measured[.floor] else { throw .interrupted }
            return compare(pylon, floor)
        }
        output.print(figures, of: Self.self)
    }

    private func compare(_ pylon: Measurement, _ floor: Measurement) -> Figures {
        var figures = Figures()
        figures.add("mode", load.transport.rawValue)
        figures.add("clients", load.clients)
        figures.add("events_per_second", load.framesPerSecond)
        figures.add("ticks_per_second", load.rateHz)
        figures.add("bytes", load.payloadBytes)
        figures.add("us_per_event", pylon.cpuMicrosecondsPerDelivery)
        figures.add("floor_us_per_write", floor.cpuMicrosecondsPerDelivery)
        figures.add("ratio", pylon.cpuMicrosecondsPerDelivery / max(floor.cpuMicrosecondsPerDelivery, 1e-9))
        figures.add("in_order_none_missing", pylon.isGapless)
        figures.add("made_per_second", pylon.ticks / pylon.seconds, places: 1)
        figures.add("lost_streams", pylon.lostStreams)
        figures.add("wrong_sizes", pylon.wrongSizes)
        figures.add("p50_ms", pylon.latencyMilliseconds.p50, places: 2)
        figures.add("p99_ms", pylon.latencyMilliseconds.p99, places: 2)
        figures.add("max_ms", pylon.latencyMilliseconds.max, places: 2)
        figures.add("cpu_share", pylon.cpuShare)
        figures.add("syscalls_per_event", pylon.systemCallsPerDelivery)
        figures.add("mallocs_per_event", pylon.allocationsPerDelivery)
        figures.add("floor_every_tick", floor.isEveryTickDelivered)
        figures.expect("ratio", .atMost(0.35))
        figures.expect("p99_ms", .atMost(15))
        figures.expect("in_order_none_missing", .isTrue)
        figures.expect("made_per_second", .atLeast(Double(load.framesPerSecond) * 0.99))
        figures.expect("floor_every_tick", .isTrue)
        return figures
    }
}
