/// A shard's books on what it hands to others and gets from them: the reason that everything arrives exactly once.
///
/// It belongs to the shard's state and is saved and restored with it. Two rules make that enough, whoever dies when:
/// - a hand-off goes out only when the state in which the entity is gone, and the hand-off in the outbox, is durable;
/// - it is answered only when the state in which it has arrived is durable.
///
/// The source sends what is not settled again and again; the target passes over what it has had. So an entity is in the source's world, or
/// in its outbox, or in the target's world: never in two of them that survive, never in none.
public struct HandoffLedger: Hashable, Sendable {
    /// Hand-offs on their way from one shard, at most: 4,096.
    public static let outboxMaximum = 4096

    /// Shards to which one hands things, and shards from which it gets them, in its life, at most: 1,024 each.
    public static let partiesMaximum = 1024

    /// Subscribers who left with what they play and of whom it is known where to, at most: 4,096. The oldest go first.
    package static let departuresMaximum = 4096

    /// This shard.
    public private(set) var party: HandoffParty
    /// By target, in the order of the first hand-off to each: nothing here depends on hashing.
    package private(set) var lanes: [Lane] = []
    /// By source, in the order of the first arrival from each.
    package private(set) var arrivals: [Arrivals] = []
    /// Where subscribers went who left with what they play, until they come back. No part of the hashes of states: no world depends on it.
    package var departures = NewestBySubscriber<String>(countMaximum: departuresMaximum)

    /// What goes to one target.
    package struct Lane: Hashable, Sendable {
        package let target: String
        /// The newest number given out.
        package var sequenceLast: UInt64 = 0
        /// Everything up to here is settled.
        package var settled: UInt64 = 0
        /// What is not, oldest first, with whether it has been answered: answers may overtake each other.
        package var outbox: [Entry] = []

        /// One hand-off that is not settled.
        package struct Entry: Hashable, Sendable {
            package let handoff: Handoff
            package var isAnswered = false
        }
    }

    /// What came from one source.
    package struct Arrivals: Hashable, Sendable {
        package var source: HandoffParty
        /// The newest one dealt with.
        package var sequenceLast: UInt64
        /// Those among them that were refused and that the source may still ask about.
        package var refusals: [Refusal] = []

        /// One hand-off that was refused, and why.
        package struct Refusal: Hashable, Sendable {
            package let sequence: UInt64
            package let reason: String
        }
    }

    public init(party: HandoffParty) {
        self.party = party
    }

    /// Puts saved books back.
    package init(party: HandoffParty, lanes: [Lane], arrivals: [Arrivals]) {
        self.party = party
        self.lanes = lanes
        self.arrivals = arrivals
    }

    /// Whether nothing was ever handed to or from this shard.
    var isUnused: Bool { lanes.isEmpty && arrivals.isEmpty }

    /// Gives a shard that has none yet its incarnation.
    package mutating func begin(incarnation: UInt64) {
        guard party.incarnation == 0 else { return }
        party = HandoffParty(shard: party.shard, incarnation: incarnation)
    }

    /// How many hand-offs are not settled.
    public var outboxCount: Int { lanes.reduce(0) { $0 + $1.outbox.count } }

    // MARK: The source

    /// Puts something into the outbox. The world has let go of it in the same step.
    public mutating func stage(
        _ payload: [UInt8], subscriber: SubscriberID? = nil, acknowledgement: Acknowledgement? = nil, to target: String
    ) throws(HandoffError) -> Handoff {
        guard target != party.shard else { throw .sameShard }
        guard payload.count <= Handoff.payloadBytesMaximum else { throw .payloadTooLarge }
        guard outboxCount < Self.outboxMaximum else { throw .outboxFull }
        let index = lanes.firstIndex { $0.target == target } ?? lanes.count
        if index == lanes.count {
            guard lanes.count < Self.partiesMaximum else { throw .tooManyTargets }
            lanes.append(Lane(target: target))
        }
        lanes[index].sequenceLast += 1
        let handoff = Handoff(
            source: party, target: target, sequence: lanes[index].sequenceLast, settled: lanes[index].settled,
            subscriber: subscriber, acknowledgement: acknowledgement, payload: payload)
        lanes[index].outbox.append(Lane.Entry(handoff: handoff))
        return handoff
    }

    /// What is not settled, in order: to be sent once durable, and again when no answer comes.
    public var unsettled: [Handoff] {
        lanes.flatMap { lane in
            lane.outbox.filter { !$0.isAnswered }.map { entry in
                var handoff = entry.handoff
                handoff.settled = lane.settled
                return handoff
            }
        }
    }

    /// What `reply` is the first answer to; nil when it answers nothing that is on its way.
    package func awaited(_ reply: HandoffReply) -> Handoff? {
        guard reply.source == party, let lane = lanes.first(where: { $0.target == reply.target }) else { return nil }
        return lane.outbox.first { $0.handoff.sequence == reply.sequence && !$0.isAnswered }?.handoff
    }

    /// Takes an answer. Returns the hand-off that has to be taken back into the world, if it was refused and that was not known yet.
    public mutating func settle(_ reply: HandoffReply) -> (handoff: Handoff, reason: String)? {
        guard reply.source == party, let index = lanes.firstIndex(where: { $0.target == reply.target }),
            let place = lanes[index].outbox.firstIndex(where: { $0.handoff.sequence == reply.sequence }),
            !lanes[index].outbox[place].isAnswered
        else { return nil }
        lanes[index].outbox[place].isAnswered = true
        let handoff = lanes[index].outbox[place].handoff
        while let first = lanes[index].outbox.first, first.isAnswered {
            lanes[index].settled = first.handoff.sequence
            lanes[index].outbox.removeFirst()
        }
        if case .refused(let reason) = reply.outcome { return (handoff, reason) }
        return nil
    }

    // MARK: The target

    /// What a target does with a hand-off that came.
    public enum Receipt: Hashable, Sendable {
        /// It is new: take it in, then call ``HandoffLedger/conclude(_:_:)``.
        case new
        /// It has been dealt with: answer again.
        case known(HandoffReply)
        /// Earlier ones are missing; the source sends them again.
        case early
    }

    /// Looks a hand-off up. One more source than ``partiesMaximum`` has to wait for ever.
    public mutating func receive(_ handoff: Handoff) -> Receipt {
        let isKnown = arrivals.contains { $0.source.shard == handoff.source.shard }
        guard isKnown || arrivals.count < Self.partiesMaximum else { return .early }
        let index = arrivalsIndex(of: handoff)
        arrivals[index].refusals.removeAll { $0.sequence <= handoff.settled }
        // What was settled without this shard, while there was none of its name.
        arrivals[index].sequenceLast = max(arrivals[index].sequenceLast, handoff.settled)
        let last = arrivals[index].sequenceLast
        if handoff.sequence == last + 1 { return .new }
        if handoff.sequence > last { return .early }
        let refusal = arrivals[index].refusals.first { $0.sequence == handoff.sequence }
        return .known(reply(to: handoff, refusal.map { .refused(reason: $0.reason) } ?? .accepted))
    }

    /// Notes what became of a hand-off that ``receive(_:)`` called new. The answer goes out when this is durable.
    public mutating func conclude(_ handoff: Handoff, _ outcome: HandoffOutcome) -> HandoffReply {
        let index = arrivalsIndex(of: handoff)
        precondition(handoff.sequence == arrivals[index].sequenceLast + 1, "concluding what is not new")
        arrivals[index].sequenceLast = handoff.sequence
        if case .refused(let reason) = outcome {
            arrivals[index].refusals.append(Arrivals.Refusal(sequence: handoff.sequence, reason: reason))
        }
        return reply(to: handoff, outcome)
    }

    private func reply(to handoff: Handoff, _ outcome: HandoffOutcome) -> HandoffReply {
        HandoffReply(source: handoff.source, target: party.shard, sequence: handoff.sequence, outcome: outcome)
    }

    /// A source that is new, or has lost its state, begins behind what it has settled.
    private mutating func arrivalsIndex(of handoff: Handoff) -> Int {
        let index = arrivals.firstIndex { $0.source.shard == handoff.source.shard } ?? arrivals.count
        if index == arrivals.count {
            arrivals.append(Arrivals(source: handoff.source, sequenceLast: handoff.settled))
        } else if arrivals[index].source != handoff.source {
            arrivals[index] = Arrivals(source: handoff.source, sequenceLast: handoff.settled)
        }
        return index
    }
}
