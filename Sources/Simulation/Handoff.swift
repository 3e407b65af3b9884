/// Something that moves from one shard to another: an entity with all that belongs to it, and often the subscriber who plays it.
///
/// It names no address and holds no reference, so it can cross machines as it crosses threads.
public struct Handoff: Hashable, Sendable {
    /// Bytes of a payload, at most.
    public static let payloadBytesMaximum = 64 * 1024

    /// The shard it leaves.
    public let source: HandoffParty
    /// The shard it goes to.
    public let target: String
    /// Counts what goes from this source to this target, 1... without gaps.
    public let sequence: UInt64
    /// Everything up to here has come to its end at the source: whoever has never heard of the source begins behind it.
    public package(set) var settled: UInt64
    /// Whose stream goes along; nil for an entity that nobody plays.
    public let subscriber: SubscriberID?
    /// The newest input of that subscriber that the source has applied.
    public let acknowledgement: Acknowledgement?
    /// The entity, in whatever form the two worlds have agreed on.
    public let payload: [UInt8]
}

/// A shard as the other side of a hand-off knows it.
public struct HandoffParty: Hashable, Sendable {
    public let shard: String
    /// Tells a shard from an earlier one of the same name; one that comes back with its state keeps it.
    public let incarnation: UInt64

    /// 128 bytes: what a registry allows.
    static let nameBytesMaximum = 128

    public init(shard: String, incarnation: UInt64) {
        self.shard = shard
        self.incarnation = incarnation
    }
}

/// What a target says to a hand-off.
public struct HandoffReply: Hashable, Sendable {
    /// Who is answered.
    public let source: HandoffParty
    /// Who answers.
    public let target: String
    public let sequence: UInt64
    public let outcome: HandoffOutcome

    /// Bytes of a reason, at most.
    static let reasonBytesMaximum = 256

    package init(source: HandoffParty, target: String, sequence: UInt64, outcome: HandoffOutcome) {
        self.source = source
        self.target = target
        self.sequence = sequence
        self.outcome = outcome
    }
}

/// What became of a hand-off at its target.
public enum HandoffOutcome: Hashable, Sendable {
    /// It is there now, and nowhere else.
    case accepted
    /// The target will not have it: the source takes it back.
    case refused(reason: String)
}

/// Why nothing was handed off.
public enum HandoffError: Error, Hashable, Sendable {
    /// Too many are on their way already; try again in a later step.
    case outboxFull
    /// The payload is longer than ``Handoff/payloadBytesMaximum``.
    case payloadTooLarge
    /// The target is this very shard.
    case sameShard
    /// No shard has such a name: it is empty, or longer than 128 bytes.
    case targetInvalid
    /// It has handed things to ``HandoffLedger/partiesMaximum`` shards already, and this is another.
    case tooManyTargets
    /// The world is no `HandoffSimulation`: it could take nothing back.
    case unsupported
}
