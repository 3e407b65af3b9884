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
    // Safety: everything but `queue` is confined to the worker's thread: it is reached through `worker.submit` and `run`.

    private var shard: Shard<World>
    private let queue: InputQueue<World>
    private let counters: ShardCounters
    private var schedule: TickSchedule?
    private var eventLast: Instant = .distantFuture
    private var views: [World.View: ViewSlot] = [:]
    private var attachments: [UInt64: Attachment] = [:]
    private var attachmentLast: UInt64 = 0
    private var writer = JSONWriter()
    private var drained: [InputQueue<World>.Entry] = []
    private var accepted: [Shard<World>.QueuedInput] = []

    /// Everyone who has the same view.
    private struct ViewSlot {
        let hub: Hub
        /// The newest frame, for those who join before the next.
        var latest: Frame?
    }

    /// One connection, as the worker knows it.
    private struct Attachment {
        let subscriber: SubscriberID
        let loop: EventLoop
        let transport: Transports
        var view: World.View
        /// For following view changes; belongs to the loop.
        let subscription: Subscription
    }

    init(id: String, kind: String, worker: TickWorker, shard: Shard<World>, counters: ShardCounters) {
        self.shard = shard
        self.counters = counters
        queue = InputQueue(capacity: shard.configuration.inputsQueuedMaximum)
        super.init(id: id, kind: kind, worker: worker)
    }

    override var inputsQueued: Int { queue.count }

    override func start() {
        worker.submit { [self] in
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
        guard deadline <= now else { return deadline }
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
        counters.ticks.add()
        counters.inputsApplied.add(accepted.count)
        counters.inputsRefused.add(drained.count - accepted.count + Int(shard.inputsFailed - failedBefore))
        drained.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        tickNumber.store(shard.tick.number, ordering: .relaxed)
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
        for (view, slot) in views {
            let transports = slot.hub.transports
            if transports.isEmpty {
                views[view] = nil
                continue
            }
            let frame = encode(view, for: transports)
            views[view]?.latest = frame
            slot.hub.publish(frame)
        }
    }

    private func encode(_ view: World.View, for transports: Transports) -> Frame {
        writer.reset()
        shard.writeSnapshot(of: view, into: &writer)
        return writer.withUnsafeBytes { Frame(tick: shard.tick, payload: $0, for: transports) }
    }

    /// Moves those whose view has changed to the hub of their new one.
    private func followViews() {
        for (id, attachment) in attachments {
            let view = shard.world.view(of: attachment.subscriber)
            guard view != attachment.view else { continue }
            views[attachment.view]?.hub.dismiss(from: attachment.loop, attachment.transport)
            let stripe = hub(of: view).admit(on: attachment.loop, attachment.transport)
            attachments[id]?.view = view
            let subscription = attachment.subscription
            stripe.perform { subscription.move(to: stripe) }
        }
    }

    private func hub(of view: World.View) -> Hub {
        if let slot = views[view] { return slot.hub }
        let slot = ViewSlot(hub: Hub(counters: counters.fanout))
        views[view] = slot
        return slot.hub
    }

    private func end(_ ending: StreamEnding) {
        guard isRunning else { return }
        isRunningFlag.store(false, ordering: .releasing)
        for slot in views.values {
            slot.hub.end(ending)
        }
    }

    override func stop(_ ending: StreamEnding) {
        worker.submit { [self] in end(ending) }
    }

    // MARK: Subscribing

    override func subscribe(_ request: SubscribeRequest) {
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
        attachments[attachmentLast] = Attachment(
            subscriber: request.subscriber, loop: request.connection.loop, transport: request.transport, view: view,
            subscription: subscription)
        connectionCount.store(attachments.count, ordering: .relaxed)
        counters.subscribers.add(1)

        let first = firstFrame(of: view, for: request.transport)
        let id = attachmentLast
        stripe.perform { [self] in
            guard request.connection.onLoop.isOpen else {
                detach(attachment: id)
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

    override func detach(attachment: UInt64) {
        worker.submit { [self] in
            guard let gone = attachments.removeValue(forKey: attachment) else { return }
            views[gone.view]?.hub.dismiss(from: gone.loop, gone.transport)
            shard.detach(gone.subscriber)
            connectionCount.store(attachments.count, ordering: .relaxed)
            counters.subscribers.add(-1)
            eventLast = worker.clock.now()
        }
    }

    // MARK: Inputs

    override func push(
        _ json: JSONValue, clientSequence: UInt64?, from subscription: Subscription
    ) throws(ShardError) -> UInt64 {
        try enqueue(
            try decode(json), from: subscription.subscriber, caller: subscription.caller,
            clientSequence: clientSequence,
            isAuthorized: false)
    }

    override func push(_ request: InputRequest) {
        worker.submit { [self] in
            request.answer(
                Result { () throws(ShardError) in
                    let input = try decode(request.input)
                    guard shard.isAttached(request.subscriber) else {
                        throw .unauthorized(reason: "the subscriber has no connection to this shard")
                    }
                    let verdict = shard.world.authorizeInput(input, from: request.subscriber, caller: request.caller)
                    if case .refused(let reason) = verdict { throw .unauthorized(reason: reason) }
                    return try enqueue(
                        input, from: request.subscriber, caller: request.caller, clientSequence: request.clientSequence,
                        isAuthorized: true)
                })
        }
    }

    override func countRefusedInput() { counters.inputsRefused.add() }

    private func decode(_ json: JSONValue) throws(ShardError) -> World.Input {
        do {
            return try World.decodeInput(json)
        } catch {
            counters.inputsRefused.add()
            throw .inputMalformed(reason: String(describing: error))
        }
    }

    private func enqueue(
        _ input: World.Input, from subscriber: SubscriberID, caller: Caller, clientSequence: UInt64?, isAuthorized: Bool
    ) throws(ShardError) -> UInt64 {
        guard isRunning else { throw .stopped }
        let pushed = queue.push(
            input, from: subscriber, caller: caller, clientSequence: clientSequence, isAuthorized: isAuthorized)
        guard let pushed else {
            counters.inputsRefused.add()
            throw .inputQueueFull
        }
        if pushed.isFirst, shard.configuration.tickRate.isEventDriven {
            worker.submit { [self] in runForInput() }
        }
        return pushed.sequence
    }

    private func runForInput() {
        guard isRunning, queue.count > 0 else { return }
        eventLast = worker.clock.now()
        step()
    }
}
