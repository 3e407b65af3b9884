import PylonFanout
import PylonJSON
import PylonReplication
import PylonShardHost
import PylonSimulation
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Worlds of entities over streams v2.
@Suite struct EntityStreamTests {
    /// Beads on a string, one for each subscriber, which everybody sees; the owner alone sees how often it was moved.
    struct BeadWorld: ReplicatedSimulation {
        static let componentSchema: ComponentSchema = {
            do {
                return try ComponentSchema(
                    position: PositionSchema(dimensions: 2, min: 0, max: 255, bits: 8),
                    types: [EntityType("bead", [ComponentField("moves", .unsigned(bits: 8), isOwnerOnly: true)])])
            } catch {
                preconditionFailure("\(error)")
            }
        }()

        static let kind = ShardKind("ledger") { _ in BeadWorld() }

        /// Two beads besides the subscriber's own.
        static var replicationLimits: ReplicationLimits {
            var limits = ReplicationLimits()
            limits.viewEntitiesMaximum = 2
            limits.bytesPerFrame = 100
            return limits
        }

        var entities = EntityTable(schema: componentSchema, entitiesMaximum: 100)
        private var beads: [SubscriberID: EntityID] = [:]
        private var moves = 0

        struct Refusal: Error, CustomStringConvertible {
            let description = "no such place"
        }

        static func decodeInput(_ json: JSONValue) throws -> Int { json.int ?? -1 }

        mutating func apply(_ place: Int, from subscriber: SubscriberID, _ context: StepContext) throws {
            guard let bead = beads[subscriber], (0...255).contains(place) else { throw Refusal() }
            entities.move(bead, to: Vector3(Double(place), 0))
            moves += 1
            entities.set(0, of: bead, to: moves)
        }

        mutating func step(_ context: StepContext) {}

        mutating func subscriberJoined(_ subscriber: SubscriberID) {
            beads[subscriber] = try? entities.spawn(0, at: Vector3(0, 0), owner: subscriber)
        }

        mutating func subscriberLeft(_ subscriber: SubscriberID) {
            if let bead = beads.removeValue(forKey: subscriber) { entities.despawn(bead) }
        }

        func interest(of subscriber: SubscriberID) -> Interest { .everything }

        func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
            json.value(entities.count)
        }
    }

    /// A frame as a client takes it apart.
    private struct Taken {
        var tick: UInt64 = 0
        var baseAge: UInt64 = 0
        var acknowledged: UInt64?
        var outcome = ReplicaDecoder.Outcome.stale
    }

    /// Reads one binary message and applies it.
    private func take(_ member: ShardFixture.Member, _ decoder: ReplicaDecoder) throws -> Taken {
        let head = try member.client.receive(2)
        guard head.count == 2, head[0] == 0x82, head[1] < 126 else {
            throw DeadlinePassed(description: "no short binary message: \(head)")
        }
        var body = try member.client.receive(Int(head[1]))[...]
        try #require(body.removeFirst() == 0x03)
        func number() -> UInt64 {
            var (value, shift) = (0 as UInt64, 0 as UInt64)
            while let byte = body.popFirst() {
                value |= UInt64(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        var taken = Taken()
        taken.tick = number()
        taken.baseAge = number()
        let acknowledged = number()
        taken.acknowledged = acknowledged > 0 ? acknowledged - 1 : nil
        taken.outcome = try decoder.apply(tick: Tick(taken.tick), baseAge: taken.baseAge, body: Array(body))
        return taken
    }

    private func places(_ decoder: ReplicaDecoder) -> [Double] {
        (0..<decoder.count).map { decoder[$0].position.x }
    }

    /// Tells the server, over the connection's loop, which state the client has.
    private func acknowledge(_ fixture: ShardFixture, _ member: ShardFixture.Member, _ tick: UInt64) throws {
        let subscription = try #require(member.subscription)
        try fixture.server.thread.run { subscription.value.acknowledge(Tick(tick)) }
    }

    @Test func eachGetsWhatChangedSinceWhatItHas() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create()
        let old = try fixture.join(shard, as: "old")
        let a = try fixture.join(shard, as: "a", stream: .v2())
        let hello = try a.json()
        #expect(hello["state"] == "entities")
        let decoder = ReplicaDecoder(schema: try ComponentSchema(json: try #require(hello["schema"])))
        #expect(decoder.schema == BeadWorld.componentSchema)
        // With the next step: what joining did to the world is not in any state before.
        fixture.advance(.milliseconds(50))
        var taken = try take(a, decoder)
        #expect(taken.tick == 2 && taken.baseAge == 0 && taken.outcome == .applied && decoder.count == 2)
        try acknowledge(fixture, a, 2)

        try fixture.push(.integer(7), from: a, client: 5)
        fixture.advance(.milliseconds(50))
        taken = try take(a, decoder)
        #expect(taken.tick == 3 && taken.baseAge == 1 && taken.acknowledged == 5 && taken.outcome == .applied)
        #expect(places(decoder).sorted() == [0, 7])
        let own = try #require((0..<decoder.count).map { decoder[$0] }.first { $0.isOwned })
        #expect(own.position.x == 7 && own.value(0) == .integer(1))
        // Without an acknowledgement the next leads from the same state; both may be lost.
        try fixture.push(.integer(9), from: a, client: 6)
        fixture.advance(.milliseconds(50))
        taken = try take(a, decoder)
        #expect(taken.tick == 4 && taken.baseAge == 2 && taken.acknowledged == 6 && places(decoder).sorted() == [0, 9])
        try acknowledge(fixture, a, 4)
        // Nothing changed, nothing is sent; but an input that changes nothing is acknowledged.
        fixture.advance(.milliseconds(50))
        try fixture.push(.integer(9), from: a, client: 7)
        fixture.advance(.milliseconds(50))
        taken = try take(a, decoder)
        #expect(taken.tick == 6 && taken.acknowledged == 7 && taken.outcome == .applied)
        let counters = fixture.registry.counters.entities
        #expect(counters.framesSent.value == 4 && counters.keyframesSent.value == 1)
        #expect(counters.bytesSent.value > 0 && counters.bodiesPacked.value > 0)
        // Clients of stream v1 get the snapshots that the world writes.
        #expect(try old.frames(6).map(\.text) == ["1", "2", "2", "2", "2", "2"])
        fixture.stop()
    }

    @Test func refusalsAndEventsComeAsInWorldsOfJSON() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create()
        let member = try fixture.join(shard, as: "a", stream: .v2(events: true))
        #expect(try member.json()["event_seq"]?.int != nil)
        fixture.advance(.milliseconds(50))
        let decoder = ReplicaDecoder(schema: BeadWorld.componentSchema)
        _ = try take(member, decoder)
        try fixture.push(.integer(-3), from: member, client: 1)
        fixture.advance(.milliseconds(50))
        let error = try member.json()
        #expect(error["code"] == "INPUT_REJECTED" && error["client_seq"] == 1)
        #expect(try take(member, decoder).acknowledged == 1)
        shard.stop(.finished)
        _ = fixture.worker.runDue()
        #expect(try member.events.take(2) == ["shard finished", "closed"])
        #expect(try member.client.receiveToEnd().isEmpty)
        // What closing it asked of the worker has been asked when the loop is free again.
        try fixture.server.thread.run {}
        _ = fixture.worker.runDue()
        #expect(shard.information.subscribers == 0)
        fixture.stop()
    }

    @Test func whoeverHasLostItsStateGetsAWholeOne() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create(["reconnect_grace_ms": 1000])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        let token = try #require(try member.json()["resume"]?.string)
        let decoder = ReplicaDecoder(schema: BeadWorld.componentSchema)
        fixture.advance(.milliseconds(50))
        _ = try take(member, decoder)
        try acknowledge(fixture, member, 2)
        fixture.advance(.milliseconds(50))
        try fixture.push(.integer(1), from: member, client: 1)
        fixture.advance(.milliseconds(50))
        #expect(try take(member, decoder).baseAge == 2)
        let subscription = try #require(member.subscription)
        try fixture.server.thread.run { shard.resendState(to: subscription.value) }
        _ = fixture.worker.runDue()
        fixture.advance(.milliseconds(50))
        let whole = try take(member, decoder)
        #expect(whole.baseAge == 0 && whole.tick == 5 && whole.outcome == .applied && decoder.count == 1)
        // A connection begins with a whole one, also at a seat that was held, whose bead is still there.
        try fixture.leave(member)
        let again = try fixture.join(shard, as: "a", stream: .v2(resume: token))
        #expect(try again.json()["resumed"] == true)
        fixture.advance(.milliseconds(50))
        let fresh = ReplicaDecoder(schema: BeadWorld.componentSchema)
        let first = try take(again, fresh)
        #expect(first.baseAge == 0 && first.tick == 6 && fresh.count == 1 && fresh[0].isOwned)
        try fixture.leave(again)
        fixture.stop()
    }

    @Test func aShardThatRestsShowsItsStateToNewcomers() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create(["tick_rate_hz": 0])
        let first = try fixture.join(shard, as: "a", stream: .v2())
        _ = try first.json()
        let decoder = ReplicaDecoder(schema: BeadWorld.componentSchema)
        // Before the first step there is no state.
        _ = fixture.worker.runDue()
        try fixture.push(.integer(3), from: first, client: 1)
        fixture.advance(.milliseconds(1))
        #expect(try take(first, decoder).tick == 1 && decoder.count == 1)
        let second = try fixture.join(shard, as: "b", stream: .v2())
        _ = try second.json()
        _ = fixture.worker.runDue()
        let other = ReplicaDecoder(schema: BeadWorld.componentSchema)
        let shown = try take(second, other)
        #expect(shown.tick == 1 && places(other) == [3])
        // Its own bead is there from the next step on.
        try fixture.push(.integer(4), from: second, client: 1)
        fixture.advance(.milliseconds(1))
        let next = try take(second, other)
        #expect(next.tick == 2 && places(other).sorted() == [3, 4])
        fixture.stop()
    }

    // MARK: Desync

    /// Compares a hash as the connection's protocol does; returns whether the client was told of a difference.
    private func differs(
        _ fixture: ShardFixture, _ member: ShardFixture.Member, tick: UInt64, _ hash: UInt64
    ) throws -> Bool {
        let subscription = try #require(member.subscription)
        let heard = Mailbox<Bool>()
        try fixture.server.thread.run {
            subscription.value.compare(tick: tick, hash: hash) { heard.put(true) }
        }
        _ = fixture.worker.runDue()
        // Behind the worker's answer.
        try fixture.server.thread.run { heard.put(false) }
        return try heard.next()
    }

    @Test func aReplicaThatIsAnotherIsNoticed() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create(["hash_ticks": 2])
        let (a, b) = (
            try fixture.join(shard, as: "a", stream: .v2()), try fixture.join(shard, as: "b", stream: .v2())
        )
        #expect(try a.json()["hash_ticks"] == 2)
        _ = try b.json()
        let decoders = [
            ReplicaDecoder(schema: BeadWorld.componentSchema), ReplicaDecoder(schema: BeadWorld.componentSchema),
        ]
        for tick in 2...8 as ClosedRange<UInt64> {
            try fixture.push(.integer(Int64(tick)), from: a, client: tick)
            fixture.advance(.milliseconds(50))
            for (member, decoder) in zip([a, b], decoders) {
                // The subscriber without inputs of its own gets a frame for what the other did.
                #expect(try take(member, decoder).tick == tick)
                try acknowledge(fixture, member, tick)
                guard tick == 2 || tick == 4 else { continue }
                #expect(try !differs(fixture, member, tick: tick, decoder.viewHash))
                #expect(try !differs(fixture, member, tick: tick, 1), "of each tick one is compared")
            }
        }
        // Each sees its own bead's secret, and not the other's.
        #expect(decoders[0].viewHash != decoders[1].viewHash)
        #expect(try !differs(fixture, a, tick: 7, 1), "no hashed tick")
        #expect(try !differs(fixture, a, tick: 10, 1), "not sent yet")
        #expect(fixture.registry.counters.desyncs.value == 0)
        // The state of 6 is another than that of 8.
        #expect(try differs(fixture, a, tick: 6, decoders[0].viewHash))
        #expect(try differs(fixture, b, tick: 8, decoders[1].viewHash ^ 1 << 40))
        #expect(try !differs(fixture, a, tick: 8, decoders[0].viewHash))
        #expect(fixture.registry.counters.desyncs.value == 2)
        // Nothing is known of the shard's own states once it is over.
        shard.stop(.finished)
        _ = fixture.worker.runDue()
        #expect(fixture.registry.counters.desyncs.value == 2)
        fixture.stop()
    }

    @Test func aFloodOfHashesIsNotCompared() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create(["hash_ticks": 1])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        _ = try member.json()
        for _ in 0..<20 {
            try fixture.push(.integer(5), from: member, client: nil)
            fixture.advance(.milliseconds(50))
        }
        let subscription = try #require(member.subscription)
        let heard = Mailbox<UInt64>()
        try fixture.server.thread.run {
            // Frames went out for 2, 3, 5 and 9, ever more rarely without an acknowledgement.
            for tick in [2, 3, 5, 9, 9, 9, 9, 9, 17] as [UInt64] {
                subscription.value.compare(tick: tick, hash: 1) { heard.put(tick) }
            }
        }
        _ = fixture.worker.runDue()
        #expect(try heard.take(4) == [2, 3, 5, 9])
        try fixture.server.thread.run {}
        #expect(heard.count == 0, "the ninth was one too many")
        #expect(try differs(fixture, member, tick: 17, 1))
        fixture.stop()
    }

    // MARK: Settings

    @Test func aWorldDeclaresItsLimits() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create()
        let members = try ["a", "b", "c", "d"].map { try fixture.join(shard, as: $0, stream: .v2()) }
        _ = try members[0].json()
        fixture.advance(.milliseconds(50))
        let decoder = ReplicaDecoder(schema: BeadWorld.componentSchema)
        _ = try take(members[0], decoder)
        // Two of the four, and its own if it is none of them.
        #expect((2...3).contains(decoder.count))
        #expect(fixture.registry.counters.entities.viewsCut.value > 0)
        fixture.stop()
    }

    @Test func aShardsConfigSetsTheBytesOfAFrame() throws {
        func bytes(_ config: JSONValue) throws -> UInt64 {
            let fixture = try ShardFixture(kinds: [CrowdWorld.kind])
            let shard = try fixture.create(config)
            let member = try fixture.join(shard, as: "a", stream: .v2())
            _ = try member.json()
            fixture.advance(.milliseconds(50))
            defer { fixture.stop() }
            return fixture.registry.counters.entities.bytesSent.value
        }
        let whole = try bytes([:])
        #expect(whole > 250)
        let part = try bytes(["bytes_per_frame": 64])
        #expect(part > 40 && part <= 64)
        #expect(try bytes(["bytes_per_frame": 262_144]) == whole)
    }

    @Test func aConfigThatTheWorldCannotDoIsRefused() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind, ShardKind("json") { _ in LedgerWorld() }])
        func problem(_ kind: String, _ config: JSONValue) -> RegistryError? {
            #expect(throws: RegistryError.self) { try fixture.registry.create(id: "x", kind: kind, config: config) }
        }
        #expect(
            problem("json", ["bytes_per_frame": 1000])
                == .invalidConfiguration(
                    ConfigurationError("bytes_per_frame", "needs a kind whose worlds are of entities")))
        // The history is 64 ticks.
        #expect(
            problem("ledger", ["ticks_per_snapshot": 32])
                == .invalidConfiguration(
                    ConfigurationError(
                        "ticks_per_snapshot",
                        "must be at most 31, so that two of them are within the 64 ticks of the world's history")))
        #expect(fixture.registry.get("x") == nil)
        _ = try fixture.create(["ticks_per_snapshot": 31])
        _ = try fixture.create(["ticks_per_snapshot": 10_000], id: "j", kind: "json")
        fixture.stop()
    }

    /// At the rarest publishing that is allowed frames still build on each other, also while an acknowledgement is late.
    @Test func rareFramesAreNoKeyframes() throws {
        let fixture = try ShardFixture(kinds: [BeadWorld.kind])
        let shard = try fixture.create(["ticks_per_snapshot": 31, "tick_rate_hz": 100])
        let member = try fixture.join(shard, as: "a", stream: .v2())
        _ = try member.json()
        let decoder = ReplicaDecoder(schema: BeadWorld.componentSchema)
        var frames: [Taken] = []
        for number in 1...4 as ClosedRange<Int64> {
            try fixture.push(.integer(number), from: member)
            for _ in 0..<31 { fixture.advance(.milliseconds(10)) }
            frames.append(try take(member, decoder))
            if number == 1 || number == 3 { try acknowledge(fixture, member, frames[frames.count - 1].tick) }
        }
        #expect(frames.map(\.tick) == [31, 62, 93, 124])
        #expect(frames.map(\.baseAge) == [0, 31, 62, 31])
        fixture.stop()
    }
}

/// A hundred entities in sight of all.
private struct CrowdWorld: ReplicatedSimulation {
    static let kind = ShardKind("ledger") { _ in CrowdWorld() }
    static let componentSchema = EntityStreamTests.BeadWorld.componentSchema

    var entities = EntityTable(schema: componentSchema, entitiesMaximum: 100)

    init() {
        for place in 0..<100 { _ = try? entities.spawn(0, at: Vector3(Double(place), Double(place))) }
    }

    static func decodeInput(_ json: JSONValue) throws -> Int { 0 }
    mutating func apply(_ input: Int, from subscriber: SubscriberID, _ context: StepContext) throws {}
    mutating func step(_ context: StepContext) {}
    func interest(of subscriber: SubscriberID) -> Interest { .everything }
    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.null() }
}
