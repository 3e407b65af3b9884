internal import PylonBytes
internal import PylonEventLoop
internal import PylonFanout
internal import PylonJSON
internal import PylonNet
internal import PylonSimulation
internal import PylonTelemetry

/// Everyone who watches one shard, as its worker knows them: who has which view, and the hubs that the frames and events go out by.
/// Belongs to the worker.
final class ShardAudience<World: Simulation> {
    private let counters: FanoutCounters
    private let lanes = LaneSet()
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

        init(hub: Hub<SnapshotStripe>) {
            self.hub = hub
        }
    }

    /// One connection.
    private final class Attachment {
        let subscriber: SubscriberID
        let loop: EventLoop
        let transport: Transports
        /// What it sees of the state; nil when it follows the events.
        var view: World.View?
        /// For following view changes; belongs to the loop.
        let subscription: Subscription

        init(_ request: SubscribeRequest, view: World.View?, subscription: Subscription) {
            subscriber = request.subscriber
            loop = request.connection.loop
            transport = request.transport
            self.view = view
            self.subscription = subscription
        }
    }

    /// Nobody yet. Events are numbered from behind `eventStart` on, and at most `eventsKeptMaximum` of them kept.
    init(counters: FanoutCounters, eventStart: EventCursor, eventsKeptMaximum: Int) {
        self.counters = counters
        eventHub = Hub(lanes: lanes, counters: counters)
        eventLog = EventLog(start: eventStart, eventsMaximum: eventsKeptMaximum)
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
    }

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
            let view = shard.world.view(of: attachment.subscriber)
            guard view != old else { continue }
            views[old]?.hub.dismiss(from: attachment.loop, attachment.transport)
            let stripe = slot(of: view).hub.admit(on: attachment.loop, attachment.transport)
            attachment.view = view
            let subscription = attachment.subscription
            stripe.perform { subscription.move(to: stripe) }
        }
    }

    private func slot(of view: World.View) -> ViewSlot {
        if let slot = views[view] { return slot }
        let slot = ViewSlot(hub: Hub(lanes: lanes, counters: counters))
        views[view] = slot
        return slot
    }

    /// Ends everybody's stream.
    func end(_ ending: StreamEnding) {
        for slot in views.values {
            slot.hub.end(ending)
        }
        eventHub.end(ending)
    }

    // MARK: Coming and going

    /// What a subscriber is sent before anything that comes later, if it is events it asks for. Throws `resyncRequired` for a cursor
    /// that cannot be continued from.
    func opening(for request: SubscribeRequest) throws(ShardError) -> [SharedBytes] {
        guard case .events(let cursor) = request.stream else { return [] }
        do throws(EventLog.CursorOutOfRange) {
            return try eventLog.opening(after: cursor, for: request.transport)
        } catch {
            throw .resyncRequired(oldest: error.oldest.number)
        }
    }

    /// Takes a connection in and starts its stream; `opening` is what `opening(for:)` has just returned.
    func admit(_ request: SubscribeRequest, opening: [SharedBytes], to handle: any ShardHandle, _ shard: Shard<World>) {
        let loop = request.connection.loop
        guard case .snapshots = request.stream else {
            let stripe = eventHub.admit(on: loop, request.transport)
            return start(request, to: handle, view: nil, on: stripe) { $0.begin(on: stripe, opening: opening) }
        }
        let view = shard.world.view(of: request.subscriber)
        let slot = slot(of: view)
        let stripe = slot.hub.admit(on: loop, request.transport)
        let first = firstFrame(of: view, in: slot, shard, for: request.transport)
        start(request, to: handle, view: view, on: stripe) { $0.begin(on: stripe, first: first) }
    }

    private func start(
        _ request: SubscribeRequest, to handle: any ShardHandle, view: World.View?, on stripe: Stripe,
        _ begin: @escaping @Sendable (Subscription) -> Void
    ) {
        attachmentLast += 1
        let subscription = Subscription(shard: handle, attachment: attachmentLast, request: request)
        attachments[attachmentLast] = Attachment(request, view: view, subscription: subscription)
        stripe.perform {
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

    /// Has what newcomers see first written anew, because the world has changed between its ticks.
    func forgetLatest() {
        for slot in views.values { slot.latest = nil }
    }

    /// Lets a connection go; returns whose it was, nil when it had gone already.
    func detach(_ attachment: UInt64) -> SubscriberID? {
        guard let gone = attachments.removeValue(forKey: attachment) else { return nil }
        if let view = gone.view {
            views[view]?.hub.dismiss(from: gone.loop, gone.transport)
        } else {
            eventHub.dismiss(from: gone.loop, gone.transport)
        }
        return gone.subscriber
    }
}
