import PylonJSON
import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

/// Letters that leave when somebody says so.
private struct PostWorld: HandoffSimulation {
    enum Input: Decodable, Sendable {
        case send(to: String, bytes: Int)
        case sendAndThrow(to: String)
    }

    struct Refusal: Error, CustomStringConvertible {
        var description: String { String(repeating: "ä", count: 1000) }
    }

    var letters: [UInt8] = [1, 2, 3]
    var refuses = false
    var members: [String] = []
    var log: [String] = []

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        switch input {
        case .send(let target, let count):
            try context.handOff(
                [letters[0]] + [UInt8](repeating: 0, count: count), subscriber: subscriber, to: target)
            letters.removeFirst()
            log.append("\(context.handoffsUnderWay) under way")
        case .sendAndThrow(let target):
            try context.handOff([letters[0]], to: target)
            throw Refusal()
        }
    }

    mutating func step(_ context: StepContext) {}

    mutating func receive(_ handoff: Handoff, _ context: StepContext) throws {
        context.broadcast { $0.value("received" as String) }
        if refuses { throw Refusal() }
        letters.append(handoff.payload[0])
        log.append("received, \(members)")
    }

    mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext) {
        letters.append(handoff.payload[0])
        log.append("back: \(reason)")
    }

    mutating func subscriberJoined(_ subscriber: SubscriberID) { members.append(subscriber.name) }
    mutating func subscriberLeft(_ subscriber: SubscriberID) { members.removeAll { $0 == subscriber.name } }
    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) { json.value(1) }
}

@Suite struct HandoffTests {
    private let ann = SubscriberID("ann")

    private func shard(_ name: String, _ world: PostWorld = PostWorld()) -> Shard<PostWorld> {
        var shard = Shard(world: world, configuration: ShardConfiguration(), name: name)
        shard.begin(incarnation: UInt64(name.utf8.first ?? 0))
        return shard
    }

    private func input(_ input: PostWorld.Input, _ number: UInt64 = 1) -> Shard<PostWorld>.QueuedInput {
        .init(sequence: number, clientSequence: number + 10, subscriber: ann, input: input)
    }

    @Test func aSubscriberComesAlongWithItsNumbers() throws {
        var a = shard("a")
        var b = shard("b")
        a.attach(ann)
        a.step(inputs: [input(.send(to: "b", bytes: 0), 7)])
        #expect(a.world.log == ["1 under way"])
        #expect(a.isDeparting(ann))
        let sent = try #require(a.handoffResults.staged.first)
        // The very input that sent it is in there.
        #expect(sent.acknowledgement?.clientSequence == 17)
        b.step(handoffs: [.arrival(sent)], inputs: [])
        #expect(b.world.log == ["received, []"], "the entity is there before its subscriber joins")
        #expect(b.world.members == ["ann"])
        #expect(b.acknowledgement(of: ann)?.clientSequence == 17)
        #expect(b.handoffResults.arrived == [ann])
        a.step(handoffs: b.handoffResults.replies.map { .reply($0) }, inputs: [])
        #expect(a.handoffResults.departed == [sent])
        #expect(!a.isDeparting(ann))
        #expect(a.ledger.outboxCount == 0)
        #expect(a.world.letters + b.world.letters == [2, 3, 1, 2, 3, 1])
    }

    @Test func whatIsRefusedComesBackAndItsEventsAreTakenBack() throws {
        var a = shard("a")
        var b = shard("b", PostWorld(refuses: true))
        a.attach(ann)
        a.step(inputs: [input(.send(to: "b", bytes: 0))])
        let events = EventOutbox()
        b.step(handoffs: a.handoffResults.staged.map { .arrival($0) }, inputs: [], events: events)
        #expect(events.isEmpty)
        #expect(b.world.members.isEmpty)
        a.step(handoffs: b.handoffResults.replies.map { .reply($0) }, inputs: [])
        #expect(a.world.letters == [2, 3, 1])
        // A reason is cut at a character.
        #expect(a.world.log.last == "back: " + String(repeating: "ä", count: 128))
        #expect(!a.isDeparting(ann))
    }

    @Test func whatAnInputHandedOffStaysWhenItThrows() {
        var a = shard("a")
        a.attach(ann)
        a.step(inputs: [input(.sendAndThrow(to: "b"))])
        #expect(a.ledger.outboxCount == 0)
        #expect(a.handoffResults.staged.isEmpty)
        #expect(a.world.letters == [1, 2, 3])
    }

    @Test(arguments: [
        ("a", 0), ("", 0), (String(repeating: "x", count: 129), 0), ("b", Handoff.payloadBytesMaximum),
    ])
    func whatCannotLeaveStays(target: String, bytes: Int) {
        var a = shard("a")
        a.attach(ann)
        a.step(inputs: [input(.send(to: target, bytes: bytes))])
        #expect(a.inputsFailed == 1)
        #expect(a.world.letters == [1, 2, 3])
        #expect(a.ledger.outboxCount == 0)
    }

    @Test func whereSomebodyWentIsSavedUntilItComesBack() throws {
        var a = shard("a")
        var b = shard("b")
        a.attach(ann)
        a.step(inputs: [input(.send(to: "b", bytes: 0))])
        #expect(a.ledger.departures.isEmpty, "it may still come back")
        b.step(handoffs: a.handoffResults.staged.map { .arrival($0) }, inputs: [])
        a.step(handoffs: b.handoffResults.replies.map { .reply($0) }, inputs: [])
        #expect(a.ledger.departures[ann] == "b")
        #expect(try restored(a).ledger.departures[ann] == "b")
        a.attach(ann)
        #expect(a.ledger.departures.isEmpty)
    }

    /// What comes back of a shard that is saved, or of the same in an earlier version's form.
    private func restored(
        _ shard: Shard<PostWorld>, from change: ([UInt8]) -> [UInt8] = { $0 }
    ) throws -> Shard<PostWorld> {
        var state = StateWriter()
        shard.save(into: &state)
        var reader = StateReader(change(state.copyBytes()))
        defer { #expect(reader.remaining == 0) }
        return try Shard(
            world: shard.world, configuration: shard.configuration, name: shard.ledger.party.shard, restoring: &reader)
    }

    @Test func whatVersion2SavedIsStillRead() throws {
        var a = shard("a")
        a.attach(ann)
        a.attach(ann)
        a.step(inputs: [input(.send(to: "b", bytes: 0))])
        let back = try restored(a) { bytes in
            // It had neither departures nor the mark of the end: a count of 0, and a false.
            #expect(bytes.first == 3 && bytes.suffix(2) == [0, 0])
            return [2] + bytes.dropFirst().dropLast(2)
        }
        #expect(back.ledger == a.ledger && back.isDeparting(ann) && !back.isConcluded)
        #expect(back.connectionCount == 2)
    }

    @Test func anEndedShardTakesAnswersAndNothingElse() throws {
        var a = shard("a")
        var b = shard("b")
        a.attach(ann)
        for number in 0..<3 { a.step(inputs: [input(.send(to: "b", bytes: 0), UInt64(number + 1))]) }
        let sent = a.ledger.unsettled
        b.step(handoffs: [.arrival(sent[0])], inputs: [])
        let accepted = try #require(b.handoffResults.replies.first)
        a.conclude()
        a = try restored(a)
        #expect(a.isConcluded)
        let log = a.world.log
        guard case .nothing = a.settle(.reply(accepted)) else { throw PostWorld.Refusal() }
        let refusal = HandoffReply(
            source: sent[1].source, target: "b", sequence: sent[1].sequence, outcome: .refused(reason: "full"))
        guard case .lost(sent[1]) = a.settle(.reply(refusal)) else { throw PostWorld.Refusal() }
        guard case .nothing = a.settle(.reply(refusal)) else { throw PostWorld.Refusal() }
        #expect(a.ledger.unsettled.map(\.sequence) == [sent[2].sequence])
        #expect(a.world.log == log)
        // The other side, ended: what it has it has, what is new it refuses, what is early waits.
        b.conclude()
        guard case .answer(accepted) = b.settle(.arrival(sent[0])) else { throw PostWorld.Refusal() }
        guard case .nothing = b.settle(.arrival(sent[2])) else { throw PostWorld.Refusal() }
        guard case .answer(let reply) = b.settle(.arrival(sent[1])) else { throw PostWorld.Refusal() }
        #expect(reply.outcome == .refused(reason: "the shard has ended"))
    }

    @Test(arguments: [true, false])
    func whoMayNotComeIsRefused(isForPlayers: Bool) throws {
        var configuration = ShardConfiguration()
        if isForPlayers { configuration.playersMaximum = 1 } else { configuration.subscribersMaximum = 1 }
        var b = Shard(world: PostWorld(), configuration: configuration, name: "b")
        b.attach(SubscriberID("bob"))
        var a = shard("a")
        a.attach(ann)
        a.step(inputs: [input(.send(to: "b", bytes: 0))])
        b.step(handoffs: a.handoffResults.staged.map { .arrival($0) }, inputs: [])
        #expect(b.handoffResults.replies.first?.outcome == .refused(reason: "the shard is full"))
        #expect(b.world.log.isEmpty)
    }

    @Test func theBooksAreSavedAndReadOrRefusedAtEveryByte() throws {
        var a = shard("a")
        var b = shard("b", PostWorld(refuses: true))
        a.attach(ann)
        b.attach(ann)
        for number in 0..<3 {
            a.step(inputs: [input(.send(to: number == 1 ? "c" : "b", bytes: 0), UInt64(number + 1))])
        }
        let sent = a.ledger.unsettled
        b.step(handoffs: sent.map { .arrival($0) }, inputs: [input(.send(to: "a", bytes: 0))])
        for shard in [a, b] {
            var state = StateWriter()
            shard.save(into: &state)
            let bytes = state.copyBytes()
            var reader = StateReader(bytes)
            let name = shard.ledger.party.shard
            let back = try Shard(
                world: shard.world, configuration: shard.configuration, name: name, restoring: &reader)
            try reader.finish()
            #expect(back.ledger == shard.ledger)
            #expect(back.isDeparting(ann))
            for count in 0..<bytes.count {
                var reader = StateReader(Array(bytes.prefix(count)))
                #expect(throws: StateError.self, "the first \(count) bytes") {
                    try Shard(world: PostWorld(), configuration: ShardConfiguration(), name: name, restoring: &reader)
                }
            }
            var chance = SeededGenerator(seed: testSeed())
            for _ in 0..<3000 {
                var damaged = bytes
                for _ in 0...(chance.next() % 3) {
                    damaged[Int(chance.next() % UInt64(bytes.count))] = UInt8(chance.next() & 255)
                }
                var reader = StateReader(damaged)
                guard
                    var other = try? Shard(
                        world: PostWorld(), configuration: ShardConfiguration(), name: name, restoring: &reader)
                else { continue }
                // Whatever was read does not trap later.
                other.step(handoffs: sent.map { .arrival($0) }, inputs: [])
            }
        }
    }

    @Test func anEventIsWrittenAndReadOrRefusedAtEveryByte() throws {
        var a = shard("a")
        var b = shard("b", PostWorld(refuses: true))
        a.attach(ann)
        a.step(inputs: [input(.send(to: "b", bytes: 3))])
        b.step(handoffs: a.handoffResults.staged.map { .arrival($0) }, inputs: [])
        let accepted = HandoffReply(
            source: HandoffParty(shard: "a", incarnation: .max), target: "b", sequence: 5, outcome: .accepted)
        let events =
            a.handoffResults.staged.map { HandoffEvent.arrival($0) } + b.handoffResults.replies.map { .reply($0) }
            + [.reply(accepted)]
        for event in events {
            var state = StateWriter()
            event.write(into: &state)
            let bytes = state.copyBytes()
            var reader = StateReader(bytes)
            let back = try HandoffEvent(reading: &reader)
            #expect(back == event)
            for count in 0..<bytes.count {
                var reader = StateReader(Array(bytes.prefix(count)))
                #expect(throws: StateError.self) { try HandoffEvent(reading: &reader) }
            }
        }
    }
}
