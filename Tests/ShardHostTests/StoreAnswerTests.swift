import PylonFanout
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Those who wait for the store's answer, and what they hear when it is late or none.
@Suite struct StoreAnswerTests {
    private let store: MemoryStore
    private let keepers: ShardKeepers

    init() {
        let store = MemoryStore(isAutomatic: false)
        self.store = store
        keepers = ShardKeepers(store: store)
    }

    private func fixture() throws -> ShardFixture { try ShardFixture(kinds: [VaultWorld.kind], keepers: keepers) }

    /// The store does one thing, and the worker hears of it.
    private func answer(_ fixture: ShardFixture, _ problem: String? = nil) {
        store.answer(problem)
        _ = fixture.worker.runDue()
    }

    /// What is asked of the store is answered when the store has answered.
    @Test func aNewShardIsConfirmedWhenItIsStored() throws {
        let fixture = try fixture()
        let answers = Mailbox<StoreConfirmation>()
        func confirm(_ shard: any ShardHandle, _ expected: StoreExpectation = .stored) {
            shard.confirm(expected, within: .seconds(5)) { answers.put($0) }
            _ = fixture.worker.runDue()
        }
        let shard = try fixture.create(["checkpoint_ticks": 1000], kind: "vault")
        confirm(shard)
        #expect(answers.count == 0)
        answer(fixture)
        #expect(try answers.next() == .done)
        confirm(shard)
        #expect(try answers.next() == .done)
        // One that was refused, and is taken back.
        let refused = try fixture.create(["checkpoint_ticks": 1000], id: "t", kind: "vault")
        confirm(refused)
        answer(fixture, "the disk is full")
        #expect(try answers.next() == .refused)
        // One for which nothing is heard.
        let late = try fixture.create(["checkpoint_ticks": 1000], id: "u", kind: "vault")
        confirm(late)
        fixture.advance(.milliseconds(4999))
        #expect(answers.count == 0)
        fixture.advance(.milliseconds(1))
        #expect(try answers.next() == .late)
        // What is answered later is no second answer.
        store.answerAll()
        fixture.advance(.seconds(10))
        #expect(answers.count == 0)
        // And one that does not outlive the process.
        confirm(try fixture.create(id: "v", kind: "vault"))
        #expect(try answers.next() == .done)
        fixture.stop()
    }

    @Test func aRemovalIsConfirmedWhenTheShardIsForgotten() throws {
        let fixture = try ShardFixture(kinds: [VaultWorld.kind], shardsMaximum: 1, keepers: keepers)
        let answers = Mailbox<StoreConfirmation>()
        let shard = try fixture.create(["checkpoint_ticks": 1000], kind: "vault")
        answer(fixture)
        func remove() {
            _ = fixture.registry.remove("s")
            shard.confirm(.forgotten, within: .seconds(5)) { answers.put($0) }
            _ = fixture.worker.runDue()
        }
        remove()
        #expect(fixture.registry.get("s") == nil && fixture.registry.departing("s") === shard)
        // Its place is free when it is gone for good: removals that the disk refuses do not pile up.
        #expect(throws: RegistryError.tooMany(maximum: 1)) { try fixture.create(id: "t", kind: "vault") }
        answer(fixture, "the disk is full")
        #expect(try answers.next() == .refused)
        #expect(fixture.registry.departing("s") === shard)
        // Asked again, it waits for the next attempt.
        remove()
        #expect(answers.count == 0)
        fixture.advance(.seconds(1))
        answer(fixture)
        #expect(try answers.next() == .done)
        #expect(fixture.registry.departing("s") == nil && store.kept() == nil)
        _ = try fixture.create(id: "t", kind: "vault")
        fixture.stop()
    }

    @Test func aShardThatEndedWithTheProcessIsNotSaidToBeForgotten() throws {
        store.answerAll()
        let fixture = try fixture()
        let shard = try fixture.create(["checkpoint_ticks": 1000], kind: "vault")
        fixture.registry.stopAll()
        fixture.registry.remove(shard)
        let answers = Mailbox<StoreConfirmation>()
        shard.confirm(.forgotten, within: .seconds(5)) { answers.put($0) }
        _ = fixture.worker.runDue()
        #expect(try answers.next() == .refused)
        #expect(store.kept()?.isClean == true)
        fixture.stop()
    }

    @Test func aShardThatIsWithheldCanBeForgotten() throws {
        store.answerAll()
        let fixture = try fixture()
        _ = try fixture.create(["checkpoint_ticks": 1000], kind: "vault")
        fixture.stop()
        let kept = try #require(store.kept())
        let other = MemoryStore(isAutomatic: false, kept: [kept])
        let next = try ShardFixture(keepers: ShardKeepers(store: other))
        #expect(throws: RestoreError.self) { try next.registry.restore(kept) }
        let answers = Mailbox<StoreConfirmation>()
        func forget() {
            next.registry.forgetWithheld("s", within: .seconds(5)) { answers.put($0) }
            _ = next.worker.runDue()
        }
        forget()
        other.answer("the disk is full")
        _ = next.worker.runDue()
        #expect(try answers.next() == .refused && next.registry.isWithheld("s"))
        forget()
        next.advance(.seconds(5))
        #expect(try answers.next() == .late && next.registry.isWithheld("s"))
        // It is done all the same, and said once.
        other.answer()
        _ = next.worker.runDue()
        #expect(!next.registry.isWithheld("s") && other.kept() == nil && answers.count == 0)
        _ = try next.create(id: "s")
        next.stop()
    }

    /// A disk that answers nothing for minutes costs nothing meanwhile.
    @Test func aShardThatWaitsForTheDiskIsNotAskedAgainAndAgain() throws {
        let fixture = try fixture()
        let shard = try fixture.create(
            ["checkpoint_ticks": 1000, "journal": true, "idle_ticks_before_shutdown": 0], kind: "vault")
        answer(fixture)
        let (_, connection) = try fixture.server.connect()
        try fixture.request(
            shard, "a", Caller(userID: "a", isAdmin: false), connection, Mailbox<String>()
        ) { _ in }
        _ = fixture.worker.runDue()
        // The worker has nothing to do until the store answers.
        #expect(fixture.advance(.seconds(60)) == .distantFuture)
        #expect(shard.information.tick == 1)
        answer(fixture)
        #expect(shard.information.tick > 1)
        fixture.stop()
    }

    @Test func whoComesWhileTooManyWaitForTheDiskIsTurnedAway() throws {
        let fixture = try fixture()
        let shard = try fixture.create(["checkpoint_ticks": 1000, "journal": true], kind: "vault")
        answer(fixture)
        fixture.advance(.milliseconds(50))
        let (client, connection) = try fixture.server.connect()
        let answers = Mailbox<ShardError?>()
        let maximum = 4096
        try fixture.server.on(connection) { connection in
            for number in 0..<maximum + 3 {
                let name = "\(number)"
                shard.subscribe(
                    SubscribeRequest(
                        subscriber: SubscriberID(name), caller: Caller(userID: name, isAdmin: false),
                        transport: .webSocket, connection: connection
                    ) { result in
                        if case .failure(let error) = result { answers.put(error) } else { answers.put(nil) }
                    })
            }
        }
        for _ in 0..<1000 where keepers.counters.turnedAway.value < 3 { _ = fixture.worker.runDue() }
        #expect(keepers.counters.turnedAway.value == 3)
        #expect(try answers.take(3) == [.full, .full, .full])
        // Those who waited are served, as far as there are places.
        answer(fixture)
        store.answerAll()
        for _ in 0..<1000 where answers.count < maximum { _ = fixture.worker.runDue() }
        let served = try answers.take(maximum)
        #expect(served.count { $0 == nil } == 256)
        withExtendedLifetime(client) {}
        fixture.stop()
    }
}
