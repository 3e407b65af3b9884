internal import ArenaSimulation
internal import Pylon

/// The arena played by bots without a server, as fast as it goes. One seed gives one course of events, in every build and on every machine:
/// nothing here calls `sin` or its kin.
struct Soak {
    struct Options {
        var hours = 1.0
        var seed: UInt64 = 1
        var bots = 8
        /// Saves and restores the zone so often; 0 never.
        var restartMinutes = 0
        /// Where it is recorded, if it is.
        var recording: String?
    }

    /// What came of it.
    struct Report {
        var ticks: UInt64 = 0
        var inputs: UInt64 = 0
        var restarts = 0
        /// The state's hash after each hour, and at the end.
        var hashes: [UInt64] = []
        /// A hash of the hashes after each minute.
        var digest: UInt64 = 0
        /// Points of everybody who was there at the end.
        var score = 0
    }

    static let ticksPerMinute: UInt64 = 1200

    private let options: Options
    private let zone: HeadlessShard<ArenaZone>
    private var random: SeededGenerator
    private var report = Report()
    /// By bot; false while it is away.
    private var isPlaying: [Bool]

    init(_ options: Options) throws {
        self.options = options
        let config: JSONValue = ["tick_rate_hz": 20, "idle_ticks_before_shutdown": 0]
        let setup = ShardSetup(id: "soak", config: config, seed: options.seed, clock: SystemClock())
        zone = try HeadlessShard(setup, kind: "arena") { try ArenaZone(config: $0.config, seed: $0.seed) }
        random = SeededGenerator(seed: options.seed ^ 0xB075)
        isPlaying = Array(repeating: false, count: options.bots)
        if let path = options.recording { try zone.record(to: path, hashEvery: 20 * 60) }
    }

    /// Plays; `progress` hears of each hour. False in the second place when the recording could not be written whole.
    mutating func run(progress: (Int, UInt64) -> Void) throws -> (Report, isRecorded: Bool) {
        let ticks = UInt64(options.hours * 60) * Self.ticksPerMinute
        var digest = StateHasher()
        while zone.tick.number < ticks {
            try letBotsAct()
            zone.step()
            guard zone.tick.number % Self.ticksPerMinute == 0 else { continue }
            let minute = Int(zone.tick.number / Self.ticksPerMinute)
            if options.restartMinutes > 0, minute % options.restartMinutes == 0 {
                try zone.restart()
                report.restarts += 1
            }
            guard let hash = zone.stateHash() else { continue }
            digest.combine(hash)
            if minute % 60 == 0 || zone.tick.number == ticks {
                report.hashes.append(hash)
                progress(minute, hash)
            }
        }
        report.ticks = zone.tick.number
        report.digest = digest.value
        report.score = zone.shard.world.players.reduce(0) { $0 + $1.score }
        return (report, zone.endRecording())
    }

    /// Some come, some go, and who is there does something four times a second.
    private mutating func letBotsAct() throws {
        for bot in isPlaying.indices {
            let dice = random.next()
            let subscriber = SubscriberID("bot\(bot)")
            // A minute away, ten minutes there, on average.
            if isPlaying[bot] ? dice % 12_000 == 0 : dice % 1200 == 0 {
                isPlaying[bot].toggle()
                if isPlaying[bot] { zone.attach(subscriber) } else { zone.detach(subscriber) }
            }
            guard isPlaying[bot], (zone.tick.number + UInt64(bot)) % 5 == 0 else { continue }
            report.inputs += 1
            try zone.input(wish(dice), from: subscriber, clientSequence: report.inputs)
        }
    }

    private mutating func wish(_ dice: UInt64) -> JSONValue {
        let angle = random.unitInterval() * 6.25
        var wish = JSONObject()
        wish["move"] = ["x": .number(random.unitInterval() * 2 - 1), "y": .number(random.unitInterval() * 2 - 1)]
        if dice >> 60 < 12 { wish["aim"] = ["angle": .number(angle)] }
        wish["fire"] = .bool(dice >> 56 & 3 != 0)
        if dice >> 40 & 0xFF == 0 { wish["shoot"] = ["angle": .number(angle)] }
        if dice >> 32 & 0xFF == 0 { wish["name"] = .string("Bot \(dice >> 24 & 0xFF)") }
        return .object(wish)
    }
}
