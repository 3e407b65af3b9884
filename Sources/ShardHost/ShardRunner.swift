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
    private let audience: ShardAudience<World>
    private let events = EventOutbox()
    private var drained: [InputQueue<World>.Entry] = []
    private var accepted: [Shard<World>.QueuedInput] = []

    init(id: String, kind: String, worker: TickWorker, shard: Shard<World>, counters: ShardCounters) {
        self.id = id
        self.kind = kind
        self.worker = worker
        self.shard = shard
        self.counters = counters
        queue = InputQueue(capacity: shard.configuration.inputsQueuedMaximum)
        audience = ShardAudience(
            counters: counters.fanout, eventStart: EventCursor(worker.clock.microsecondsSinceEpoch()),
            eventsKeptMaximum: shard.configuration.eventsKeptMaximum)
    }

    var inputsQueued: Int { queue.count }

    func start(onEnd: @escaping @Sendable (_ id: String, StreamEnding) -> Void) {
        worker.submit { [self] in
            self.onEnd = onEnd
            let now = worker.clock.now()
            let rate = shard.configuration.tickRate
            eventLast = now
            if !rate.isEventDriven {
                let first = worker.firstDeadline(rate: rate)
                schedule = TickSchedule(start: first, rate: rate)
                worker.schedule(self, at: first)
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
        // What it still owes comes behind the other shards that are due.
        return max(schedule.deadline, now)
    }

    /// An event-driven shard has no ticks to count: it is idle by the clock.
    private func stopIfIdle(now: Instant) -> Instant? {
        if audience.count > 0 { eventLast = now }
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
        shard.step(inputs: accepted, events: events)
        let applied = accepted.count - Int(shard.inputsFailed - failedBefore)
        counters.ticks.add()
        counters.inputsApplied.add(applied)
        counters.inputsRefused.add(drained.count - applied)
        drained.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        status.tick.store(shard.tick.number, ordering: .relaxed)
        audience.publishEvents(events)
        events.removeAll()
        if shard.publishesNow { audience.publishSnapshots(of: shard) }
        if shard.world.isFinished { end(.finished) }
    }

    private func mayApply(_ entry: InputQueue<World>.Entry) -> Bool {
        let subscriber = entry.queued.subscriber
        guard shard.isAttached(subscriber) else { return false }
        if entry.isAuthorized { return true }
        return shard.world.authorizeInput(entry.queued.input, from: subscriber, caller: entry.caller) == .allowed
    }

    private func end(_ ending: StreamEnding) {
        guard isRunning else { return }
        status.isRunning.store(false, ordering: .releasing)
        onEnd(id, ending)
        audience.end(ending)
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
        let world = shard.world
        let verdict =
            request.stream == .snapshots
            ? world.authorizeSubscribe(request.subscriber, caller: request.caller)
            : world.authorizeEvents(request.subscriber, caller: request.caller)
        if case .refused(let reason) = verdict { throw .unauthorized(reason: reason) }
        guard isRunning else { throw .stopped }
        let maximum = shard.configuration.subscribersMaximum
        guard maximum == 0 || audience.count < maximum else { throw .full }

        let opening = try audience.opening(for: request)
        shard.attach(request.subscriber)
        forgetLatestIfEventDriven()
        // First, so that whoever sees its first frame finds itself counted.
        countConnections(audience.count + 1, change: 1)
        audience.admit(request, opening: opening, to: self, shard)
    }

    /// Joining and leaving change a world between its ticks. Where the next tick is milliseconds away it tells; an event-driven world
    /// may rest for hours, so what newcomers see first is written anew.
    private func forgetLatestIfEventDriven() {
        if shard.configuration.tickRate.isEventDriven { audience.forgetLatest() }
    }

    func detach(attachment: UInt64) {
        worker.submit { [self] in
            guard let subscriber = audience.detach(attachment) else { return }
            shard.detach(subscriber)
            forgetLatestIfEventDriven()
            countConnections(audience.count, change: -1)
            eventLast = worker.clock.now()
        }
    }

    private func countConnections(_ count: Int, change: Int) {
        status.connections.store(count, ordering: .relaxed)
        counters.subscribers.add(change)
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
