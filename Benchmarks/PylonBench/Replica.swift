internal import PylonBenchKit
internal import PylonReplicaTrial
internal import PylonTime

/// Random zones and bad lines, long: whether clients always show what the server says.
struct Replica: Scenario {
    static let name = "replica"
    static let grammar = Arguments.Grammar(values: ["ticks", "seed"])
    static let usage = """
        pylon-bench replica [--ticks 1000000] [--seed 1]
          Runs random zones of 5,000 ticks each, one seed after the other, with loss, reordering, doubling, reconnects and
          budgets; compares every field that a client shows after every frame. Stops at the first difference.
        """

    private static let ticksPerZone = 5000

    private let rig: Rig
    private let ticks: Int
    private let seed: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        ticks = try arguments.number("ticks", default: 1_000_000, in: 1...1_000_000_000)
        seed = try arguments.number("seed", default: 1, in: 0...Int.max)
    }

    func run(_ output: Output) throws(BenchError) {
        let clock = SystemClock()
        let start = clock.now()
        var total = ReplicaTrial.Report()
        var difference: String?
        var zone: UInt64 = 0
        while total.ticks < ticks, difference == nil {
            var trial = ReplicaTrial(seed: UInt64(seed) &* 1_000_003 &+ zone)
            do throws(ReplicaTrial.Failure) {
                try trial.run(ticks: min(Self.ticksPerZone, ticks - total.ticks))
            } catch {
                difference = error.description
            }
            total.add(trial.report)
            zone += 1
            // An interruption is noticed between two zones.
            try rig.signals.sleep(until: clock.now())
        }
        var figures = Figures()
        figures.add("seed", seed)
        figures.add("ticks", total.ticks)
        figures.add("frames_sent", total.framesSent)
        figures.add("frames_lost", total.framesLost)
        figures.add("frames_doubled", total.framesDoubled)
        figures.add("frames_applied", total.framesApplied)
        figures.add("frames_stale", total.framesStale)
        figures.add("frames_without_base", total.framesWithoutBase)
        figures.add("keyframes_applied", total.keyframesApplied)
        figures.add("reconnects", total.reconnects)
        figures.add("entities_compared", total.entitiesCompared)
        figures.add("entities_starved", Int(total.entitiesStarved))
        figures.add("staleness_max_ticks", Int(total.stalenessMaximum))
        figures.add("visibility_checks", total.visibilityChecks)
        figures.add("seconds", Double((clock.now() - start).wholeNanoseconds) / 1e9, places: 1)
        figures.add("first_difference", difference ?? "none")
        figures.add("is_exact", difference == nil)
        figures.expect("is_exact", .isTrue)
        output.print(figures, of: Self.self)
        if let difference { throw .process(difference) }
    }
}
