internal import PylonBytes
internal import PylonFanout
internal import PylonJSON
internal import PylonReplication
internal import PylonSimulation
internal import PylonStreamProtocol
internal import PylonTime

/// The state of a world of entities: each subscriber gets what changed of what it may see since the state it has acknowledged. What many
/// get alike is packed once.
final class EntityStream<World: ReplicatedSimulation>: StateStream<World> {
    private final class Member {
        let subscriber: SubscriberID
        let role: SubscriberRole
        let recipient: MessageRecipient
        let handle: Replicator.Handle
        private let sequenceIgnored: UInt64?
        /// The acknowledgement in the newest frame.
        var acknowledged: UInt64?
        var awaitsFirst = true

        init(_ request: SubscribeRequest, _ session: SessionStart, _ handle: Replicator.Handle) {
            subscriber = request.subscriber
            role = request.role
            recipient = session.recipient
            sequenceIgnored = session.sequenceIgnored
            self.handle = handle
        }

        /// The newest of this client's own inputs that the world contains.
        func acknowledgement(in shard: Shard<World>) -> UInt64? {
            guard let newest = shard.acknowledgement(of: subscriber), newest.serverSequence != sequenceIgnored else {
                return nil
            }
            return newest.clientSequence
        }
    }

    private let replicator: Replicator
    private let counters: EntityCounters
    /// What of the replicator's counts is in `counters`.
    private var counted = ReplicationCounters()
    /// The entities as they were at the last step of a shard that rests between steps: the world itself may have changed since, and only
    /// a state that was committed can be packed. A copy, which makes the next step copy them, too; shards that tick do without.
    private var rested: EntityTable?
    private var members: [Replicator.Handle: Member] = [:]
    private var handles: [UInt64: Replicator.Handle] = [:]
    private lazy var schemaText: [UInt8] = {
        var json = JSONWriter()
        World.componentSchema.write(into: &json)
        return json.finish().copyBytes()
    }()

    init(_ configuration: ShardConfiguration, counters: EntityCounters) {
        self.counters = counters
        var limits = World.replicationLimits
        // The shard has a limit of its own.
        limits.subscribersMaximum = .max
        limits.bytesPerFrame = configuration.bytesPerFrame ?? limits.bytesPerFrame
        replicator = Replicator(
            schema: World.componentSchema, limits: limits, hashTicks: UInt64(configuration.hashTicks))
    }

    override var schema: [UInt8] { schemaText }

    override func admit(
        _ attachment: UInt64, _ request: SubscribeRequest, _ session: SessionStart, _ world: World
    ) {
        let interest = world.interest(of: request.subscriber, as: request.role)
        // Whoever looks on under a player's name owns nothing by it.
        let owner = request.role == .player ? request.subscriber : nil
        guard let handle = replicator.add(owner, interest: interest) else {
            preconditionFailure("a replicator without a limit is full")
        }
        members[handle] = Member(request, session, handle)
        handles[attachment] = handle
    }

    override func detach(_ attachment: UInt64) {
        guard let handle = handles.removeValue(forKey: attachment) else { return }
        members[handle] = nil
        replicator.remove(handle)
    }

    override func requestKeyframe(_ attachment: UInt64) {
        guard let handle = handles[attachment] else { return }
        replicator.requestKeyframe(handle)
        members[handle]?.awaitsFirst = true
    }

    override func publish(_ shard: Shard<World>, into post: MessagePost) {
        rested = nil
        defer { if shard.configuration.tickRate.isEventDriven { rested = shard.world.entities } }
        guard !members.isEmpty else { return }
        for member in members.values {
            if let tick = member.recipient.takeAcknowledged() { replicator.acknowledge(member.handle, tick) }
            replicator.setInterest(member.handle, shard.world.interest(of: member.subscriber, as: member.role))
        }
        encode(shard.world.entities, of: shard, into: post)
    }

    override func publishFirst(_ shard: Shard<World>, into post: MessagePost) {
        guard let rested, members.values.contains(where: \.awaitsFirst) else { return }
        encode(rested, of: shard, into: post) { [members] in members[$0]?.awaitsFirst == true }
    }

    private func encode(
        _ entities: EntityTable, of shard: Shard<World>, into post: MessagePost,
        where isMeant: ((Replicator.Handle) -> Bool)? = nil
    ) {
        let isVisible = World.hasCustomVisibility ? shard.world.isVisible : nil
        replicator.encode(entities, isVisible: isVisible, where: isMeant) { handle, frame in
            guard let member = members[handle] else { return false }
            let acknowledged = member.acknowledgement(in: shard)
            guard !frame.isUnchanged || acknowledged != member.acknowledged || member.awaitsFirst else { return false }
            member.acknowledged = acknowledged
            member.awaitsFirst = false
            let head = StateFrameHead(tick: frame.tick.number, baseAge: frame.baseAge, acknowledged: acknowledged)
            let count = head.count + frame.body.count + frame.owned.count
            post.sendState(to: member.recipient, count: count) { output in
                head.write(into: &output)
                output.append(frame.body.unsafeBytes)
                output.append(frame.owned)
            }
            return true
        }
        post.flushStates()
        counters.add(replicator.counters, since: counted)
        counted = replicator.counters
    }

    override func takeHash(_ attachment: UInt64, of tick: Tick, _ shard: Shard<World>) -> UInt64? {
        guard let handle = handles[attachment] else { return nil }
        return replicator.takeHash(handle, of: tick, from: shard.world.entities)
    }

    override func end(_ ending: StreamEnding, by post: MessagePost) {
        for member in members.values { post.end(ending, of: member.recipient) }
    }
}
