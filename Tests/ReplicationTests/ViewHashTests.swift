import PylonSimulation
import PylonTime
import Testing

@testable import PylonReplication

/// The hash by which a server and a client notice that they show different things.
struct ViewHashTests {
    private static func setup(
        hashTicks: UInt64 = 1, historyTicks: Int = 16
    ) throws -> (setup: ReplicaSetup, handle: Replicator.Handle, decoder: ReplicaDecoder) {
        let setup = try ReplicaSetup(historyTicks: historyTicks, hashTicks: hashTicks)
        for slot in 0..<6 {
            let id = try setup.table.spawn(
                slot % 2, at: Vector3(Double(slot * 100), 7), owner: slot == 2 ? SubscriberID("a") : nil)
            setup.table.set(0, of: id, to: 40 + slot)
            setup.table.set(1, of: id, to: 1000 + slot)
        }
        return (setup, try setup.add("a"), ReplicaDecoder(schema: setup.table.schema))
    }

    /// As docs/protocol/replication.md says it, byte by byte and without the code under test.
    private static func described(_ decoder: ReplicaDecoder) -> UInt64 {
        var bytes: [UInt8] = []
        func append(_ word: UInt32) {
            for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        for place in 0..<decoder.count {
            let entity = decoder[place]
            let words = Array(decoder.views.last?.words.dropFirst(place * decoder.layout.stride) ?? [])
            append(entity.id.slot * 256 + UInt32(entity.id.generation))
            append(UInt32(entity.type) * 2 + (entity.isOwned ? 1 : 0))
            append(words[1])
            append(words[2])
            for (index, field) in decoder.schema.types[entity.type].fields.enumerated() {
                append(field.isOwnerOnly && !entity.isOwned ? 0 : words[3 + index])
            }
        }
        return bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
    }

    @Test func serverAndClientComeToTheNumberThatTheSpecificationSays() throws {
        let (setup, handle, decoder) = try Self.setup()
        #expect(decoder.viewHash == 0xCBF2_9CE4_8422_2325, "of nothing")
        for tick in 1...40 as ClosedRange<UInt64> {
            if tick % 3 == 0 { setup.table.move(EntityID(slot: 1, generation: 1), to: Vector3(Double(tick), 9)) }
            if tick % 5 == 0 { setup.table.set(1, of: EntityID(slot: 2, generation: 1), to: Int(tick)) }
            if tick == 20 { setup.table.setOwner(of: EntityID(slot: 2, generation: 1), to: nil) }
            if tick == 30 { setup.table.despawn(EntityID(slot: 0, generation: 1)) }
            let frame = try #require(setup.step()[handle])
            try decoder.apply(frame)
            if tick % 4 != 0 { setup.acknowledge(handle) }
            #expect(decoder.viewHash == Self.described(decoder))
            #expect(setup.replicator.takeHash(handle, of: Tick(tick), from: setup.table) == decoder.viewHash)
        }
    }

    @Test func theExampleOfTheSpecificationIsRight() throws {
        let axes = [
            PositionSchema.Axis(min: 0, max: 1000, bits: 16), PositionSchema.Axis(min: -500, max: 500, bits: 14),
        ]
        let layout = EntityLayout(
            try ComponentSchema(position: PositionSchema(axes: axes), types: [EntityType("stone")]))
        var hash = ViewHash()
        let words = [EntityHead(type: 0, generation: 1).word, 655, 8355]
        words.withUnsafeBufferPointer { words in
            if let start = words.baseAddress { hash.combine(slot: 0, start, owned: nil, layout) }
        }
        #expect(hash.value == 0xD7BD_7492_D817_9F92)
    }

    @Test func aFlippedBitIsNoticedWhereverItIs() throws {
        let (setup, handle, decoder) = try Self.setup()
        try decoder.apply(try #require(setup.step()[handle]))
        let hash = try #require(setup.replicator.takeHash(handle, of: Tick(1), from: setup.table))
        let view = try #require(decoder.views.last)
        #expect(hash == decoder.viewHash)
        var flipped = 0
        for place in view.slots.indices {
            let type = EntityHead(word: view.words[place * decoder.layout.stride]).type
            let fields = decoder.schema.types[type].fields
            for word in 1..<(3 + fields.count) {
                let isHidden = word > 2 && fields[word - 3].isOwnerOnly && !view.owns(view.slots[place])
                let bits = word > 2 ? fields[word - 3].kind.bits : 16
                for bit in 0..<bits {
                    let index = place * decoder.layout.stride + word
                    view.words[index] ^= 1 << UInt32(bit)
                    // What others own is not shown, so it is no difference.
                    #expect((decoder.viewHash == hash) == isHidden)
                    view.words[index] ^= 1 << UInt32(bit)
                    flipped += 1
                }
            }
            view.words[place * decoder.layout.stride] ^= 1 << 8
            #expect(decoder.viewHash != hash, "another generation")
            view.words[place * decoder.layout.stride] ^= 1 << 8
        }
        #expect(flipped > 200)
        view.owned = []
        #expect(decoder.viewHash != hash, "not the client's own")
    }

    @Test func hashesAreOfHashedTicksAndAskedForOnce() throws {
        let (setup, handle, _) = try Self.setup(hashTicks: 4)
        for _ in 1...9 { setup.step() }
        func hash(_ tick: UInt64) -> UInt64? { setup.replicator.takeHash(handle, of: Tick(tick), from: setup.table) }
        #expect(hash(3) == nil && hash(12) == nil)
        // Whatever has been acknowledged since.
        setup.replicator.acknowledge(handle, Tick(8))
        #expect(hash(4) != nil && hash(4) == nil)
        setup.replicator.remove(handle)
        #expect(hash(8) == nil)
    }

    @Test func asLittleIsKeptAsTheHistoryAllows() throws {
        let (setup, handle, _) = try Self.setup(historyTicks: 128)
        for tick in 1...100 {
            setup.table.move(EntityID(slot: 1, generation: 1), to: Vector3(Double(tick), 0))
            setup.step()
            setup.acknowledge(handle)
        }
        let subscriber = try #require(setup.replicator.subscribers[0])
        #expect(subscriber.hashed.map(\.view.tick) == Array(37...100), "the newest 64")
        let (short, other, _) = try Self.setup(historyTicks: 8)
        for tick in 1...50 {
            short.table.move(EntityID(slot: 1, generation: 1), to: Vector3(Double(tick), 0))
            short.step()
            short.acknowledge(other)
        }
        #expect(short.replicator.subscribers[0]?.hashed.map(\.view.tick) == Array(43...50), "no older than the history")
        #expect(short.replicator.takeHash(other, of: Tick(42), from: short.table) == nil)
        let (quiet, third, _) = try Self.setup(hashTicks: 0)
        quiet.step()
        #expect(quiet.replicator.subscribers[0]?.hashed.isEmpty == true)
        #expect(quiet.replicator.takeHash(third, of: Tick(1), from: quiet.table) == nil)
    }

    /// A shard that rests sends one tick twice to who asks for it anew; with a budget the two may hold different entities.
    @Test func aTickOfWhichTwoFramesWereSentIsNotCompared() throws {
        let (setup, handle, _) = try Self.setup()
        setup.step()
        setup.replicator.requestKeyframe(handle)
        var frames = 0
        setup.replicator.encode(setup.table) { _, _ in
            frames += 1
            return true
        }
        #expect(frames == 1)
        #expect(setup.replicator.takeHash(handle, of: Tick(1), from: setup.table) == nil)
    }

    @Test func aStateOlderThanTheHistoryIsNotCompared() throws {
        let (setup, handle, decoder) = try Self.setup(historyTicks: 4)
        try decoder.apply(try #require(setup.step()[handle]))
        setup.acknowledge(handle)
        // Nothing but what is owned fits any more.
        setup.replicator.setBytesPerFrame(handle, 1)
        var verdicts: [Bool] = []
        for tick in 2...8 {
            setup.table.move(EntityID(slot: 1, generation: 1), to: Vector3(Double(tick), 0))
            try decoder.apply(try #require(setup.step()[handle]))
            setup.acknowledge(handle)
            let hash = setup.replicator.takeHash(handle, of: Tick(UInt64(tick)), from: setup.table)
            if let hash { #expect(hash == decoder.viewHash) }
            verdicts.append(hash != nil)
        }
        // Entity 1 is shown as it was at tick 1, which is known up to tick 4.
        #expect(verdicts == [true, true, true, false, false, false, false])
    }
}
