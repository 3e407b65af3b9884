internal import PylonBytes
internal import PylonEventLoop
internal import PylonFanout
internal import PylonJSON
internal import PylonNet
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime

/// Everyone who watches one shard, as its worker knows them: who has which view, and the hubs that the frames and events go out by.
/// Belongs to the worker.
final class ShardAudience<World: Simulation> {
    private let counters: FanoutCounters
    private let lanes = LaneSet()
    /// The messages of stream v2 for single connections.
    let post: MessagePost
    private let hashTicks: Int
    /// For streams v2 that get a state of their own; nil in worlds of JSON alone.
    private let stateStream: StateStream<World>?
    private var views: [World.View: ViewSlot] = [:]
    private let eventHub: Hub<EventStripe>
    private var eventLog: EventLog
    private var attachments: [UInt64: Attachment] = [:]
    private var attachmentLast: UInt64 = 0
    private var writer = JSONWriter()

    /// Everyone who has the same view.
    private final class ViewSlot {
        let hub: Hub<SnapshotStripe>
        var frames = FramePool()
        /// The newest frame, for those who join before the next.
        var latest: Frame?
        /// Nil unless the shard keeps hashes.
        let hashes: SnapshotHashes?

        init(hub: Hub<SnapshotStripe>, hashes: SnapshotHashes?) {
            self.hub = hub
            self.hashes = hashes
        }
    }

    /// One connection.
    private final class Attachment {
        let subscriber: SubscriberID
        let role: SubscriberRole
        let loop: EventLoop
        let transport: Transports
        /// What it sees of the state; nil when it follows the events alone.
        var view: World.View?
        let followsEvents: Bool
        /// For following view changes; belongs to the loop.
        let subscription: Subscription

        init(_ request: SubscribeRequest, view: World.View?, followsEvents: Bool, subscription: Subscription) {
            self.followsEvents = followsEvents
            subscriber = request.subscriber
            role = request.role
            loop = request.connection.loop
            transport = request.transport
            self.view = view
            self.subscription = subscription
        }
    }

    /// Nobody yet. Events are numbered from behind `eventStart` on.
    init(_ configuration: ShardConfiguration, counters: ShardCounters, eventStart: EventCursor) {
        stateStream = makeStateStream(of: World.self, configuration, counters: counters.entities)
        let counters = counters.fanout
        self.counters = counters
        hashTicks = configuration.hashTicks
        post = MessagePost(lanes: lanes, counters: counters)
        eventHub = Hub(lanes: lanes, counters: counters)
        eventLog = EventLog(start: eventStart, eventsMaximum: configuration.eventsKeptMaximum)
    }

    /// The number of connections.
    var count: Int { attachments.count }

    // MARK: Publishing

    /// Encodes the current tick once for each view that somebody has, and hands the frames to the loops.
    func publishSnapshots(of shard: Shard<World>) {
        if World.View.self != WholeView.self { followViews(shard) }
        var hasEmpty = false
        for (view, slot) in views {
            let transports = slot.hub.transports
            guard !transports.isEmpty else {
                hasEmpty = true
                continue
            }
            let frame = encode(view, of: shard, for: transports, in: slot)
            slot.latest = frame
            slot.hub.publish(frame)
        }
        if hasEmpty { views = views.filter { !$0.value.hub.isEmpty } }
        stateStream?.publish(shard, into: post)
    }

    /// The schema of the states that a stream v2 by `transport` gets; nil when those are snapshots.
    func schema(for transport: Transports) -> [UInt8]? { transport.isWebSocket ? stateStream?.schema : nil }

    /// Sends their first state to those who have a stream of their own and wait for it. Between ticks.
    func publishFirstStates(of shard: Shard<World>) { stateStream?.publishFirst(shard, into: post) }

    /// Numbers the events of a step, keeps them for those who resume, and hands them to the loops.
    func publishEvents(_ outbox: EventOutbox) {
        guard !outbox.isEmpty else { return }
        counters.eventsPublished.add(outbox.count)
        let transports = eventHub.transports
        let batch = outbox.withUnsafeBytes { eventLog.append($0, ends: outbox.ends, for: transports) }
        if !transports.isEmpty { eventHub.publish(batch) }
    }

    private func encode(
        _ view: World.View, of shard: Shard<World>, for transports: Transports, in slot: ViewSlot
    ) -> Frame {
        writer.reset()
        shard.writeSnapshot(of: view, into: &writer)
        return writer.withUnsafeBytes { slot.frames.encode(tick: shard.tick, payload: $0, for: transports) }
    }

    /// Moves those whose view has changed to the hub of their new one.
    private func followViews(_ shard: Shard<World>) {
        for attachment in attachments.values {
            guard let old = attachment.view else { continue }
            let view = shard.world.view(of: attachment.subscriber, as: attachment.role)
            guard view != old else { continue }
            views[old]?.hub.dismiss(from: attachment.loop, attachment.transport)
            let stripe = slot(of: view).hub.admit(on: attachment.loop, attachment.transport)
            attachment.view = view
            let subscription = attachment.subscription
            let hashes = slot(of: view).hashes
            let tick = shard.tick
            stripe.perform { subscription.move(to: stripe, hashes: hashes, tick: tick) }
        }
    }

    /// Keeps the hash of what each view shows at the current tick.
    func recordHashes(of shard: Shard<World>) {
        for (view, slot) in views where !slot.hub.isEmpty {
            slot.hashes?.record(tick: shard.tick.number, hash: shard.snapshotHash(of: view, scratch: &writer))
        }
    }

    /// The hash of what a client has that applied its own state of `tick`; nil when that is not known.
    func takeHash(_ attachment: UInt64, of tick: Tick, _ shard: Shard<World>) -> UInt64? {
        stateStream?.takeHash(attachment, of: tick, shard)
    }

    private func slot(of view: World.View) -> ViewSlot {
        if let slot = views[view] { return slot }
        let slot = ViewSlot(
            hub: Hub(lanes: lanes, counters: counters), hashes: hashTicks > 0 ? SnapshotHashes() : nil)
        views[view] = slot
        return slot
    }

    /// Ends everybody's stream.
    func end(_ ending: StreamEnding) {
        post.flush()
        // First: it sends what waits to be merged, and a stream v2 ends with the first hub that ends it.
        eventHub.end(ending)
        for slot in views.values {
            slot.hub.end(ending)
        }
        stateStream?.end(ending, by: post)
    }

    // MARK: Coming and going

    /// What a subscriber is sent before anything that comes later, if it is events it asks for. Throws `resyncRequired` for a cursor
    /// that cannot be continued from.
    func opening(for request: SubscribeRequest) throws(ShardError) -> [SharedBytes] {
        let cursor: EventCursor?
        switch request.stream {
        case .events(let after): cursor = after
        case .session(let options) where options.followsEvents: cursor = options.eventCursor
        case .snapshots, .session: return []
        }
        do throws(EventLog.CursorOutOfRange) {
            return try eventLog.opening(after: cursor, for: request.transport.ofEvents)
        } catch {
            throw .resyncRequired(oldest: error.oldest.number)
        }
    }

    /// The newest event, which a stream that asks for those to come begins behind.
    var eventLast: EventCursor { eventLog.last }

    /// The number of the next connection.
    func makeAttachment() -> UInt64 {
        attachmentLast += 1
        return attachmentLast
    }

    /// Takes a connection in, by the number that `makeAttachment` gave it, and starts its stream; `opening` is what `opening(for:)` has
    /// just returned.
    func admit(
        _ request: SubscribeRequest, _ attachment: UInt64, opening: [SharedBytes], session: SessionStart?,
        to handle: any ShardHandle, _ shard: Shard<World>
    ) {
        let loop = request.connection.loop
        guard request.stream.hasState else {
            let stripe = eventHub.admit(on: loop, request.transport)
            let subscription = Subscription(shard: handle, attachment: attachment, request: request)
            attachments[attachment] = Attachment(request, view: nil, followsEvents: true, subscription: subscription)
            return start(subscription, request) { $0.begin(on: stripe, opening: opening) }
        }
        if let session, let stateStream, request.transport.isWebSocket {
            stateStream.admit(attachment, request, session, shard.world)
            return startWithOwnState(request, attachment, opening, session, handle)
        }
        let view = shard.world.view(of: request.subscriber, as: request.role)
        let slot = slot(of: view)
        let stripe = slot.hub.admit(on: loop, request.transport)
        let first = firstFrame(of: view, in: slot, shard, for: request.transport)
        let subscription = Subscription(
            shard: handle, attachment: attachment, request: request, recipient: session?.recipient)
        attachments[attachment] = Attachment(
            request, view: view, followsEvents: session?.followsEvents == true, subscription: subscription)
        guard let session else {
            return start(subscription, request) { $0.begin(on: stripe, first: first) }
        }
        var whole = SessionOpening(hello: session.hello, first: first, stripe: stripe, hashes: slot.hashes)
        if session.followsEvents {
            whole.events = opening
            whole.eventStripe = eventHub.admit(on: loop, request.transport.ofEvents)
        }
        start(subscription, request) { [whole] in $0.begin(whole) }
    }

    /// Starts a stream v2 whose state comes by the state stream.
    private func startWithOwnState(
        _ request: SubscribeRequest, _ attachment: UInt64, _ opening: [SharedBytes], _ session: SessionStart,
        _ handle: any ShardHandle
    ) {
        let subscription = Subscription(
            shard: handle, attachment: attachment, request: request, recipient: session.recipient)
        attachments[attachment] = Attachment(
            request, view: nil, followsEvents: session.followsEvents, subscription: subscription)
        var whole = SessionOpening(hello: session.hello)
        whole.hashTicks = UInt64(hashTicks)
        if session.followsEvents {
            whole.events = opening
            whole.eventStripe = eventHub.admit(on: request.connection.loop, request.transport.ofEvents)
        }
        start(subscription, request) { [whole] in $0.begin(whole) }
    }

    private func start(
        _ subscription: Subscription, _ request: SubscribeRequest,
        _ begin: @escaping @Sendable (Subscription) -> Void
    ) {
        lanes.lane(to: request.connection.loop).perform {
            guard request.connection.onLoop.isOpen else {
                subscription.cancel()
                // Whoever asked still has to give back what it holds for the stream.
                return request.answer(.failure(.disconnected))
            }
            request.answer(.success(subscription))
            begin(subscription)
        }
    }

    /// The frame of the current tick, encoded at most once however many join before the next.
    private func firstFrame(
        of view: World.View, in slot: ViewSlot, _ shard: Shard<World>, for transport: Transports
    ) -> Frame {
        if let latest = slot.latest, latest.tick == shard.tick, latest.isEncoded(for: transport) { return latest }
        let frame = encode(view, of: shard, for: slot.hub.transports, in: slot)
        slot.latest = frame
        return frame
    }

    /// Ends the stream of one connection.
    func end(_ attachment: UInt64, _ ending: StreamEnding) {
        if let recipient = recipient(of: attachment) { post.end(ending, of: recipient) }
    }

    /// The connections of a subscriber who plays.
    func attachments(of subscriber: SubscriberID) -> [UInt64] {
        attachments.filter { $0.value.subscriber == subscriber && $0.value.role == .player }.keys.sorted()
    }

    /// Lets a connection go that follows its subscriber to another shard, behind everything that was sent so far.
    func move(_ attachment: UInt64, to target: any ShardHandle) {
        guard let moved = attachments[attachment] else { return }
        post.flush()
        _ = detach(attachment)
        let subscription = moved.subscription
        lanes.lane(to: moved.loop).perform { subscription.follow(to: target) }
    }

    /// Where the messages for a stream v2 go; nil when it has gone, or is v1.
    func recipient(of attachment: UInt64) -> MessageRecipient? { attachments[attachment]?.subscription.recipient }

    /// Sends a connection the state of now once more.
    func resendState(to attachment: UInt64, _ shard: Shard<World>) {
        guard let found = attachments[attachment] else { return }
        guard let view = found.view else {
            stateStream?.requestKeyframe(attachment)
            return publishFirstStates(of: shard)
        }
        let slot = slot(of: view)
        let frame = firstFrame(of: view, in: slot, shard, for: found.transport)
        let subscription = found.subscription
        lanes.lane(to: found.loop).perform { subscription.sendState(frame) }
    }

    /// Has what newcomers see first written anew, because the world has changed between its ticks.
    func forgetLatest() {
        for slot in views.values { slot.latest = nil }
    }

    /// Lets a connection go; returns whose it was and in what role, nil when it had gone already.
    func detach(_ attachment: UInt64) -> (subscriber: SubscriberID, role: SubscriberRole)? {
        guard let gone = attachments.removeValue(forKey: attachment) else { return nil }
        if let view = gone.view { views[view]?.hub.dismiss(from: gone.loop, gone.transport) }
        stateStream?.detach(attachment)
        if gone.followsEvents { eventHub.dismiss(from: gone.loop, gone.transport.ofEvents) }
        return (gone.subscriber, gone.role)
    }
}

/// What of a stream v2 its shard has decided.
struct SessionStart {
    let hello: SharedBytes
    let recipient: MessageRecipient
    let followsEvents: Bool
    /// The shard's number of an input that an earlier stream of this subscriber sent: its acknowledgement is no news to this one.
    let sequenceIgnored: UInt64?
}
