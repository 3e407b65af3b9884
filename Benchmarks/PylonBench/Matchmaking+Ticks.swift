internal import PylonBenchKit
internal import PylonJSON
internal import PylonMatchmaking
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime
internal import Synchronization

/// What passes do to ticks in the same process: a worker's shards alone, then beside passes that run back to back on a thread of
/// their own.
extension Matchmaking {
    private static let shardCount = 60
    private static let hertz = 60

    func measureTicks() throws(BenchError) -> Figures {
        let ticks = try TickingShards(count: Self.shardCount, hertz: Self.hertz)
        let clock = SystemClock()
        // Nobody of theirs is ever matched: each pass looks at the whole queue.
        let matchmaker = makeMatchmaker(Self.misfits, CountedShards(), clock)
        let names = enqueue(Self.misfits, in: matchmaker)
        try rig.signals.sleep(.seconds(1))
        let atStart = ticks.lateness
        try rig.signals.sleep(.seconds(seconds))
        let alone = ticks.lateness
        let passes = PassLoop(matchmaker)
        try rig.signals.sleep(.seconds(seconds))
        let beside = ticks.lateness
        let (count, longest, duration) = passes.stop()
        ticks.stop()
        var figures = Figures()
        figures.add("case", "beside-ticks")
        figures.add("players", names.count)
        figures.add("shards", Self.shardCount)
        figures.add("hertz", Self.hertz)
        figures.add("seconds", seconds)
        figures.add("passes", count)
        figures.add("pass_mean_ms", duration.inSeconds * 1000 / Double(max(count, 1)), places: 2)
        figures.add("pass_max_ms", longest.inSeconds * 1000, places: 2)
        Self.add(alone.since(atStart), "alone_", to: &figures)
        Self.add(beside.since(alone), "beside_", to: &figures)
        return figures
    }

    private static func add(_ lateness: TickingShards.Lateness, _ prefix: String, to figures: inout Figures) {
        figures.add(prefix + "ticks", Int(lateness.reading.total))
        figures.add(prefix + "lateness_p50_ms", lateness.reading.quantile(0.5) * 1000)
        figures.add(prefix + "lateness_p99_ms", lateness.reading.quantile(0.99) * 1000)
        figures.add(prefix + "lateness_max_at_most_ms", lateness.reading.maximumBound * 1000)
        figures.add(prefix + "share_within_2_ms", lateness.reading.share(within: TickLateness.barSeconds), places: 5)
        figures.add(prefix + "ticks_skipped", lateness.skipped)
    }
}

/// Shards of one worker, on its own thread, with nobody who watches.
private struct TickingShards {
    /// How late ticks began, up to a reading.
    struct Lateness {
        let reading: HistogramReading
        let skipped: Int

        func since(_ earlier: Lateness) -> Lateness {
            Lateness(reading: reading.since(earlier.reading), skipped: skipped - earlier.skipped)
        }
    }

    private let worker: TickWorker
    private let registry: ShardRegistry
    private let thread: Thread

    init(count: Int, hertz: Int) throws(BenchError) {
        worker = TickWorker(index: 0, clock: SystemClock())
        registry = ShardRegistry(
            kinds: [ShardKind("busy") { setup in BusyWorld(seed: setup.seed) }], workers: [worker],
            shardsMaximum: count, clock: SystemClock(), random: { 1 })
        let config: JSONValue = ["tick_rate_hz": .integer(Int64(hertz)), "idle_ticks_before_shutdown": 0]
        do throws(RegistryError) {
            for number in 0..<count { _ = try registry.create(id: "busy-\(number)", kind: "busy", config: config) }
        } catch {
            preconditionFailure("there is room for them: \(error)")
        }
        thread = worker.start()
    }

    var lateness: Lateness {
        let histogram = registry.counters.lateness
        let bounds = histogram.boundsMicroseconds.map { Double($0) / 1e6 } + [.infinity]
        return Lateness(
            reading: HistogramReading(bounds: bounds, cumulativeCounts: histogram.cumulativeCounts),
            skipped: Int(registry.counters.ticksSkipped.value))
    }

    func stop() {
        registry.stopAll()
        worker.stop()
        thread.join()
    }
}

/// A world whose step computes for some 20 µs and allocates nothing.
private struct BusyWorld: Simulation {
    private var random: SeededGenerator
    private var sum: UInt64 = 0

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    static func decodeInput(_ json: JSONValue) throws -> Int { 0 }

    mutating func apply(_ input: Int, from subscriber: SubscriberID, _ context: StepContext) throws {}

    mutating func step(_ context: StepContext) {
        for _ in 0..<10_000 { sum &+= random.next() }
    }

    func view(of subscriber: SubscriberID) -> WholeView { WholeView() }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.value(sum) }
}

/// Passes back to back on a thread as the server has one.
private final class PassLoop: Sendable {
    private struct Counts {
        var passes = 0
        var longest: Duration = .zero
        var total: Duration = .zero
    }

    private let isOver = Atomic<Bool>(false)
    private let counts = Lock(Counts())
    private let thread = Lock<Thread?>(nil)

    init(_ matchmaker: Matchmaker) {
        let spawned = Thread.spawn(name: "matchmaker") { [self] in
            // No partner: what the passes did is read behind the thread's end.
            while !isOver.load(ordering: .relaxed) {
                let report = matchmaker.pass(0)
                counts.withLock { counts in
                    counts.passes += 1
                    counts.longest = max(counts.longest, report.total)
                    counts.total += report.total
                }
            }
        }
        thread.withLock { $0 = spawned }
    }

    func stop() -> (passes: Int, longest: Duration, total: Duration) {
        isOver.store(true, ordering: .relaxed)
        thread.withLock { $0.take() }?.join()
        return counts.withLock { ($0.passes, $0.longest, $0.total) }
    }
}
