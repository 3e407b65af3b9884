import ArenaSimulation
import Pylon
import Testing

@Suite struct SavingTests {
    private func zone(seed: UInt64) throws -> HeadlessShard<ArenaZone> {
        let config: JSONValue = ["wanderers": 120, "width": 1200, "height": 900]
        let setup = ShardSetup(id: "z", config: config, seed: seed, clock: ManualClock())
        return try HeadlessShard(setup, kind: "arena") { try ArenaZone(config: $0.config, seed: $0.seed) }
    }

    /// Lets some play by chance.
    private func play(_ zone: HeadlessShard<ArenaZone>, _ random: inout SeededGenerator) throws {
        for player in ["a", "b", "c"] {
            let dice = random.next()
            if dice % 97 == 0 { zone.attach(SubscriberID(player)) }
            if dice % 397 == 1 { zone.detach(SubscriberID(player)) }
            guard dice % 5 == 0 else { continue }
            let angle = JSONValue.number(Double(dice >> 40 & 0xFF) / 40)
            try zone.input(
                [
                    "move": ["x": .number(random.unitInterval() * 2 - 1), "y": 0.5], "aim": ["angle": angle],
                    "fire": true,
                ],
                from: SubscriberID(player), clientSequence: dice >> 32)
        }
        zone.step()
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a zone that was saved and restored goes on as if nothing had been`(_ seed: UInt64) throws {
        let (kept, restarted) = (try zone(seed: seed), try zone(seed: seed))
        var (first, second) = (SeededGenerator(seed: seed), SeededGenerator(seed: seed))
        for tick in 1...3000 {
            try play(kept, &first)
            try play(restarted, &second)
            if tick % 37 == 0 { try restarted.restart() }
            #expect(kept.stateHash() == restarted.stateHash(), "at tick \(tick)")
        }
        #expect(kept.shard.world.players.map(\.score).reduce(0, +) > 0)
    }

    @Test func `nobody has more health than there is`() throws {
        let zone = try zone(seed: 5)
        var random = SeededGenerator(seed: 5)
        for _ in 0..<20_000 {
            try play(zone, &random)
            #expect(zone.shard.world.players.allSatisfy { (0...5).contains($0.health) })
        }
    }

    @Test func `bytes that are no zone are refused`() throws {
        let zone = try zone(seed: 7)
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 { try play(zone, &random) }
        var writer = StateWriter()
        zone.shard.world.save(into: &writer)
        let bytes = writer.copyBytes()
        for count in stride(from: 0, to: bytes.count, by: 7) {
            var reader = StateReader(Array(bytes.prefix(count)))
            #expect(throws: (any Error).self) { try ArenaZone(restoring: &reader, setup: zone.setup) }
        }
        for _ in 0..<2000 {
            var damaged = bytes
            damaged[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() & 7)
            var reader = StateReader(damaged)
            // It may be another zone; it must not trap, nor what follows.
            guard let other = try? ArenaZone(restoring: &reader, setup: zone.setup) else { continue }
            var shard = Shard(world: other, configuration: ShardConfiguration())
            for _ in 0..<3 { shard.step(inputs: []) }
        }
    }
}
