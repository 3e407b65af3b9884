import PylonFanout
import PylonJSON
import PylonReplay
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct ShardKeeperTests {
    private let store: MemoryStore
    private let keepers: ShardKeepers
    private let reports = Mailbox<String>()

    init() {
        let store = MemoryStore(isAutomatic: false)
        self.store = store
        keepers = ShardKeepers(store: store, report: { [reports] in reports.put($0) })
    }

    private func fixture() throws -> ShardFixture { try ShardFixture(kinds: [VaultWorld.kind], keepers: keepers) }

    /// The store does one thing, and the worker hears of it.
    private func answer(_ fixture: ShardFixture, _ problem: String? = nil) {
        store.answer(problem)
        _ = fixture.worker.runDue()
    }

    @Test func aStateIsSavedEverySoManyTicks() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 10], kind: "vault")
        for _ in 1..<100 { fixture.advance(.milliseconds(50)) }
        // The first when the shard was made.
        #expect(keepers.counters.checkpoints.value == 11)
        #expect(keepers.counters.checkpointsSkipped.value == 0)
        fixture.stop()
    }

    @Test func aStateThatIsDueWhileTheStoreIsBusyIsPutOffAndCounted() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["checkpoint_ticks": 5], kind: "vault")
        for _ in 1..<40 { fixture.advance(.milliseconds(50)) }
        // One change on its way, and no tick waited for it.
        #expect(store.waitingCount == 1)
        #expect(shard.information.tick == 40)
        #expect(keepers.counters.checkpoints.value == 1)
        #expect(keepers.counters.checkpointsSkipped.value == 1)
        answer(fixture)
        #expect(keepers.counters.checkpoints.value == 2)
        fixture.stop()
    }

    @Test func whatAStepShowsGoesOutWhenItIsDurable() throws {
        let fixture = try fixture()
        let shard = try fixture.create(
            ["checkpoint_ticks": 1000, "journal": true, "idle_ticks_before_shutdown": 0], kind: "vault")
        answer(fixture)
        // Joining shows the first step: that is stored first.
        let joined = Mailbox<Bool>()
        let (client, connection) = try fixture.server.connect()
        try fixture.request(
            shard, "a", Caller(userID: "a", isAdmin: false), connection, Mailbox<String>()
        ) { _ in joined.put(true) }
        _ = fixture.worker.runDue()
        #expect(shard.information.subscribers == 0)
        #expect(store.waitingCount == 1)
        answer(fixture)
        #expect(try joined.next())
        #expect(shard.information.subscribers == 1)
        let member = ShardFixture.Member(
            name: "a", client: client, connection: connection, subscription: nil, events: Mailbox())
        #expect(try member.frames(1).map(\.tick) == [1])

        fixture.advance(.milliseconds(50))
        #expect(shard.information.tick == 2)
        // The disk is slow: the shard waits for it, and shows nothing.
        fixture.advance(.milliseconds(200))
        #expect(shard.information.tick == 2)
        #expect(keepers.counters.stepsHeld.value == 1)
        #expect(fixture.registry.counters.fanout.framesBuilt.value == 0)
        answer(fixture)
        #expect(try member.frames(1).map(\.tick) == [2])
        // The four steps it owes are shown together.
        fixture.advance(.milliseconds(1))
        #expect(shard.information.tick == 6)
        answer(fixture)
        _ = fixture.worker.runDue()
        answer(fixture)
        #expect(try member.frames(1).map(\.tick) == [6])
        fixture.stop()
    }

    @Test func anEventDrivenShardStepsAgainWhenTheLastStepIsDurable() throws {
        let fixture = try fixture()
        let shard = try fixture.create(
            ["tick_rate_hz": 0, "checkpoint_ticks": 1000, "journal": true], kind: "vault")
        answer(fixture)
        let member = try fixture.join(shard, as: "a")
        try fixture.push(1, from: member)
        _ = fixture.worker.runDue()
        #expect(shard.information.tick == 1)
        // These come while it waits for the disk.
        for number in [2, 3] as [JSONValue] { try fixture.push(number, from: member) }
        fixture.advance(.milliseconds(10))
        #expect(shard.information.tick == 1)
        answer(fixture)
        #expect(shard.information.tick == 2)
        answer(fixture)
        #expect(try frame(of: member, at: 2).hasPrefix("[2,6,"))
        #expect(keepers.counters.stepsHeld.value == 1)
        fixture.stop()
    }

    @Test func aJoinCodeIsStoredAsADigest() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 10, "join_code": "secret-code"], kind: "vault")
        let kept = try #require(store.kept())
        #expect(!kept.config.contains("secret-code") && kept.config.contains("join_code_digest"))
        // What an earlier version stored works as well, and is written anew.
        let plain = #"{"checkpoint_ticks":10,"join_code":"secret-code"}"#
        for config in [kept.config, plain] {
            let other = MemoryStore()
            let next = try ShardFixture(kinds: [VaultWorld.kind], keepers: ShardKeepers(store: other))
            try next.registry.restore(
                KeptShard(
                    id: "s", instance: kept.instance, kind: "vault", config: config, seed: kept.seed,
                    state: kept.state, isClean: true, journal: []))
            let access = try #require(next.registry.get("s")).status.access
            let ann = Caller(userID: "ann", isAdmin: false)
            #expect(access.isPrivate)
            #expect(access.verdict(SubscriberID("ann"), ann, code: "secret-code") == .admitted)
            #expect(access.verdict(SubscriberID("ann"), ann, code: "secret-cod") == .codeWrong)
            let written = try #require(other.kept()).config
            #expect(!written.contains("secret-code") && written.contains("join_code_digest"))
            next.stop()
        }
        fixture.stop()
    }

    @Test func aShardWhoseClockWasSetBackIsStoredAllTheSame() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 10], kind: "vault")
        let kept = try #require(store.kept())
        let future = KeptShard(
            id: "s", instance: kept.instance + 1_000_000_000, kind: kept.kind, config: kept.config, seed: kept.seed,
            state: kept.state, isClean: false, journal: [])
        let other = MemoryStore()
        let next = try ShardFixture(kinds: [VaultWorld.kind], keepers: ShardKeepers(store: other))
        try next.registry.restore(future)
        #expect(other.kept().map { $0.instance > future.instance } == true)
        next.stop()
        fixture.stop()
    }

    @Test func aShardNobodySeesWritesItsJournalOnceASecond() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(
            ["checkpoint_ticks": 100_000, "journal": true, "idle_ticks_before_shutdown": 0], kind: "vault")
        for _ in 0..<200 { fixture.advance(.milliseconds(50)) }
        #expect((9...12).contains(store.kept()?.journal.count ?? 0))
        #expect(keepers.counters.stepsHeld.value == 0)
        fixture.stop()
    }

    @Test func aRefusedChangeIsMadeUpForByAStateASecondLater() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["checkpoint_ticks": 10], kind: "vault")
        answer(fixture, "the disk is full")
        #expect(try reports.next().contains("the disk is full"))
        #expect(keepers.counters.failures.value == 1)
        for _ in 0..<19 { fixture.advance(.milliseconds(50)) }
        #expect(store.waitingCount == 0)
        fixture.advance(.milliseconds(50))
        #expect(store.waitingCount == 1)
        answer(fixture)
        #expect(store.kept() != nil)
        #expect(shard.information.tick == 21)
        fixture.stop()
    }

    @Test func aShardThatIsOverIsForgottenAndOneThatComesBackIsSavedClean() throws {
        store.answerAll()
        let fixture = try fixture()
        for id in ["removed", "finished", "back"] {
            _ = try fixture.create(["checkpoint_ticks": 10], id: id, kind: "vault")
        }
        #expect(fixture.registry.remove("removed"))
        let finishing = try #require(fixture.registry.get("finished"))
        let member = try fixture.join(finishing, as: "a")
        try fixture.push(-1, from: member)
        fixture.advance(.milliseconds(50))
        #expect(!finishing.isRunning)
        #expect(store.kept("removed") == nil)
        #expect(store.kept("finished") == nil)
        #expect(store.kept("back")?.isClean == false)
        fixture.registry.stopAll()
        _ = fixture.worker.runDue()
        #expect(store.kept("back")?.isClean == true)
        fixture.stop()
    }

    @Test func aRemovalThatIsRefusedIsTriedAgainUntilItSucceeds() throws {
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 1000], kind: "vault")
        answer(fixture)
        #expect(fixture.registry.remove("s"))
        _ = fixture.worker.runDue()
        for count in 1...2 {
            answer(fixture, "the disk is full")
            #expect(try reports.next().contains("the disk is full"))
            #expect(keepers.counters.failures.value == count)
            fixture.advance(.milliseconds(999))
            #expect(store.waitingCount == 0)
            fixture.advance(.milliseconds(1))
            #expect(store.waitingCount == 1)
        }
        #expect(store.kept() != nil)
        answer(fixture)
        #expect(store.kept() == nil)
        fixture.advance(.seconds(10))
        #expect(store.waitingCount == 0)
        fixture.stop()
    }

    @Test(arguments: [true, false]) func aShardThatIsNoLongerStoredCanBeForgotten(_ isRemoved: Bool) throws {
        store.answerAll()
        let fixture = try fixture()
        let shard = try fixture.create(["checkpoint_ticks": 2], kind: "vault")
        let member = try fixture.join(shard, as: "a")
        try fixture.push(.integer(Int64(VaultWorld.totalTooLarge)), from: member)
        for _ in 0..<4 { fixture.advance(.milliseconds(50)) }
        #expect(try reports.next().contains("no longer stored"))
        #expect(store.kept() != nil)
        if isRemoved {
            #expect(fixture.registry.remove("s"))
        } else {
            try fixture.push(.integer(-1 - Int64(VaultWorld.totalTooLarge)), from: member)
        }
        fixture.advance(.milliseconds(50))
        #expect(!shard.isRunning)
        #expect(store.kept() == nil)
        fixture.stop()
    }

    /// What the next process makes of the store.
    private func comeBack() throws -> (fixture: ShardFixture, shard: any ShardHandle) {
        let next = try ShardFixture(kinds: [VaultWorld.kind], keepers: ShardKeepers(store: MemoryStore()))
        try next.registry.restore(try #require(store.kept()))
        _ = next.worker.runDue()
        return (next, try #require(next.registry.get("s")))
    }

    /// Reads frames up to that of a tick.
    private func frame(of member: ShardFixture.Member, at tick: UInt64) throws -> String {
        while true {
            let frame = try #require(try member.frames(1).first)
            if frame.tick == tick { return frame.text }
            try #require(frame.tick < tick)
        }
    }

    @Test(arguments: [true, false]) func aShardComesBackWithAllThatWasShown(_ isJournalled: Bool) throws {
        store.answerAll()
        let fixture = try fixture()
        let config: JSONValue = ["checkpoint_ticks": 16, "journal": .bool(isJournalled), "seed": 5]
        let shard = try fixture.create(config, kind: "vault")
        let (a, b) = (try fixture.join(shard, as: "a"), try fixture.join(shard, as: "b"))
        _ = fixture.worker.runDue()
        for number in 1...150 {
            try fixture.push(.integer(Int64(number)), from: number % 3 == 0 ? b : a, client: UInt64(number))
            fixture.advance(.milliseconds(50))
            // What the store said is heard.
            _ = fixture.worker.runDue()
        }
        #expect(shard.information.tick == 151)
        // Frames may be left out on the way, but not the last.
        _ = try frame(of: a, at: 151)

        let (next, restored) = try comeBack()
        defer { next.stop() }
        // Its first step comes at once.
        let tick = restored.information.tick - 1
        let last = UInt64(151)
        #expect(isJournalled ? tick == last : (last - 16...last).contains(tick))
        let member = try next.join(restored, as: "a")
        let first = try #require(try member.frames(1).first)
        let snapshot = try JSONParser.parse(first.text)
        if isJournalled {
            #expect(snapshot[1]?.int == 150 * 151 / 2)
            // Both still have their seats, and what was acknowledged.
            #expect(snapshot[3] == ["a", 149])
            #expect(snapshot[4] == ["b", 150])
        }
        // Chance goes on where it was: one number a step.
        var random = SeededGenerator(seed: 5)
        for _ in 0...tick { _ = random.next() }
        #expect(first.text.contains(",\(random.continuation),"))

        // Who does not come back in time has left.
        for _ in 0..<601 { next.advance(.milliseconds(50)) }
        _ = next.worker.runDue()
        let late = try JSONParser.parse(try frame(of: member, at: restored.information.tick))
        #expect(late[3]?[0] == "a")
        #expect(late[4] == nil)
        fixture.stop()
    }

    @Test func eventNumbersGoOnWhereNothingWasForgottenAndElseBeginBehindAll() throws {
        store.answerAll()
        let fixture = try fixture()
        let shard = try fixture.create(["checkpoint_ticks": 1000, "journal": true], kind: "vault")
        let member = try fixture.join(shard, as: "a")
        for _ in 0..<10 {
            try fixture.push(1, from: member)
            fixture.advance(.milliseconds(50))
            _ = fixture.worker.runDue()
        }
        let start = fixture.clock.microsecondsSinceEpoch() - 500_000
        let (next, restored) = try comeBack()
        let events = try next.join(restored, as: "e", stream: .events(after: nil))
        let head = try events.client.receive(10)
        #expect(head.dropFirst(2).reduce(0) { $0 << 8 | UInt64($1) } == start + 10)
        next.stop()
        fixture.stop()
    }

    @Test func whatCannotBeReadDoesNotComeBack() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 1000, "journal": true], kind: "vault")
        for _ in 0..<100 { fixture.advance(.milliseconds(50)) }
        fixture.stop()
        let kept = try #require(store.kept())
        #expect(!kept.journal.isEmpty)
        let next = try ShardFixture(kinds: [VaultWorld.kind], keepers: ShardKeepers(store: MemoryStore()))
        func restore(kind: String = "vault", config: String? = nil, _ state: [UInt8], _ journal: [[UInt8]]) throws {
            try next.registry.restore(
                KeptShard(
                    id: "s", instance: kept.instance, kind: kind, config: config ?? kept.config, seed: kept.seed,
                    state: state, isClean: false,
                    journal: journal))
        }
        for count in 0..<kept.state.count {
            #expect(throws: RestoreError.self) { try restore(Array(kept.state.prefix(count)), []) }
        }
        #expect(throws: RestoreError.self) { try restore(kind: "other", kept.state, []) }
        #expect(throws: RestoreError.self) { try restore(config: "{", kept.state, []) }
        #expect(throws: RestoreError.self) { try restore(kept.state, [Array(kept.journal[0].dropFirst())]) }
        // A block that is missing.
        #expect(throws: RestoreError.self) { try restore(kept.state, Array(kept.journal.dropFirst())) }
        #expect(next.registry.count == 0)
        try restore(kept.state, kept.journal)
        #expect(next.registry.get("s")?.isRunning == true)
        next.stop()
    }

    @Test func aShardThatThisProcessLacksSomethingForStaysStoredAndKeepsItsID() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 1000], kind: "vault")
        fixture.stop()
        let kept = try #require(store.kept())
        func staysStored(
            _ state: [UInt8]? = nil, _ kinds: [ShardKind] = [VaultWorld.kind], shardsMaximum: Int = 1,
            keepers: ShardKeepers = ShardKeepers(store: MemoryStore())
        ) throws -> Bool {
            let next = try ShardFixture(kinds: kinds, shardsMaximum: shardsMaximum, keepers: keepers)
            defer { next.stop() }
            let stored = KeptShard(
                id: "s", instance: kept.instance, kind: kept.kind, config: kept.config, seed: kept.seed,
                state: state ?? kept.state, isClean: true, journal: [])
            let error = #expect(throws: RestoreError.self) { try next.registry.restore(stored) }
            let isWithheld = next.registry.isWithheld("s")
            #expect(isWithheld == error?.staysStored)
            if isWithheld {
                #expect(throws: RegistryError.withheld) { try next.create(id: "s") }
                #expect(throws: RegistryError.withheld) {
                    try next.registry.getOrCreate(id: "s", kind: "ledger", config: [:])
                }
            }
            return isWithheld
        }
        #expect(try staysStored(nil, [LedgerWorld.kind]))
        #expect(try staysStored(shardsMaximum: 0))
        // No database, and a kind that can no longer be saved.
        #expect(try staysStored(keepers: ShardKeepers()))
        #expect(try staysStored(nil, [ShardKind("vault") { _ in LedgerWorld() }]))
        // The engine's part begins with its version.
        var length = StateReader(kept.state, in: kept.state.count - 8..<kept.state.count)
        let versionIndex = Int(try length.readFixed())
        var state = kept.state
        state[versionIndex] = 127
        #expect(try staysStored(state))
        state[versionIndex] = 0
        #expect(try !staysStored(state))
    }

    @Test func whoAsksForWhatIsNotThereIsRefused() throws {
        let bare = try ShardFixture(kinds: [VaultWorld.kind, LedgerWorld.kind])
        let configs: [(kind: String, JSONValue)] = [
            ("vault", ["checkpoint_ticks": 10]), ("vault", ["record": true]), ("vault", ["journal": true]),
            ("vault", ["checkpoint_ticks": -1]), ("vault", ["record_hash_ticks": 0]),
        ]
        for (kind, config) in configs {
            #expect(throws: RegistryError.self, "\(config)") { try bare.create(config, kind: kind) }
        }
        let stored = try ShardFixture(kinds: [LedgerWorld.kind], keepers: keepers)
        #expect(throws: RegistryError.self) { try stored.create(["checkpoint_ticks": 10]) }
        bare.stop()
        stored.stop()
    }
}
