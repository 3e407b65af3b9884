import PylonJSON
import PylonReplay
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct HandoffTests {
    /// Shards on workers that the test runs.
    private final class Harbour {
        let clock = ManualClock()
        let workers: [TickWorker]
        let registry: ShardRegistry
        private let probe: DockProbe
        private let name: String
        private var office: HandoffLedger

        init(_ name: String, workers count: Int = 1, keepers: ShardKeepers = ShardKeepers(), run: UInt64 = 1) {
            office = HandoffLedger(party: HandoffParty(shard: DockWorld.office, incarnation: run))
            let clock = clock
            self.name = name
            probe = .named(name)
            workers = (0..<count).map { TickWorker(index: $0, clock: clock) }
            registry = ShardRegistry(
                kinds: [DockWorld.kind, VaultWorld.kind], workers: workers, shardsMaximum: 100, clock: clock,
                random: { 42 }, keepers: keepers)
        }

        func create(_ id: String, _ config: JSONValue, kind: String = "dock") throws {
            var object = config.object ?? JSONObject()
            object["idle_ticks_before_shutdown"] = 0
            object["probe"] = .string(name)
            _ = try registry.create(id: id, kind: kind, config: .object(object))
        }

        /// So many ticks of 20 Hz.
        func tick(_ count: Int = 1) {
            for _ in 0..<count {
                clock.advance(by: .milliseconds(50))
                for worker in workers { _ = worker.runDue() }
            }
        }

        /// Has nothing leave by chance any more, or again. It is a hand-off, so that a journal has it.
        func keepStill(_ isStill: Bool, _ shards: [String]) throws {
            for id in shards {
                let order = try office.stage([isStill ? 1 : 0], to: id)
                registry.get(id)?.receive(.arrival(order))
                _ = office.settle(
                    HandoffReply(source: office.party, target: id, sequence: order.sequence, outcome: .accepted))
            }
        }

        /// Lets nothing leave any more, and everything arrive; false when it does not within 10 s.
        func settle(_ shards: [String]) throws -> Bool {
            try keepStill(true, shards)
            for _ in 0..<200 {
                tick()
                if underWay == 0, shards.allSatisfy({ probe[$0].isStill }) { return true }
            }
            return false
        }

        var underWay: Int { Int(registry.counters.handoffsUnderWay.value) }

        /// What is where, by number.
        func numbers(_ shards: [String]) -> [Int] { shards.flatMap { probe[$0].numbers }.sorted() }
    }

    @Test(arguments: [1, 2, 3])
    func whatLeavesOneShardArrivesInAnother(workers: Int) throws {
        let harbour = Harbour("moves\(workers)", workers: workers)
        try harbour.create("a", ["count": 40, "to": ["b", "c"]])
        try harbour.create("b", ["first": 40, "count": 40, "to": ["a", "c"]])
        try harbour.create("c", ["to": ["a", "b"]])
        harbour.tick(300)
        #expect(try harbour.settle(["a", "b", "c"]))
        #expect(harbour.numbers(["a", "b", "c"]) == Array(0..<80))
        let counters = harbour.registry.counters
        #expect(counters.handoffsReceived.value > 500)
        #expect(counters.handoffsRefused.value > 100)
        #expect(counters.handoffsSent.value + 3 == counters.handoffsReceived.value + counters.handoffsRefused.value)
        harbour.registry.stopAll()
    }

    @Test func whatNobodyTakesComesBack() throws {
        let harbour = Harbour("refusals")
        try harbour.create("a", ["count": 5, "to": ["b", "nowhere", "vault"]])
        try harbour.create("b", ["closed": true])
        try harbour.create("vault", [:], kind: "vault")
        harbour.tick(400)
        #expect(try harbour.settle(["a"]))
        #expect(harbour.registry.counters.handoffsSent.value > 100)
        #expect(harbour.registry.counters.handoffsReceived.value == 1, "the order of the office")
        #expect(harbour.numbers(["a"]) == Array(0..<5))
        harbour.registry.stopAll()
    }

    @Test func anEventDrivenShardTakesInWhatComes() throws {
        let harbour = Harbour("event driven")
        try harbour.create("a", ["count": 4, "to": ["b"]])
        try harbour.create("b", ["tick_rate_hz": 0])
        harbour.tick(200)
        #expect(try harbour.settle(["a", "b"]))
        #expect(harbour.numbers(["b"]) == Array(0..<4))
        harbour.registry.stopAll()
    }

    @Test func nothingIsRefusedWhileStoredShardsComeBackOrAllEnd() throws {
        let harbour = Harbour("late")
        harbour.registry.noteRestored(false)
        try harbour.create("a", ["count": 3, "to": ["b"]])
        harbour.tick(200)
        #expect(harbour.underWay == 3)
        #expect(harbour.numbers(["a"]).isEmpty)
        // Now it is there, and gets what was sent for nothing.
        try harbour.create("b", [:])
        harbour.registry.noteRestored(true)
        #expect(try harbour.settle(["a", "b"]))
        #expect(harbour.numbers(["a", "b"]) == Array(0..<3))
        #expect(harbour.registry.counters.handoffsResent.value > 3)
        harbour.registry.stopAll()
    }

    @Test func nothingIsRefusedForAShardThatMayComeBackToAnotherProcess() throws {
        let harbour = Harbour("withheld")
        let kept = KeptShard(
            id: "b", instance: 1, kind: "gone", config: "{}", seed: 1, state: [], isClean: true, journal: [])
        #expect(throws: RestoreError.self) { try harbour.registry.restore(kept) }
        try harbour.create("a", ["count": 3, "to": ["b"]])
        harbour.tick(200)
        #expect(harbour.underWay == 3)
        harbour.registry.stopAll()
    }

    @Test func itIsSentAndAnsweredOnlyWhenItIsStored() throws {
        let store = MemoryStore(isAutomatic: false)
        let harbour = Harbour("stored", keepers: ShardKeepers(store: store))
        try harbour.create("a", ["checkpoint_ticks": 1_000_000, "journal": true, "count": 1, "to": ["b"]])
        try harbour.create("b", ["checkpoint_ticks": 1_000_000, "journal": true])
        store.answer()
        store.answer()
        harbour.tick(60)
        // It has left, and nobody has heard of it.
        #expect(harbour.numbers(["a", "b"]).isEmpty)
        #expect(harbour.underWay == 1)
        #expect(harbour.registry.counters.handoffsSent.value == 0)
        for _ in 0..<20 where harbour.numbers(["b"]).isEmpty {
            while store.waitingCount > 0 { store.answer() }
            harbour.tick()
        }
        // It is there, and the source does not know.
        #expect(harbour.numbers(["b"]) == [0])
        #expect(harbour.registry.counters.handoffsReceived.value == 1)
        harbour.tick(100)
        #expect(harbour.underWay == 1)
        store.answerAll()
        harbour.tick(100)
        #expect(harbour.underWay == 0)
        #expect(harbour.registry.counters.handoffsReceived.value == 1)
    }

    /// The process dies at any moment, with the store anywhere between two changes: what comes back has every number once.
    @Test(arguments: [true, false])
    func everyNumberIsSomewhereOnceWhateverDiesWhen(isJournalled: Bool) throws {
        var chance = SeededGenerator(seed: testSeed())
        let shards = ["a", "b", "c"]
        let name = "crashes \(isJournalled)"
        var kept: [KeptShard] = []
        var moves = 0
        for round in 0..<60 {
            let store = MemoryStore(kept: kept)
            let harbour = Harbour(name, workers: 2, keepers: ShardKeepers(store: store), run: UInt64(round + 1))
            if round == 0 {
                for (index, id) in shards.enumerated() {
                    let others = shards.filter { $0 != id }.map { JSONValue.string($0) }
                    try harbour.create(
                        id,
                        [
                            "count": 20, "first": .integer(Int64(index * 20)), "to": .array(others),
                            "checkpoint_ticks": 10, "journal": .bool(isJournalled),
                        ])
                }
            } else {
                harbour.registry.noteRestored(false)
                for shard in kept.shuffled(using: &chance) {
                    try harbour.registry.restore(shard)
                    // Some are there before the others.
                    harbour.tick(Int(chance.next() % 3))
                }
                harbour.registry.noteRestored(true)
            }
            #expect(try harbour.settle(shards), "round \(round)")
            #expect(harbour.numbers(shards) == Array(0..<60), "round \(round)")
            try harbour.keepStill(false, shards)
            store.answerByHand()
            for _ in 0..<Int(chance.next() % 150) {
                harbour.tick()
                while store.waitingCount > 0, chance.next() % 3 > 0 {
                    store.answer(chance.next() % 20 == 0 ? "the disk is full" : nil)
                }
            }
            moves += Int(harbour.registry.counters.handoffsReceived.value)
            kept = shards.compactMap { store.kept($0) }
        }
        #expect(moves > 500, "\(moves)")
    }

    /// A shard is removed with all under way, the process dies at any moment: what had left is in one of the others, once.
    @Test(arguments: [true, false])
    func whatAnEndedShardHandedOffArrivesOnceWhateverDiesWhen(isJournalled: Bool) throws {
        var chance = SeededGenerator(seed: testSeed())
        let shards = ["a", "b", "c"]
        var (cameBack, wereGone) = (0, 0)
        for trial in 0..<60 {
            let name = "ends \(isJournalled) \(trial)"
            let first = MemoryStore()
            let harbour = Harbour(name, keepers: ShardKeepers(store: first))
            for id in shards {
                try harbour.create(
                    id,
                    [
                        "count": id == "a" ? 40 : 0, "to": id == "a" ? ["b", "c"] : [], "takes_all": true,
                        "checkpoint_ticks": 10, "journal": .bool(isJournalled),
                    ])
            }
            harbour.tick(Int(chance.next() % 6) + 1)
            first.answerByHand()
            /// Some ticks, with the store anywhere between two changes.
            func live(_ ticks: Int) {
                for _ in 0..<ticks {
                    harbour.tick()
                    while first.waitingCount > 0, chance.next() % 3 > 0 {
                        first.answer(chance.next() % 20 == 0 ? "the disk is full" : nil)
                    }
                }
            }
            live(Int(chance.next() % 20))
            #expect(harbour.registry.remove("a"))
            live(Int(chance.next() % 60))
            let kept = shards.compactMap { first.kept($0) }
            if kept.count == 2 { wereGone += 1 }

            let next = Harbour(name, keepers: ShardKeepers(store: MemoryStore(kept: kept)), run: 2)
            next.registry.noteRestored(false)
            for shard in kept.shuffled(using: &chance) { try next.registry.restore(shard) }
            next.registry.noteRestored(true)
            next.tick(100)
            if next.registry.get("a")?.isRunning == true { cameBack += 1 }
            #expect(try next.settle(shards.filter { next.registry.get($0)?.isRunning == true }))
            // Those that had not left "a" are lost with it; the probe still has them.
            #expect(next.numbers(shards) == Array(0..<40), "trial \(trial)")
            #expect(next.registry.counters.handoffsLost.value + harbour.registry.counters.handoffsLost.value == 0)
        }
        // All three: removed for good, back to settle, back as if nobody had removed it.
        #expect(wereGone > 3 && cameBack > 3 && wereGone + cameBack < 57, "\(wereGone) \(cameBack)")
    }
}
