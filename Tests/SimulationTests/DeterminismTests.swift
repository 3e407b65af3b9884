import PylonJSON
import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

/// One seed, one hash.
@Suite struct DeterminismTests {
    private static let names = ["a", "bb", "ccc", "dddd"].map { SubscriberID($0) }

    /// One shard driven by chance: joins, leaves and inputs, and a hash every 50 ticks, of its two views in turn.
    private func hashes(seed: UInt64, ticks: Int) -> [UInt64] {
        var chance = SeededGenerator(seed: seed)
        var shard = Shard(world: SwarmWorld(seed: chance.next()), configuration: ShardConfiguration())
        var scratch = JSONWriter()
        var sequence: UInt64 = 0
        var hashes: [UInt64] = []
        var inputs: [Shard<SwarmWorld>.QueuedInput] = []
        for tick in 1...ticks {
            let dice = chance.next()
            if dice & 0x1F == 0 { shard.attach(Self.names[Int(dice >> 8 & 3)]) }
            if dice & 0x3F == 1 { shard.detach(Self.names[Int(dice >> 10 & 3)]) }
            if dice & 3 == 2 {
                sequence += 1
                inputs.append(
                    .init(
                        sequence: sequence, clientSequence: dice >> 60, subscriber: Self.names[Int(dice >> 12 & 3)],
                        input: .init(push: Int32(dice >> 16 & 0xFF) - 100)))
            }
            shard.step(inputs: inputs)
            inputs.removeAll(keepingCapacity: true)
            guard tick % 50 == 0 else { continue }
            hashes.append(shard.snapshotHash(of: tick % 100 == 0, scratch: &scratch))
        }
        return hashes
    }

    private func run(seed: UInt64) -> UInt64 {
        var seeds = SeededGenerator(seed: seed)
        var combined: UInt64 = 0
        for _ in 0..<200 {
            for hash in hashes(seed: seeds.next(), ticks: 10_000) {
                combined = (combined ^ hash) &* 0x0000_0100_0000_01B3
            }
        }
        return combined
    }

    @Test func twoHundredShardsComeOutTheSameTwice() async {
        let seed = testSeed()
        async let first = run(seed: seed)
        async let second = run(seed: seed)
        let (left, right) = await (first, second)
        #expect(left == right)
    }

    @Test func differentSeedsDiffer() {
        let seed = testSeed()
        let left = hashes(seed: seed, ticks: 500)
        #expect(left == hashes(seed: seed, ticks: 500))
        #expect(zip(left, hashes(seed: seed &+ 1, ticks: 500)).allSatisfy { $0 != $1 })
    }

    @Test func aCopyOfAShardGoesOnAlike() {
        var shard = Shard(world: SwarmWorld(seed: 5), configuration: ShardConfiguration())
        for _ in 0..<100 { shard.step(inputs: []) }
        var copy = shard
        var scratch = JSONWriter()
        for _ in 0..<100 {
            shard.step(inputs: [])
            copy.step(inputs: [])
            #expect(shard.snapshotHash(of: true, scratch: &scratch) == copy.snapshotHash(of: true, scratch: &scratch))
        }
    }
}
