import PylonSimulation
import PylonTestSupport
import PylonTime
import Testing

@Suite struct HandoffLedgerTests {
    private let source = HandoffParty(shard: "a", incarnation: 1)
    private let target = HandoffParty(shard: "b", incarnation: 2)

    @Test func `a hand-off is taken in once, however often it comes`() throws {
        var a = HandoffLedger(party: source)
        var b = HandoffLedger(party: target)
        let sent = try a.stage([7], subscriber: SubscriberID("u1"), to: "b")
        #expect(a.unsettled == [sent])
        #expect(b.receive(sent) == .new)
        let reply = b.conclude(sent, .accepted)
        #expect(b.receive(sent) == .known(reply))
        #expect(a.settle(reply) == nil)
        #expect(a.unsettled.isEmpty)
        #expect(a.outboxCount == 0)
        let again = a.settle(reply)
        #expect(again == nil)
    }

    @Test func `what the target refuses comes back once`() throws {
        var a = HandoffLedger(party: source)
        var b = HandoffLedger(party: target)
        let sent = try a.stage([7], to: "b")
        #expect(b.receive(sent) == .new)
        let reply = b.conclude(sent, .refused(reason: "full"))
        #expect(b.receive(sent) == .known(reply), "the answer may have been lost")
        let back = a.settle(reply)
        #expect(back?.handoff == sent)
        #expect(back?.reason == "full")
        let again = a.settle(reply)
        #expect(again == nil)
        let next = try a.stage([8], to: "b")
        #expect(b.receive(next) == .new)
        #expect(b.arrivals[0].refusals.isEmpty, "nobody asks about it any more")
    }

    @Test func `a gap waits for what is missing`() throws {
        var a = HandoffLedger(party: source)
        var b = HandoffLedger(party: target)
        let first = try a.stage([1], to: "b")
        let second = try a.stage([2], to: "b")
        #expect(b.receive(second) == .early)
        #expect(b.receive(first) == .new)
        _ = b.conclude(first, .accepted)
        #expect(b.receive(second) == .new)
    }

    @Test func `a source of the same name that has lost its state begins anew`() throws {
        var b = HandoffLedger(party: target)
        var former = HandoffLedger(party: source)
        let old = try former.stage([1], to: "b")
        #expect(b.receive(old) == .new)
        _ = b.conclude(old, .accepted)
        var later = HandoffLedger(party: HandoffParty(shard: "a", incarnation: 9))
        let new = try later.stage([2], to: "b")
        #expect(b.receive(new) == .new)
    }

    @Test func `a target that has lost its state begins behind what is settled`() throws {
        var a = HandoffLedger(party: source)
        var b = HandoffLedger(party: target)
        let first = try a.stage([1], to: "b")
        _ = b.receive(first)
        _ = a.settle(b.conclude(first, .accepted))
        let second = try a.stage([2], to: "b")
        var fresh = HandoffLedger(party: HandoffParty(shard: "b", incarnation: 3))
        #expect(fresh.receive(second) == .new)
    }

    @Test func `what cannot be handed off is refused`() throws {
        var a = HandoffLedger(party: source)
        #expect(throws: HandoffError.sameShard) { try a.stage([], to: "a") }
        #expect(throws: HandoffError.payloadTooLarge) {
            try a.stage([UInt8](repeating: 0, count: Handoff.payloadBytesMaximum + 1), to: "b")
        }
        for _ in 0..<HandoffLedger.outboxMaximum { _ = try a.stage([], to: "b") }
        #expect(throws: HandoffError.outboxFull) { try a.stage([], to: "b") }
    }

    /// Three shards hand 60 entities to each other over a network that loses, doubles and delays, and die at any moment: what was not
    /// saved is forgotten. After every death the saved states hold each entity exactly once.
    @Test func `every entity is somewhere, once, whatever dies when`() throws {
        var model = HandoffModel(shards: 3, entities: 60, seed: testSeed())
        var moves = 0
        for round in 0..<20_000 {
            moves += try model.turn()
            if round % 10 == 0 { #expect(model.entitiesSaved == model.entitiesAll, "round \(round)") }
        }
        #expect(moves > 500, "\(moves)")
        #expect(model.deaths > 500)
    }
}

/// Shards with saved states, and messages between them that may be lost, doubled and late.
private struct HandoffModel {
    private struct ShardState {
        var ledger: HandoffLedger
        var entities: [UInt8]
    }

    private var live: [ShardState]
    private var saved: [ShardState]
    private var handoffs: [Handoff] = []
    private var replies: [HandoffReply] = []
    /// Answers that wait for their shard to be saved.
    private var unsavedReplies: [[HandoffReply]]
    private var random: SeededGenerator
    private(set) var deaths = 0
    let entitiesAll: [UInt8]

    init(shards: Int, entities: Int, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        entitiesAll = (0..<entities).map { UInt8($0) }
        live = (0..<shards).map { index in
            ShardState(
                ledger: HandoffLedger(party: HandoffParty(shard: "\(index)", incarnation: UInt64(index))),
                entities: index == 0 ? (0..<entities).map { UInt8($0) } : [])
        }
        saved = live
        unsavedReplies = Array(repeating: [], count: shards)
    }

    /// The entities in the saved worlds, and in saved outboxes that the saved target does not know of yet.
    var entitiesSaved: [UInt8] {
        var found = saved.flatMap(\.entities)
        for source in saved {
            for handoff in source.ledger.unsettled {
                var target = saved[Int(handoff.target) ?? 0].ledger
                // A refusal means that it is still the source's.
                if case .known(let reply) = target.receive(handoff), reply.outcome == .accepted { continue }
                found += handoff.payload
            }
        }
        return found.sorted()
    }

    /// One thing happens; returns how many entities set out.
    mutating func turn() throws -> Int {
        let index = Int.random(in: 0..<live.count, using: &random)
        switch Int.random(in: 0..<12, using: &random) {
        case 0...1: return try move(from: index)
        case 2: save(index)
        case 3...6: deliverHandoff()
        case 7...10: deliverReply()
        default: die(index)
        }
        return 0
    }

    private mutating func move(from index: Int) throws -> Int {
        guard let entity = live[index].entities.randomElement(using: &random) else { return 0 }
        let target = (index + Int.random(in: 1..<live.count, using: &random)) % live.count
        live[index].entities.removeAll { $0 == entity }
        _ = try live[index].ledger.stage([entity], to: "\(target)")
        return 1
    }

    /// What is durable may be told, again and again.
    private mutating func save(_ index: Int) {
        saved[index] = live[index]
        handoffs += saved[index].ledger.unsettled
        replies += unsavedReplies[index]
        unsavedReplies[index] = []
        // The network loses the oldest.
        if handoffs.count > 60 { handoffs.removeFirst(handoffs.count - 60) }
        if replies.count > 60 { replies.removeFirst(replies.count - 60) }
    }

    /// One of the first messages on their way; now and then a copy of it stays behind.
    private static func next<Message>(_ messages: inout [Message], _ random: inout SeededGenerator) -> Message? {
        guard !messages.isEmpty else { return nil }
        let index = Int.random(in: 0..<min(4, messages.count), using: &random)
        return Int.random(in: 0..<8, using: &random) == 0 ? messages[index] : messages.remove(at: index)
    }

    private mutating func deliverHandoff() {
        guard let handoff = Self.next(&handoffs, &random), let index = Int(handoff.target) else { return }
        switch live[index].ledger.receive(handoff) {
        case .early: break
        case .known(let reply): unsavedReplies[index].append(reply)
        case .new:
            let isRefused = Int.random(in: 0..<5, using: &random) == 0
            if !isRefused { live[index].entities += handoff.payload }
            unsavedReplies[index].append(
                live[index].ledger.conclude(handoff, isRefused ? .refused(reason: "no room") : .accepted))
        }
    }

    private mutating func deliverReply() {
        guard let reply = Self.next(&replies, &random), let index = Int(reply.source.shard) else { return }
        if let back = live[index].ledger.settle(reply) { live[index].entities += back.handoff.payload }
    }

    private mutating func die(_ index: Int) {
        deaths += 1
        live[index] = saved[index]
        unsavedReplies[index] = []
    }
}
