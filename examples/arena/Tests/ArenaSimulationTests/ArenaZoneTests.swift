import Pylon
import Testing

@testable import ArenaSimulation

@Suite struct ArenaZoneTests {
    /// The snapshot's hash after every tick of a busy game: twelve players, one of whom keeps leaving and coming back.
    private func history(seed: UInt64, ticks: Int) -> [UInt64] {
        var arena = ArenaHarness(seed: seed)
        var players = (0..<12).map { RandomPlayer(name: "guest_\($0)", random: SeededGenerator(seed: UInt64($0))) }
        for player in players { arena.join(player.name) }
        var scratch = JSONWriter()
        return (0..<ticks).map { tick in
            if tick % 100 == 50 { arena.leave("guest_3") }
            if tick % 100 == 80 { arena.join("guest_3") }
            for index in players.indices { players[index].act(in: &arena, tick: tick) }
            arena.step()
            return arena.shard.snapshotHash(of: WholeView(), scratch: &scratch)
        }
    }

    @Test func `the same seed and inputs give the same snapshots for 2,000 ticks`() {
        let first = history(seed: 42, ticks: 2000)
        #expect(first == history(seed: 42, ticks: 2000))
        #expect(Set(first).count == 2000)
        #expect(first[99] != history(seed: 43, ticks: 100)[99])
    }

    @Test func `nobody and nothing ever leaves the zone`() {
        var arena = ArenaHarness(seed: 5)
        var players = (0..<20).map { RandomPlayer(name: "p\($0)", random: SeededGenerator(seed: UInt64(100 + $0))) }
        for player in players { arena.join(player.name) }
        for tick in 0..<600 {
            for index in players.indices { players[index].act(in: &arena, tick: tick) }
            arena.step()
            let zone = arena.zone
            let positions = zone.players.map(\.position) + zone.wanderers.map(\.position) + zone.shots.map(\.position)
            #expect(
                positions.allSatisfy {
                    (0...zone.rules.width).contains($0.x) && (0...zone.rules.height).contains($0.y)
                }, "tick \(tick)")
        }
        #expect(arena.zone.players.contains { $0.score > 0 }, "twenty players who shoot hit something in 30 s")
    }

    @Test func `a warm zone keeps its storage where it is`() {
        var zone = ArenaZone(seed: 9)
        let names = (0..<8).map { SubscriberID("p\($0)") }
        for name in names { zone.subscriberJoined(name) }
        func run(_ ticks: ClosedRange<UInt64>) {
            for tick in ticks {
                let context = StepContext(tick: Tick(tick), rate: .standard)
                for (index, name) in names.enumerated() {
                    let input = ArenaInput(aim: Heading(step: Int(tick) * 31 + index * 128), fire: true)
                    #expect(throws: Never.self) { try zone.apply(input, from: name, context) }
                }
                zone.step(context)
            }
        }
        func places() -> [UnsafeRawPointer?] {
            [
                zone.players.withUnsafeBytes { $0.baseAddress }, zone.wanderers.withUnsafeBytes { $0.baseAddress },
                zone.shots.withUnsafeBytes { $0.baseAddress },
            ]
        }
        run(1...200)
        let before = places()
        run(201...1200)
        #expect(places() == before)
    }

    @Test func `wanderers come in the order of their kinds, whatever their number`() {
        for count in [0, 1, 3, 10, 299, 300] {
            let zone = ArenaHarness(wanderers: count).zone
            let kinds = zone.wanderers.map(\.kind.rawValue)
            #expect(kinds.count == count)
            #expect(kinds == kinds.sorted())
        }
    }

    @Test func `a popped wanderer comes back elsewhere`() throws {
        var arena = ArenaHarness(ArenaZone.withTarget(.drifter, ahead: 100))
        arena.send(ArenaInput(shoot: Heading(step: 0)), from: "p")
        arena.step(5)
        #expect(arena.zone.wanderers.first?.isPresent == false)
        #expect(arena.snapshotText().contains(#""wanderers":[-1,-1]"#))
        arena.step(Int(ArenaZone.absenceTime * 20))
        #expect(arena.zone.wanderers.first?.isPresent == true)
    }

    @Test func `configuration is read and checked`() throws {
        let zone = try ArenaZone(config: ["wanderers": 20, "width": 800, "height": 600], seed: 4)
        #expect(zone.wanderers.count == 20)
        #expect(zone.rules.width == 800)
        #expect(zone.wanderers[0].position == ArenaZone(rules: zone.rules, seed: 4).wanderers[0].position)
        #expect(try ArenaZone(config: [:], seed: 1).wanderers.count == 300)
    }

    @Test(
        arguments: [
            ["wanderers": -1], ["wanderers": 1_000_000], ["wanderers": "many"], ["wanderers": 1.5], ["width": 1],
            ["height": 1e300], ["width": nil],
        ] as [JSONValue])
    func `absurd configuration is refused`(_ config: JSONValue) {
        #expect(throws: ConfigurationError.self) { try ArenaZone(config: config, seed: 1) }
    }
}

extension ArenaZone {
    /// A zone of 1,000 x 1,000 with player `p`, unshielded, in the middle, and one wanderer to the right of it.
    static func withTarget(_ kind: Wanderer.Kind, ahead distance: Double) -> ArenaZone {
        var zone = empty()
        zone.subscriberJoined(SubscriberID("p"))
        zone.players[0].position = Vector(500, 500)
        zone.players[0].shield = Timer()
        zone.wanderers = [Wanderer(kind, at: Vector(500 + distance, 500), heading: Heading(step: 0))]
        return zone
    }

    static func empty() -> ArenaZone {
        var rules = ZoneRules()
        rules.wanderers = 0
        rules.width = 1000
        rules.height = 1000
        return ArenaZone(rules: rules, seed: 1)
    }
}
