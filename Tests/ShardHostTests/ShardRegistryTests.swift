import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonThreading
import PylonTime
import Testing

@Suite struct ShardRegistryTests {
    @Test func aShardIsMadeOnceAndFoundByItsID() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create(id: "one")
        #expect(fixture.registry.get("one") === shard)
        #expect(shard.isRunning && shard.kind == "ledger")
        #expect(throws: RegistryError.duplicate) { try fixture.create(id: "one") }
        #expect(fixture.registry.get("two") == nil)
        fixture.stop()
    }

    @Test func aShardIsMadeOnlyOnceHoweverManyAskForIt() throws {
        let made = Counter()
        let fixture = try ShardFixture(
            kinds: [
                ShardKind("ledger") { _ in
                    made.add()
                    return LedgerWorld()
                }
            ])
        let found = Mailbox<ObjectIdentifier?>()
        let registry = fixture.registry
        let threads = (0..<8).map { _ in
            Thread.spawn(name: "asker") {
                for number in 0..<50 {
                    let shard = try? registry.getOrCreate(id: "s\(number)", kind: "ledger", config: [:])
                    found.put(shard.map { ObjectIdentifier($0) })
                }
            }
        }
        threads.forEach { $0.join() }
        let all = try found.take(400)
        #expect(all.allSatisfy { $0 != nil } && Set(all).count == 50)
        #expect(made.value == 50 && registry.count == 50)
        fixture.stop()
    }

    @Test func shardsAreListedByID() throws {
        let fixture = try ShardFixture()
        for id in ["b", "c", "a"] { _ = try fixture.create(id: id) }
        #expect(fixture.registry.all.map(\.id) == ["a", "b", "c"])
        fixture.stop()
    }

    @Test func aRemovedShardStopsAndItsIDIsFree() throws {
        let fixture = try ShardFixture()
        let shard = try fixture.create()
        #expect(fixture.registry.remove("s"))
        #expect(!fixture.registry.remove("s"))
        _ = fixture.worker.runDue()
        #expect(!shard.isRunning)
        #expect(try fixture.create() !== shard)
        fixture.stop()
    }

    @Test func sweepingForgetsThoseThatNoLongerRun() throws {
        let fixture = try ShardFixture()
        let stopped = try fixture.create(id: "stopped")
        let running = try fixture.create(id: "running")
        #expect(fixture.registry.sweepFinished() == 0)
        stopped.stop(.finished)
        _ = fixture.worker.runDue()
        #expect(fixture.registry.get("stopped") === stopped)
        #expect(fixture.registry.sweepFinished() == 1)
        #expect(fixture.registry.all.map(\.id) == ["running"])
        #expect(running.isRunning)
        fixture.stop()
    }

    @Test func stoppingAllStopsEveryShard() throws {
        let fixture = try ShardFixture()
        let shards = try (0..<5).map { try fixture.create(id: "\($0)") }
        fixture.registry.stopAll()
        _ = fixture.worker.runDue()
        #expect(shards.allSatisfy { !$0.isRunning })
        fixture.stop()
    }

    @Test func thereIsALimitToTheNumberOfShards() throws {
        let fixture = try ShardFixture(shardsMaximum: 2)
        _ = try fixture.create(id: "1")
        _ = try fixture.create(id: "2")
        #expect(throws: RegistryError.tooMany(maximum: 2)) { try fixture.create(id: "3") }
        #expect(try fixture.registry.getOrCreate(id: "2", kind: "ledger", config: [:]).id == "2")
        #expect(fixture.registry.remove("1"))
        _ = try fixture.create(id: "3")
        fixture.stop()
    }

    @Test(arguments: ["", " ", "a b", "a\nb", "\u{7F}", String(repeating: "x", count: 129)])
    func idsThatNobodyCouldWriteAreRefused(id: String) throws {
        let fixture = try ShardFixture()
        #expect(throws: RegistryError.invalidID) { try fixture.create(id: id) }
        fixture.stop()
    }

    @Test func whatIsWrongWithAConfigIsNamed() throws {
        let fixture = try ShardFixture(
            kinds: [
                LedgerWorld.kind,
                ShardKind("picky") { (_: ShardSetup) throws -> LedgerWorld in
                    throw ConfigurationError("size", "must be even")
                },
                ShardKind("broken") { (_: ShardSetup) throws -> LedgerWorld in throw LedgerWorld.Refusal() },
            ])
        let registry = fixture.registry
        #expect(throws: RegistryError.unknownKind(known: ["broken", "ledger", "picky"])) {
            try registry.create(id: "s", kind: "other", config: [:])
        }
        #expect(throws: RegistryError.invalidConfiguration(ConfigurationError("size", "must be even"))) {
            try registry.create(id: "s", kind: "picky", config: [:])
        }
        #expect(throws: RegistryError.self) { try registry.create(id: "s", kind: "broken", config: [:]) }
        let rate = ConfigurationError("tick_rate_hz", "must be a whole number from 0 to 1000")
        #expect(throws: RegistryError.invalidConfiguration(rate)) { try fixture.create(["tick_rate_hz": 5000]) }
        for seed in [-1, "x", 1.5] as [JSONValue] {
            let problem = ConfigurationError("seed", "must be a whole number from 0 to 2^63-1")
            #expect(throws: RegistryError.invalidConfiguration(problem)) { try fixture.create(["seed": seed]) }
        }
        #expect(registry.count == 0)
        fixture.stop()
    }

    @Test func theSeedIsTheConfigsOrFromTheRandomSource() throws {
        let seeds = Mailbox<UInt64>()
        let fixture = try ShardFixture(
            kinds: [
                ShardKind("ledger") { setup in
                    seeds.put(setup.seed)
                    return LedgerWorld()
                }
            ])
        _ = try fixture.create(["seed": 7], id: "a")
        _ = try fixture.create([:], id: "b")
        _ = try fixture.create(["seed": nil], id: "c")
        #expect(try seeds.take(3) == [7, 42, 42])
        fixture.stop()
    }

    @Test func shardsGoToTheWorkerThatHasFewest() throws {
        let clock = ManualClock()
        let workers = (0..<3).map { TickWorker(index: $0, clock: clock) }
        let registry = ShardRegistry(
            kinds: [LedgerWorld.kind], workers: workers, shardsMaximum: 100, clock: clock, random: { 1 })
        let shards = try (0..<9).map { try registry.create(id: "\($0)", kind: "ledger", config: [:]) }
        for worker in workers { _ = worker.runDue() }
        clock.advance(by: .milliseconds(50))
        for (index, worker) in workers.enumerated() {
            _ = worker.runDue()
            // Each worker runs three of the nine, no other's. Within one interval each has taken its first step.
            #expect(shards.filter { $0.information.tick > 0 }.count == 3 * (index + 1) + 2 - index)
        }
    }
}
