public import PylonSimulation

/// What goes from a headless shard to others and back, until a test takes it.
struct HeadlessHandoffs {
    /// For the next step.
    private var waiting: [HandoffEvent] = []
    var handedOff: [Handoff] = []
    var replies: [HandoffReply] = []
    /// The books of sources that a test makes up.
    private var offices: [String: HandoffLedger] = [:]

    mutating func takeWaiting() -> [HandoffEvent] {
        defer { waiting.removeAll(keepingCapacity: true) }
        return waiting
    }

    mutating func put(_ event: HandoffEvent) { waiting.append(event) }

    /// Something that nobody but the test hands to `target`.
    mutating func makeUp(
        _ payload: [UInt8], _ subscriber: SubscriberID?, from source: String, to target: String
    ) throws(HandoffError) {
        var office = offices[source] ?? HandoffLedger(party: HandoffParty(shard: source, incarnation: 1))
        waiting.append(.arrival(try office.stage(payload, subscriber: subscriber, to: target)))
        offices[source] = office
    }

    /// Takes what a step came to; returns those who have left for good.
    mutating func take(_ results: HandoffResults) -> [SubscriberID] {
        guard !results.isEmpty else { return [] }
        handedOff += results.staged
        for reply in results.replies { _ = offices[reply.source.shard]?.settle(reply) }
        replies += results.replies
        return results.departed.compactMap(\.subscriber)
    }
}

/// Hand-offs without a server: the test carries them from shard to shard, or stands for the other one.
extension HeadlessShard where World: HandoffSimulation {
    /// Takes what the world has handed off since the last call. Each waits for its ``answer(_:)``; until then inputs of its subscriber are refused.
    public func takeHandoffs() -> [Handoff] {
        defer { handoffs.handedOff.removeAll() }
        return handoffs.handedOff
    }

    /// Gives the next step something that another headless shard has handed off. One that comes twice is taken in once.
    ///
    /// A subscriber who comes along has a connection from then on, until ``detach(_:as:)``.
    public func handIn(_ handoff: Handoff) { handoffs.put(.arrival(handoff)) }

    /// Gives the next step something as if the shard called `source` handed it off. Throws what such a shard's world would hear.
    public func handIn(
        _ payload: [UInt8], subscriber: SubscriberID? = nil, from source: String = "elsewhere"
    ) throws(HandoffError) {
        try handoffs.makeUp(payload, subscriber, from: source, to: setup.id)
    }

    /// Takes what the world has said since the last call to what was handed in.
    public func takeReplies() -> [HandoffReply] {
        defer { handoffs.replies.removeAll() }
        return handoffs.replies
    }

    /// Gives the next step the other shard's answer. With an acceptance the connections of a subscriber who went along are gone, as on a server; a
    /// refusal is taken back by the world.
    public func answer(_ reply: HandoffReply) { handoffs.put(.reply(reply)) }

    /// Gives the next step an answer to something that was handed off.
    public func answer(_ handoff: Handoff, _ outcome: HandoffOutcome) {
        answer(
            HandoffReply(
                source: handoff.source, target: handoff.target, sequence: handoff.sequence, outcome: outcome))
    }
}
