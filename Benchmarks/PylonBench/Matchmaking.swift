internal import PylonBenchKit
internal import PylonMatchmaking
internal import PylonThreading
internal import PylonTime

/// Passes of the matchmaker over full queues, in this process; the shards of the matches cost nothing here.
struct Matchmaking: Scenario {
    static let name = "matchmaker"
    static let grammar = Arguments.Grammar(values: ["players", "seed", "seconds"])
    static let usage = """
        pylon-bench matchmaker [--players 50000] [--seed 1] [--seconds 5]
          Queues so many players, times the first pass over them, and goes on until nobody else can be matched: duels by rating; parties of one to three in five regions, ten to a match; parties
          that never fit; and the reference's order of joining. Then all acknowledge. At last a worker ticks 60 shards at 60 Hz, for
          so many seconds alone and as long beside passes over parties that never fit.
        """

    /// The bar of a pass over 50,000 players; other numbers are measured without one.
    private static let barPlayers = 50_000
    private static let barMilliseconds = 50.0

    let rig: Rig
    private let players: Int
    private let seed: UInt64
    /// How long ticks are measured.
    let seconds: Int

    init(_ arguments: Arguments, _ rig: Rig) throws(BenchError) {
        self.rig = rig
        players = try arguments.number("players", default: Self.barPlayers, in: 10...500_000)
        seed = UInt64(try arguments.number("seed", default: 1, in: 0...1_000_000_000))
        seconds = try arguments.number("seconds", default: 5, in: 1...600)
    }

    /// What waits, and for what.
    struct Load {
        let name: String
        let players: ClosedRange<Int>
        let match: any MatchFunction
        var parties = 1...1
        var regions: [String] = []
    }

    private static let loads = [
        Load(name: "duels", players: 2...2, match: RatedMatch()),
        Load(
            name: "parties", players: 10...10, match: RatedMatch(), parties: 1...3,
            regions: ["eu", "us-east", "us-west", "asia", "oceania"]),
        misfits,
        Load(name: "in-order", players: 2...2, match: FixedSizeMatch()),
    ]

    static let misfits = Load(name: "misfits", players: 4...4, match: RatedMatch(), parties: 3...3)

    func run(_ output: Output) throws(BenchError) {
        for load in Self.loads {
            output.print(try rig.median(load.name) { (_) throws(BenchError) in measure(load) }, of: Self.self)
        }
        let ticks = try rig.median("beside-ticks") { (_) throws(BenchError) in try measureTicks() }
        output.print(ticks, of: Self.self)
    }

    private func measure(_ load: Load) -> Figures {
        let clock = SystemClock()
        let shards = CountedShards()
        let matchmaker = makeMatchmaker(load, shards, clock)
        let began = clock.now()
        let names = enqueue(load, in: matchmaker)
        let joined = clock.now()
        var report = matchmaker.pass(0)
        let first = report
        var passes = 1
        // A pass makes so many matches at most; the rest come with the next ones.
        while true {
            let next = matchmaker.pass(0)
            guard next.matches > 0 else { break }
            report.matches += next.matches
            report.players += next.players
            passes += 1
        }
        let passed = clock.now()
        var acknowledged = 0
        for name in names where (try? matchmaker.acknowledge(name)) != nil { acknowledged += 1 }
        let ended = clock.now()
        var figures = Figures()
        figures.add("case", load.name)
        figures.add("players", names.count)
        figures.add("tickets", first.tickets)
        figures.add("matching_ms", first.matching.inSeconds * 1000, places: 2)
        figures.add("pass_ms", first.total.inSeconds * 1000, places: 2)
        figures.add("passes", passes)
        figures.add("all_passes_ms", (passed - joined).inSeconds * 1000, places: 2)
        figures.add("matches", report.matches)
        figures.add("players_matched", report.players)
        figures.add("players_acknowledged", acknowledged)
        figures.add("players_left_matched", matchmaker.playerCount - (names.count - report.players))
        figures.add("join_us", (joined - began).inSeconds * 1e6 / Double(names.count), places: 2)
        figures.add("ack_us", (ended - passed).inSeconds * 1e6 / Double(names.count), places: 2)
        figures.add("shards", shards.count)
        if players <= Self.barPlayers { figures.expect("pass_ms", .atMost(Self.barMilliseconds)) }
        figures.expect("players_left_matched", .atMost(0))
        return figures
    }

    func makeMatchmaker(_ load: Load, _ shards: CountedShards, _ clock: any Clock) -> Matchmaker {
        var queue = MatchQueue("bench", kind: "none", players: load.players, match: load.match)
        queue.regions = load.regions
        queue.waitMaximum = .seconds(3600)
        queue.acknowledgementMaximum = .seconds(3600)
        let codes = Lock(0)
        var limits = MatchmakerLimits()
        limits.playersMaximum = players + 10
        limits.outcomesMaximum = players
        return Matchmaker(
            queues: [queue], limits: limits, clock: clock, launcher: shards, random: { seed },
            makeCode: {
                codes.withLock { last in
                    last += 1
                    return String(last)
                }
            })
    }

    /// Ratings as they are among people: most near the middle.
    func enqueue(_ load: Load, in matchmaker: Matchmaker) -> [String] {
        var generator = SeededGenerator(seed: seed)
        var names: [String] = []
        while names.count < players {
            let size = Int.random(in: load.parties, using: &generator)
            let party = (names.count..<names.count + size).map { "player-\($0)" }
            var criteria = MatchCriteria()
            criteria.rating = 1500 + (0..<12).reduce(-6) { sum, _ in sum + generator.unitInterval() } * 300
            let home = Int.random(in: 0..<max(1, load.regions.count), using: &generator)
            criteria.latencies = load.regions.indices.map { $0 == home ? 20 : 60 + 120 * generator.unitInterval() }
            do throws(MatchmakingError) {
                try join(party, criteria, matchmaker)
            } catch {
                preconditionFailure("the queue has room: \(error)")
            }
            names += party
        }
        return names
    }

    private func join(
        _ party: [String], _ criteria: MatchCriteria, _ matchmaker: Matchmaker
    ) throws(MatchmakingError) {
        if party.count > 1 {
            let code = try matchmaker.createParty(party[0]).code
            for member in party.dropFirst() { _ = try matchmaker.joinParty(member, code: code) }
        }
        try matchmaker.join(party[0], queue: "bench", criteria)
    }
}

/// Shards that are only counted.
final class CountedShards: MatchLauncher {
    private let launched = Lock(0)

    var count: Int { launched.withLock { $0 } }

    func launch(_ plan: MatchPlan) throws {
        launched.withLock { $0 += 1 }
    }

    func admit(_ plan: MatchPlan) -> Bool { false }

    func revoke(_ players: [String], from shardID: String) {}

    func discard(_ shardID: String) {}

    func occupants(of shardID: String) -> Set<String>? { nil }
}
