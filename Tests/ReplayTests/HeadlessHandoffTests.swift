import PylonJSON
import PylonReplay
import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

/// How a game tests its hand-offs: the example of docs/replay.md, and what it leaves out.
@Suite struct HeadlessHandoffTests {
    /// A port with boats, each named for who sails it.
    struct PortWorld: PersistentSimulation, HandoffSimulation {
        struct Input: Decodable, Sendable {
            let sail: String
        }

        struct Full: Error, CustomStringConvertible {
            let description = "the port is full"
        }

        var boats: [String]
        private let berths: Int

        init(boats: [String] = [], berths: Int = 2) {
            self.boats = boats
            self.berths = berths
        }

        mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
            guard let index = boats.firstIndex(of: subscriber.name) else { return }
            try context.handOff(Array(boats[index].utf8), subscriber: subscriber, to: input.sail)
            boats.remove(at: index)
        }

        mutating func step(_ context: StepContext) {}

        mutating func receive(_ handoff: Handoff, _ context: StepContext) throws {
            guard boats.count < berths else { throw Full() }
            boats.append(String(decoding: handoff.payload, as: UTF8.self))
        }

        mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext) {
            boats.append(String(decoding: handoff.payload, as: UTF8.self))
        }

        func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
            json.beginArray()
            for boat in boats { json.value(boat) }
            json.endArray()
        }

        func save(into state: inout StateWriter) { state.write(boats) { $1.write($0) } }

        init(restoring state: inout StateReader, setup: ShardSetup) throws {
            self.init(
                boats: try state.readArray { (state) throws(StateError) in try state.readString(bytesMaximum: 64) })
        }
    }

    private let ann = SubscriberID("ann")

    private func port(_ id: String, _ boats: String...) throws -> HeadlessShard<PortWorld> {
        let setup = ShardSetup(id: id, config: [:], seed: 1, clock: ManualClock())
        return try HeadlessShard(setup, kind: "port") { _ in PortWorld(boats: boats) }
    }

    @Test func aBoatSailsFromPortToPort() throws {
        let harbour = try port("harbour", "ann")
        let island = try port("island")
        harbour.attach(ann)
        try harbour.input(["sail": "island"], from: ann)
        harbour.step()
        for handoff in harbour.takeHandoffs() { island.handIn(handoff) }
        island.step()
        for reply in island.takeReplies() { harbour.answer(reply) }
        harbour.step()
        #expect(harbour.shard.world.boats.isEmpty && island.shard.world.boats == ["ann"])
        #expect(!harbour.shard.isAttached(ann) && island.shard.isAttached(ann))
    }

    @Test func aBoatThatIsRefusedComesBack() throws {
        let harbour = try port("harbour", "ann", "bob")
        harbour.attach(ann)
        try harbour.input(["sail": "island"], from: ann)
        harbour.step()
        let handoff = try #require(harbour.takeHandoffs().first)
        #expect(handoff.subscriber == ann && handoff.target == "island" && handoff.payload == Array("ann".utf8))
        #expect(harbour.takeHandoffs().isEmpty)
        // On its way: she is asked to wait.
        #expect(throws: ShardError.moving) { try harbour.input(["sail": "island"], from: ann) }
        harbour.answer(handoff, .refused(reason: "no room"))
        harbour.step()
        #expect(harbour.shard.world.boats == ["bob", "ann"])
        #expect(harbour.shard.isAttached(ann))
        // The answer to what has been answered changes nothing.
        harbour.answer(handoff, .accepted)
        harbour.step()
        #expect(harbour.shard.world.boats == ["bob", "ann"] && harbour.shard.isAttached(ann))
    }

    @Test func aTestMayStandForTheOtherPort() throws {
        let harbour = try port("harbour", "bob")
        try harbour.handIn(Array("ann".utf8), subscriber: ann)
        try harbour.handIn(Array("cid".utf8), from: "the moon")
        harbour.step()
        let replies = harbour.takeReplies()
        #expect(replies.map(\.outcome) == [.accepted, .refused(reason: "the port is full")])
        #expect(replies.map(\.source.shard) == ["elsewhere", "the moon"])
        #expect(harbour.shard.world.boats == ["bob", "ann"])
        harbour.detach(ann)
        #expect(!harbour.shard.isAttached(ann))
        #expect(throws: HandoffError.payloadTooLarge) {
            try harbour.handIn([UInt8](repeating: 0, count: Handoff.payloadBytesMaximum + 1))
        }
        #expect(throws: HandoffError.sameShard) { try harbour.handIn([], from: "harbour") }
    }

    @Test func whatComesTwiceIsTakenInOnceOverARestart() throws {
        let harbour = try port("harbour", "ann")
        let island = try port("island")
        harbour.attach(ann)
        try harbour.input(["sail": "island"], from: ann)
        harbour.step()
        let handoff = try #require(harbour.takeHandoffs().first)
        island.handIn(handoff)
        island.step()
        try island.restart()
        island.handIn(handoff)
        island.step()
        #expect(island.takeReplies().map(\.outcome) == [.accepted, .accepted])
        #expect(island.shard.world.boats == ["ann"])
    }
}
