import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

@testable import PylonReplication

struct ReplicaDecoderTests {
    /// A keyframe and a delta with everything in it: leaves, changes, enters, owned.
    private static func frames() throws -> (schema: ComponentSchema, frames: [ReplicaSetup.Frame]) {
        let setup = try ReplicaSetup()
        let ids = try (0..<40).map {
            try setup.table.spawn(
                $0 % 2, at: Vector3(Double($0) * 20, 100), owner: $0 % 10 == 0 ? SubscriberID("a") : nil)
        }
        let handle = try setup.add("a")
        var frames = [try #require(setup.step()[handle])]
        setup.acknowledge(handle)
        for id in ids where id.slot % 7 == 0 { setup.table.despawn(id) }
        for id in ids where id.slot % 3 != 0 {
            setup.table.move(id, to: Vector3(Double(id.slot) * 21, 90))
            setup.table.set(0, of: id, to: Int(id.slot))
            setup.table.set(1, of: id, to: 5)
            setup.table.set(2, of: id, to: true)
        }
        for index in 0..<5 { _ = try setup.table.spawn(0, at: Vector3(Double(index), 7)) }
        frames.append(try #require(setup.step()[handle]))
        setup.acknowledge(handle)
        setup.table.set(1, of: ids[10], to: 9)
        setup.table.set(0, of: ids[12], to: 99)
        frames.append(try #require(setup.step()[handle]))
        return (setup.table.schema, frames)
    }

    private static func state(_ decoder: ReplicaDecoder) -> [[UInt32]] {
        decoder.views.map { Array($0.slots) + Array($0.words) + Array($0.owned) }
    }

    @Test func aFrameCutAnywhereIsRefusedAndChangesNothing() throws {
        let (schema, frames) = try Self.frames()
        for end in 0..<3 {
            let decoder = ReplicaDecoder(schema: schema)
            for frame in frames[..<end] { try decoder.apply(frame) }
            let before = Self.state(decoder)
            let frame = frames[end]
            for length in 0..<frame.bytes.count {
                // Without its owned part a frame is one in which nothing owned changed; the first owns nothing then.
                if length == frame.body.count { continue }
                #expect(throws: ReplicaError.self) {
                    try decoder.apply(
                        tick: Tick(frame.tick), baseAge: frame.baseAge, body: Array(frame.bytes[..<length]))
                }
                #expect(Self.state(decoder) == before && decoder.needsKeyframe)
            }
            let outcome = try decoder.apply(frame)
            #expect(outcome == .applied && !decoder.needsKeyframe)
        }
    }

    @Test func bytesBehindTheEndAreRefused() throws {
        let (schema, frames) = try Self.frames()
        let decoder = ReplicaDecoder(schema: schema)
        #expect(throws: ReplicaError.self) {
            try decoder.apply(tick: Tick(1), baseAge: 0, body: frames[0].bytes + [0])
        }
        try decoder.apply(frames[0])
    }

    @Test func brokenFramesNeverTrapAndNeverGrow() throws {
        var random = SeededBits(seed: testSeed())
        let (schema, frames) = try Self.frames()
        for _ in 0..<300 {
            let decoder = ReplicaDecoder(schema: schema)
            for frame in frames {
                var bytes = frame.bytes
                for _ in 0...(random.next() % 4) {
                    bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
                }
                // Either it is refused, or it is another frame that means something.
                _ = try? decoder.apply(tick: Tick(frame.tick), baseAge: frame.baseAge, body: bytes)
                #expect(decoder.count < 1000)
                for place in 0..<decoder.count { _ = decoder[place].value(0) }
                if decoder.tick?.number != frame.tick { _ = try? decoder.apply(frame) }
            }
        }
    }

    @Test func moreEntitiesThanMayBeAreRefused() throws {
        let (schema, frames) = try Self.frames()
        var limits = ReplicaDecoder.Limits()
        limits.entitiesMaximum = 39
        let decoder = ReplicaDecoder(schema: schema, limits: limits)
        #expect(throws: ReplicaError.tooManyEntities) { try decoder.apply(frames[0]) }
        limits.entitiesMaximum = 40
        try ReplicaDecoder(schema: schema, limits: limits).apply(frames[0])
        // A count that the bytes cannot hold is refused before anything is made for it.
        var writer = BitWriter()
        writer.append(number: 0)
        writer.append(number: 30)
        writer.append(0, 64)
        #expect(throws: ReplicaError.truncated) {
            try ReplicaDecoder(schema: schema).apply(tick: Tick(1), baseAge: 0, body: BitWriterTests.bytes(writer))
        }
    }

    @Test func oldFramesAreStaleAndMissingBasesAskForAKeyframe() throws {
        let (schema, frames) = try Self.frames()
        let decoder = ReplicaDecoder(schema: schema)
        var outcome = try decoder.apply(frames[1])
        #expect(outcome == .baseMissing && decoder.needsKeyframe && decoder.tick == nil)
        try decoder.apply(frames[0])
        outcome = try decoder.apply(frames[0])
        #expect(outcome == .stale && !decoder.needsKeyframe)
        try decoder.apply(frames[1])
        outcome = try decoder.apply(frames[0])
        #expect(outcome == .stale && decoder.tick == Tick(2))
        outcome = try decoder.apply(tick: Tick(9), baseAge: 20, body: [])
        #expect(outcome == .baseMissing)
        decoder.reset()
        #expect(decoder.needsKeyframe && decoder.count == 0)
        outcome = try decoder.apply(frames[0])
        #expect(outcome == .applied)
    }

    @Test func eventsTellWhatCameChangedAndWent() throws {
        let setup = try ReplicaSetup(historyTicks: 2)
        let ids = try (0..<3).map { try setup.table.spawn(1, at: Vector3(Double($0), 0)) }
        let handle = try setup.add("a")
        let decoder = ReplicaDecoder(schema: setup.table.schema)
        var events: [ReplicaEvent] = []
        decoder.onEvent = { events.append($0) }
        func next() throws -> [ReplicaEvent] {
            events = []
            try decoder.apply(try #require(setup.step()[handle]))
            setup.acknowledge(handle)
            return events
        }
        var told = try next()
        #expect(told == ids.map { .entered($0) })
        setup.table.move(ids[1], to: Vector3(9, 9))
        setup.table.despawn(ids[0])
        told = try next()
        #expect(told == [.left(ids[0]), .changed(ids[1])])
        // Meanwhile others miss what happens; a slot that is used again is another entity.
        setup.sends = false
        for _ in 0..<6 { setup.step() }
        setup.sends = true
        let again = try setup.table.spawn(1, at: Vector3(0, 0))
        #expect(again.slot == ids[0].slot)
        told = try next()
        #expect(told == [.entered(again)])
        setup.table.despawn(again)
        setup.sends = false
        for _ in 0..<6 { setup.step() }
        let third = try setup.table.spawn(1, at: Vector3(0, 0))
        #expect(third.slot == again.slot)
        setup.sends = true
        setup.replicator.requestKeyframe(handle)
        told = try next()
        #expect(told == [.left(again), .entered(third)])
    }
}
