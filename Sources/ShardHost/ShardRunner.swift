internal import PylonEventLoop
internal import PylonFanout
internal import PylonJSON
internal import PylonNet
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime
internal import Synchronization

/// Runs one shard on its worker: drains inputs, steps, encodes each view once and hands the frames to the hubs.
final class ShardRunner<World: Simulation>: ShardHandle, TickTask, @unchecked Sendable {
    // Safety: what varies is confined to the worker's thread, which reaches it through `worker.submit` and `run`; `queue`, `status` and
    // `counters` are safe from any thread, and the rest never changes.

    let id: String
    let kind: String
    let worker: TickWorker
    let status = ShardStatus()
    private var shard: Shard<World>
    private let queue: InputQueue<World>
    private let counters: ShardCounters
    private var schedule: TickSchedule?
    /// When an event-driven shard last had somebody or something to do.
    private var eventLast: Instant = .distantFuture
    private var onEnd: @Sendable (_ id: String, StreamEnding) -> Void = { _, _ in }
    private var eventStepLast = Instant(nanoseconds: 0)
    private var views: [World.View: ViewSlot] = [:]
    private let lanes = LaneSet()
    private var attachments: [UInt64: Attachment] = [:]
    private var attachmentLast: UInt64 = 0
    private var writer = JSONWriter()
    private var drained: [InputQueue<World>.Entry] = []
    private var accepted: [Shard<World>.QueuedInput] = []

    /// Everyone who has the same view.
    private final class ViewSlot {
        let hub: Hub
        /// The newest frame, for those who join before the next.
        var latest: Frame?

        init(hub: Hub) {
            self.hub = hub
        }
    }

    /// One connection, as the worker knows it.
    private final class Attachment {
        let subscriber: SubscriberID
        let loop: EventLoop
        let transport: Transports
        var view: World.View
        /// For following view changes; belongs to the loop.
        let subscription: Subscription

        init(_ request: SubscribeRequest, view: World.View, subscription: Subscription) {
            subscriber = request.subscriber
            loop = request.connection.loop
            transport = request.transport
            self.view = view
            self.subscription = subscription
        }
    }

    init(id: String, kind: String, worker: TickWorker, shard: Shard<World>, counters: ShardCounters) {
        self.id = id
        self.kind = kind
        self.worker = worker
        self.shard = shard
        self.counters = counters
        queue = InputQueue(capacity: shard.configuration.inputsQueuedMaximum)
    }

    var inputsQueued: Int { queue.count }

    func start(onEnd: @escaping @Sendable (_ id: String, StreamEnding) -> Void) {
        worker.submit { [self] in
            self.onEnd = onEnd
            let now = worker.clock.now()
            let rate = shard.configuration.tickRate
            eventLast = now
            if !rate.isEventDriven {
                schedule = TickSchedule(start: now, rate: rate)
                worker.schedule(self, at: now)
            } else if shard.configuration.idleMaximum > .zero {
                worker.schedule(self, at: now + shard.configuration.idleMaximum)
            }
        }
    }

    // MARK: Ticking

    func run(now: Instant) -> Instant? {
        guard isRunning else { return nil }
        guard var schedule else { return stopIfIdle(now: now) }
        let due = schedule.take(now: now)
        self.schedule = schedule
        counters.lateness.record(due.lateness)
        if due.skipped > 0 { counters.ticksSkipped.add(Int(clamping: due.skipped)) }
        for _ in 0..<due.steps {
            step()
            guard isRunning else { return nil }
        }
        let idleTicks = shard.tick.number - shard.tickLastActive.number
        let idleMaximum = shard.configuration.idleMaximum
        if idleMaximum > .zero, shard.configuration.tickRate.interval * Int(idleTicks) >= idleMaximum {
            end(.stopped)
            return nil
        }
        return schedule.deadline
    }

    /// An event-driven shard has no ticks to count: it is idle by the clock.
    private func stopIfIdle(now: Instant) -> Instant? {
        if !attachments.isEmpty { eventLast = now }
        let deadline = eventLast + shard.configuration.idleMaximum
        // At most a minute ahead, so that a shard that was removed is let go of soon.
        guard deadline <= now else { return min(deadline, now + .seconds(60)) }
        end(.stopped)
        return nil
    }

    private func step() {
        queue.drain(into: &drained)
        for entry in drained {
            if mayApply(entry) { accepted.append(entry.queued) }
        }
        let failedBefore = shard.inputsFailed
        shard.step(inputs: accepted)
        let applied = accepted.count - Int(shard.inputsFailed - failedBefore)
        counters.ticks.add()
        counters.inputsApplied.add(applied)
        counters.inputsRefused.add(drained.count - applied)
        drained.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        status.tick.store(shard.tick.number, ordering: .relaxed)
        if shard.publishesNow { publish() }
        if shard.world.isFinished { end(.finished) }
    }

    private func mayApply(_ entry: InputQueue<World>.Entry) -> Bool {
        let subscriber = entry.queued.subscriber
        guard shard.isAttached(subscriber) else { return false }
        if entry.isAuthorized { return true }
        return shard.world.authorizeInput(entry.queued.input, from: subscriber, caller: entry.caller) == .allowed
    }

    private func publish() {
        if World.View.self != WholeView.self { followViews() }
        var hasEmpty = false
        for (view, slot) in views {
            let transports = slot.hub.transports
            guard !transports.isEmpty else {
                hasEmpty = true
                continue
            }
            let frame = encode(view, for: transports)
            slot.latest = frame
            slot.hub.publish(frame)
        }
        if hasEmpty { views = views.filter { !$0.value.hub.isEmpty } }
    }

    private func encode(_ view: World.View, for transports: Transports) -> Frame {
        writer.reset()
        shard.writeSnapshot(of: view, into: &writer)
        return writer.withUnsafeBytes { Frame(tick: shard.tick, payload: $0, for: transports) }
    }

    /// Moves those whose view has changed to the hub of their new one.
    private func followViews() {
        for attachment in attachments.values {
            let view = shard.world.view(of: attachment.subscriber)
            guard view != attachment.view else { continue }
            views[attachment.view]?.hub.dismiss(from: attachment.loop, attachment.transport)
            let stripe = hub(of: view).admit(on: attachment.loop, attachment.transport)
            attachment.view = view
            let subscription = attachment.subscription
            stripe.perform { subscription.move(to: stripe) }
        }
    }

    private func hub(of view: World.View) -> Hub {
        if let slot = views[view] { return slot.hub }
        let slot = ViewSlot(hub: Hub(lanes: lanes, counters: counters.fanout))
        views[view] = slot
        return slot.hub
    }

    private func end(_ ending: StreamEnding) {
        guard isRunning else { return }
        status.isRunning.store(false, ordering: .releasing)
        onEnd(id, ending)
        for slot in views.values {
            slot.hub.end(ending)
        }
    }

    func stop(_ ending: StreamEnding) {
        worker.submit { [self] in end(ending) }
    }

    // MARK: Subscribing

    func subscribe(_ request: SubscribeRequest) {
        worker.submit { [self] in
            do throws(ShardError) {
                try admit(request)
            } catch {
                request.connection.loop.submit { request.answer(.failure(error)) }
            }
        }
    }

    private func admit(_ request: SubscribeRequest) throws(ShardError) {
        if case .refused(let reason) = shard.world.authorizeSubscribe(request.subscriber, caller: request.caller) {
            throw .unauthorized(reason: reason)
        }
        guard isRunning else { throw .stopped }
        let maximum = shard.configuration.subscribersMaximum
        guard maximum == 0 || attachments.count < maximum else { throw .full }

        shard.attach(request.subscriber)
        let view = shard.world.view(of: request.subscriber)
        let stripe = hub(of: view).admit(on: request.connection.loop, request.transport)
        attachmentLast += 1
        let subscription = Subscription(shard: self, attachment: attachmentLast, request: request, stripe: stripe)
        attachments[attachmentLast] = Attachment(request, view: view, subscription: subscription)
        status.connections.store(attachments.count, ordering: .relaxed)
        counters.subscribers.add(1)

        forgetLatestIfEventDriven()
        let first = firstFrame(of: view, for: request.transport)
        stripe.perform {
            guard request.connection.onLoop.isOpen else {
                subscription.cancel()
                // Whoever asked still has to give back what it holds for the stream.
                return request.answer(.failure(.disconnected))
            }
            request.answer(.success(subscription))
            subscription.begin(first: first)
        }
    }

    /// The frame of the current tick, encoded at most once however many join before the next.
    private func firstFrame(of view: World.View, for transport: Transports) -> Frame {
        if let latest = views[view]?.latest, latest.tick == shard.tick, latest.bytes(for: transport) != nil {
            return latest
        }
        let frame = encode(view, for: transport.union(hub(of: view).transports))
        views[view]?.latest = frame
        return frame
    }

    /// Joining and leaving change a world between its ticks. Where the next tick is milliseconds away it tells; an event-driven world
    /// may rest for hours, so what newcomers see first is written anew.
    private func forgetLatestIfEventDriven() {
        guard shard.configuration.tickRate.isEventDriven else { return }
        for slot in views.values { slot.latest = nil }
    }

    func detach(attachment: UInt64) {
        worker.submit { [self] in
            guard let gone = attachments.removeValue(forKey: attachment) else { return }
            views[gone.view]?.hub.dismiss(from: gone.loop, gone.transport)
            shard.detach(gone.subscriber)
            forgetLatestIfEventDriven()
            status.connections.store(attachments.count, ordering: .relaxed)
            counters.subscribers.add(-1)
            eventLast = worker.clock.now()
        }
    }

    // MARK: Inputs

    func push(_ message: InputMessage, from subscription: Subscription) throws(ShardError) -> UInt64 {
        try enqueue(
            try decode(message.input), of: message, from: subscription.subscriber, caller: subscription.caller,
            isAuthorized: false)
    }

    func push(_ request: InputRequest) {
        let input: World.Input
        do throws(ShardError) {
            // On the caller's thread: decoding is the sender's cost, not the tick's.
            input = try decode(request.message.input)
        } catch {
            return request.answer(.failure(error))
        }
        worker.submit { [self] in
            request.answer(
                Result { () throws(ShardError) in
                    guard shard.isAttached(request.subscriber) else {
                        throw .unauthorized(reason: "the subscriber has no connection to this shard")
                    }
                    let verdict = shard.world.authorizeInput(input, from: request.subscriber, caller: request.caller)
                    if case .refused(let reason) = verdict { throw .unauthorized(reason: reason) }
                    return try enqueue(
                        input, of: request.message, from: request.subscriber, caller: request.caller, isAuthorized: true
                    )
                })
        }
    }

    func countRefusedInput() { counters.inputsRefused.add() }

    private func decode(_ json: JSONValue) throws(ShardError) -> World.Input {
        do {
            return try World.decodeInput(json)
        } catch {
            counters.inputsRefused.add()
            throw .inputMalformed(reason: Self.reason(error))
        }
    }

    /// What a client may know of an error: what the author says of it, or where in the input it is; not how the server is made.
    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else {
            return (error as? any CustomStringConvertible)?.description ?? "the input was refused"
        }
        let context: DecodingError.Context
        switch error {
        case .keyNotFound(let key, _): return "\"\(key.stringValue)\" is missing"
        case .typeMismatch(_, let found), .valueNotFound(_, let found), .dataCorrupted(let found): context = found
        @unknown default: return "the input was refused"
        }
        let path = context.codingPath.map(\.stringValue).joined(separator: ".")
        return path.isEmpty ? "it has the wrong type" : "\"\(path)\" has the wrong type"
    }

    private func enqueue(
        _ input: World.Input, of message: InputMessage, from subscriber: SubscriberID, caller: Caller,
        isAuthorized: Bool
    ) throws(ShardError) -> UInt64 {
        guard isRunning else { throw .stopped }
        let pushed = queue.push(
            input, of: message, from: subscriber, caller: caller, isAuthorized: isAuthorized)
        guard let pushed else {
            counters.inputsRefused.add()
            throw .inputQueueFull
        }
        if pushed.isFirst, shard.configuration.tickRate.isEventDriven {
            worker.submit { [self] in stepForInput() }
        }
        return pushed.sequence
    }

    // MARK: Event-driven steps

    /// Steps an event-driven shard now or, when the last step is less than a millisecond ago, then: one busy sender may not take a
    /// worker from the other shards.
    private func stepForInput() {
        let now = worker.clock.now()
        let earliest = eventStepLast + Self.eventStepInterval
        guard earliest <= now else { return worker.schedule(DeferredStep(runner: self), at: earliest) }
        guard isRunning, queue.count > 0 else { return }
        eventLast = now
        eventStepLast = now
        step()
    }

    /// The finest that fixed rates have, too (`TickRate.hertzMaximum`).
    private static var eventStepInterval: Duration { .milliseconds(1) }

    /// A step that had to wait for its millisecond.
    private final class DeferredStep: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? {
            runner.stepForInput()
            return nil
        }
    }
}
