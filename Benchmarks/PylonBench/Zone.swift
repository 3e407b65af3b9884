internal import CAllocationCounter
internal import CBenchSystem
internal import Glibc
internal import PylonBenchKit
internal import PylonReplicaTrial
internal import PylonReplication
internal import PylonTime

/// A zone of moving entities in which each subscriber sees its surroundings: what a tick costs one thread, and what goes out.
struct Zone: Scenario {
    static let name = "zone"
    static let grammar = Arguments.Grammar(
        values: [
            "entities", "subscribers", "hz", "seconds", "side", "radius", "ack-ticks", "budget", "difference-bits",
            "seed",
        ],
        switches: ["paced"])
    static let usage = """
        pylon-bench zone [--entities 10000] [--subscribers 500] [--hz 20] [--seconds 10] [--side 2000] [--radius 100]
                         [--ack-ticks 0,3] [--budget BYTES] [--difference-bits 5,6,8] [--seed 1] [--paced]
          Steps a zone, commits, finds who sees what and packs it, in this process and without sockets.
          --ack-ticks  after how many ticks clients confirm: 0 is at once, 3 are 150 ms at 20 Hz
          --difference-bits  the three sizes of a move
          --paced      wait for each tick; by default they run one behind the other
        """

    private let rig: Rig
    private let entities: Int
    private let subscribers: Int
    private let hz: Int
    private let seconds: Int
    private let side: Int
    private let radius: Int
    private let acknowledgementTicks: [Int]
    private let budget: Int?
    private let differenceBits: [Int]
    private let seed: Int
    private let isPaced: Bool

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        entities = try arguments.number("entities", default: 10_000, in: 1...1_000_000)
        subscribers = try arguments.number("subscribers", default: 500, in: 1...min(entities, 100_000))
        hz = try arguments.number("hz", default: 20, in: 1...1000)
        seconds = try arguments.number("seconds", default: 10, in: 1...600)
        side = try arguments.number("side", default: 2000, in: 1...1_000_000)
        radius = try arguments.number("radius", default: 100, in: 0...1_000_000)
        acknowledgementTicks = try arguments.numbers("ack-ticks", default: [0, 3], in: 0...60)
        budget = arguments.values["budget"] == nil ? nil : try arguments.number("budget", in: 1...1_000_000)
        differenceBits = try arguments.numbers(
            "difference-bits", default: PositionSchema.differenceBitsStandard, in: 2...24)
        guard differenceBits.count == 3, differenceBits == Array(Set(differenceBits)).sorted() else {
            throw .usage("--difference-bits takes three rising numbers")
        }
        seed = try arguments.number("seed", default: 1, in: 0...Int.max)
        isPaced = arguments.has("paced")
    }

    func run(_ output: Output) throws(BenchError) {
        for ticks in acknowledgementTicks {
            let figures = try rig.median("zone") { (_) throws(BenchError) in try measure(acknowledgementTicks: ticks) }
            output.print(figures, of: Self.self)
        }
    }

    private func measure(acknowledgementTicks: Int) throws(BenchError) -> Figures {
        var zone = ZoneWorld(
            entities: entities, subscribers: subscribers, ticksPerSecond: hz, side: Double(side),
            radius: Double(radius),
            acknowledgementTicks: acknowledgementTicks, bytesPerFrame: budget, differenceBits: differenceBits,
            seed: UInt64(seed))
        // Until the history and all buffers have their size.
        for _ in 0..<max(2 * hz, 100) {
            zone.step()
            _ = zone.publish()
            zone.receive()
        }
        let clock = SystemClock()
        let ticks = hz * seconds
        var milliseconds = [Double](repeating: 0, count: ticks)
        var cpuMilliseconds = milliseconds
        var traffic = ZoneWorld.Traffic()
        var allocations: UInt64 = 0
        var deadline = clock.now()
        for tick in 0..<ticks {
            deadline = deadline + .nanoseconds(1_000_000_000 / Int64(hz))
            let allocationsBefore = allocation_count_of_thread()
            let (start, cpuStart) = (clock.now(), Self.cpuNanoseconds())
            zone.step()
            let sent = zone.publish()
            milliseconds[tick] = Double((clock.now() - start).wholeNanoseconds) / 1e6
            cpuMilliseconds[tick] = Double(Self.cpuNanoseconds() - cpuStart) / 1e6
            allocations += allocation_count_of_thread() - allocationsBefore
            zone.receive()
            traffic.frames += sent.frames
            traffic.bytes += sent.bytes
            traffic.entitiesShown += sent.entitiesShown
            traffic.entitiesStarved += sent.entitiesStarved
            traffic.fullStateBytes += sent.fullStateBytes
            if isPaced || tick % 64 == 0 { try rig.signals.sleep(until: isPaced ? deadline : clock.now()) }
        }
        var figures = figures(zone, acknowledgementTicks, milliseconds.sorted(), traffic, allocations)
        // What it takes on a machine that does something else as well.
        figures.add("tick_cpu_ms.p50", Self.quantile(cpuMilliseconds.sorted(), percent: 50))
        figures.add("tick_cpu_ms.p99", Self.quantile(cpuMilliseconds.sorted(), percent: 99))
        return figures
    }

    private static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func quantile(_ sorted: [Double], percent: Int) -> Double {
        sorted[min(sorted.count * percent / 100, sorted.count - 1)]
    }

    private func figures(
        _ zone: ZoneWorld, _ acknowledgementTicks: Int, _ milliseconds: [Double], _ traffic: ZoneWorld.Traffic,
        _ allocations: UInt64
    ) -> Figures {
        let frames = Double(max(traffic.frames, 1))
        let bytes = Double(traffic.bytes) / frames
        let snapshot = zone.snapshotBytes()
        let fullState = Double(traffic.fullStateBytes) / frames
        var figures = Figures()
        figures.add("entities", entities)
        figures.add("subscribers", subscribers)
        figures.add("hz", hz)
        figures.add("acknowledged_after_ticks", acknowledgementTicks)
        figures.add("ticks", milliseconds.count)
        figures.add("tick_ms.p50", Self.quantile(milliseconds, percent: 50))
        figures.add("tick_ms.p99", Self.quantile(milliseconds, percent: 99))
        figures.add("tick_ms.max", milliseconds[milliseconds.count - 1])
        figures.add("bytes_per_subscriber_tick", bytes, places: 1)
        figures.add("full_json_bytes", snapshot)
        figures.add("full_state_bytes", fullState, places: 1)
        figures.add("share_of_json", bytes / Double(snapshot), places: 5)
        figures.add("share_of_full_state", bytes / max(fullState, 1), places: 4)
        figures.add(
            "allocations_per_entity_tick",
            allocation_counter_is_active() ? Double(allocations) / Double(entities * milliseconds.count) : nil,
            places: 5)
        figures.add("allocations_per_tick", Double(allocations) / Double(milliseconds.count), places: 2)
        figures.add("visible_entities_mean", Double(traffic.entitiesShown) / frames, places: 1)
        figures.add("starved_per_frame", Double(traffic.entitiesStarved) / frames, places: 2)
        figures.expect("tick_ms.p99", .atMost(25))
        figures.expect("share_of_json", .atMost(0.05))
        figures.expect("share_of_full_state", .atMost(0.4))
        figures.expect("allocations_per_entity_tick", .atMost(0.001))
        return figures
    }
}
