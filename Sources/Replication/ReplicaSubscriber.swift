internal import PylonSimulation

/// What a replicator keeps of one subscriber.
final class ReplicaSubscriber {
    /// A view that was sent.
    struct Sent {
        let view: SentView
        /// The slots whose owner-only fields went with it, rising, as they were at ``ownedTick``.
        let owned: ContiguousArray<UInt32>
        var ownedTick: UInt64
    }

    /// Whose owner-only fields it gets; nil for those who only look on.
    let owner: SubscriberID?
    let serial: UInt32
    var interest: Interest
    /// Bytes of a frame; nil is what the limits say.
    var bytesPerFrame: Int?
    /// The cell from which it looks; nil before it first does.
    var centre: Cell?
    /// The newest view that the client has.
    var base: Sent?
    /// Views sent since, in the order of their ticks.
    var inFlight: ContiguousArray<Sent> = []
    /// Views of hashed ticks, for clients to compare theirs with.
    var hashed: ContiguousArray<Sent> = []
    /// The newest hashed tick.
    var hashedTickLast: UInt64 = 0
    /// Without a base it gets keyframes ever more rarely, until it acknowledges one.
    var keyframeTickNext: UInt64 = 0
    var keyframeSpacing: UInt64 = 1
    /// What did not fit and how urgent it became.
    var pendingSlots: ContiguousArray<UInt32> = []
    var pendingPriorities: ContiguousArray<Float> = []
    /// During a tick: whether something is packed for it, and its group.
    var isMeant = true
    var group = 0

    init(owner: SubscriberID?, serial: UInt32, interest: Interest) {
        self.owner = owner
        self.serial = serial
        self.interest = interest
    }
}
