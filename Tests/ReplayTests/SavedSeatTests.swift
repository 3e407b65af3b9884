import PylonJSON
import PylonReplay
import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

@Suite struct SavedSeatTests {
    private let setup = ShardSetup(id: "s", config: [:], seed: 3, clock: ManualClock())
    private let worldState = WorldState<TideWorld>()

    private func digest(_ byte: UInt8) throws -> TokenDigest {
        try #require(TokenDigest([UInt8](repeating: byte, count: 31) + [0xFF]))
    }

    private func shard() throws -> Shard<TideWorld> {
        var shard = Shard(world: TideWorld(seed: 3), configuration: ShardConfiguration(), name: "s")
        shard.attach(SubscriberID("a"))
        shard.attach(SubscriberID("b"))
        shard.attach(SubscriberID("w"), as: .spectator)
        return shard
    }

    private func bytes(_ shard: Shard<TideWorld>, seats: [SavedSeat]?) -> [UInt8] {
        var state = StateWriter()
        #expect(
            SavedShard.write(shard, worldState, sequenceLast: 300, eventLast: 5, seats: seats, into: &state))
        return state.copyBytes()
    }

    private func read(_ bytes: [UInt8]) throws -> SavedShard<TideWorld> {
        try SavedShard(bytes, worldState, setup: setup, configuration: ShardConfiguration())
    }

    @Test func seatsComeBackWithTheShard() throws {
        let seats = [
            SavedSeat(subscriber: SubscriberID("a"), tokens: [try digest(1), try digest(2)]),
            SavedSeat(subscriber: SubscriberID("b"), tokens: []),
        ]
        for written in [seats, []] {
            let saved = try read(bytes(try shard(), seats: written))
            #expect(saved.seats == written)
            #expect(saved.sequenceLast == 300 && saved.eventLast == 5 && saved.shard.spectatorCount == 1)
        }
    }

    /// What earlier versions stored, and what recordings hold: no seats, and not a byte of them.
    @Test func aStateWithoutSeatsIsAsItWas() throws {
        let bytes = bytes(try shard(), seats: nil)
        let saved = try read(bytes)
        #expect(saved.seats.isEmpty && saved.shard.playerCount == 2)
        var length = StateReader(bytes, in: bytes.count - 8..<bytes.count)
        #expect(bytes[Int(try length.readFixed())] == 3)
    }

    @Test func whoHasASeatDoesNotChangeTheHash() throws {
        let shard = try shard()
        var scratch = HashScratch()
        let hash = try read(bytes(shard, seats: nil)).shard.stateHash(worldState, scratch: &scratch)
        let seats = [SavedSeat(subscriber: SubscriberID("a"), tokens: [try digest(1)])]
        #expect(try read(bytes(shard, seats: seats)).shard.stateHash(worldState, scratch: &scratch) == hash)
    }

    @Test func bytesCutOrBentAnywhereAreRefusedOrReadAndNeverTrap() throws {
        let whole = bytes(
            try shard(), seats: [SavedSeat(subscriber: SubscriberID("a"), tokens: [try digest(1), try digest(2)])])
        var length = StateReader(whole, in: whole.count - 8..<whole.count)
        let engineStart = Int(try length.readFixed())
        let (engine, end) = (whole[engineStart..<whole.count - 8], whole.suffix(8))
        for count in 0..<engine.count {
            #expect(throws: StateError.self, "cut at \(count)") {
                try read(Array(whole.prefix(engineStart)) + Array(engine.prefix(count)) + Array(end))
            }
        }
        for index in engine.indices {
            for bit in 0..<8 {
                var bent = whole
                bent[index] ^= 1 << UInt8(bit)
                _ = try? read(bent)
            }
        }
    }

    @Test func aSeatKeepsTheNewestOfManyTokens() throws {
        let tokens = try (0..<40).map { try digest($0) }
        let seat = SavedSeat(subscriber: SubscriberID("a"), tokens: tokens)
        #expect(seat.tokens == Array(tokens[24...]))
        #expect(TokenDigest([UInt8](repeating: 0, count: 31)) == nil)
    }

    /// A journal says what is good from a point on; who has left has nothing to come back to.
    @Test func aJournalIsFollowed() throws {
        let (a, b) = (SubscriberID("a"), SubscriberID("b"))
        var encoder = HistoryEncoder()
        encoder.joined(a)
        encoder.seat(SavedSeat(subscriber: a, tokens: [try digest(1)]))
        encoder.joined(b)
        encoder.seat(SavedSeat(subscriber: b, tokens: [try digest(2)]))
        encoder.stepped()
        encoder.seat(SavedSeat(subscriber: a, tokens: [try digest(1), try digest(3)]))
        encoder.seat(SavedSeat(subscriber: a, tokens: [try digest(3)]))
        encoder.left(b)
        encoder.joined(b)
        let block = try #require(encoder.cut { payload, _ in Array(payload) })
        let start = SavedShard(
            shard: Shard(world: TideWorld(seed: 3), configuration: ShardConfiguration(), name: "s"))
        var replayer = Replayer(start, worldState)
        let isWhole = replayer.run(block)
        #expect(isWhole)
        let seats = replayer.seats
        #expect(seats == [SavedSeat(subscriber: a, tokens: [try digest(3)])])
    }
}
