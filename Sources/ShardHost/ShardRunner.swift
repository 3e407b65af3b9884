internal import PylonBytes
internal import PylonEventLoop
internal import PylonFanout
internal import PylonJSON
internal import PylonNet
internal import PylonReplay
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
    let status: ShardStatus
    let isStored: Bool
    var shard: Shard<World>
    let queue: InputQueue<World>
    private let rateLimit: InputRateLimit?
    /// Hashes of clients' states that the worker has still to compare.
    let comparisonsWaiting = Atomic(0)
    let counters: ShardCounters
    private var schedule: TickSchedule?
    /// When an event-driven shard last had somebody or something to do.
    private var eventLast: Instant = .distantFuture
    private var onEnd: @Sendable (_ id: String, StreamEnding) -> Void = { _, _ in }
    private var eventStepLast = Instant(nanoseconds: 0)
    let audience: ShardAudience<World>
    var seats: SeatTable
    /// Those of spectators, of which none is held.
    var spectatorSeats = SeatTable(grace: .zero)
    /// Whether the worker has been asked to look for seats to give up.
    var awaitsSeatExpiry = false
    /// Whether the worker has been asked to send first states.
    var awaitsFirstStates = false
    private let events = EventOutbox()
    /// Hears of everything that changes the world; nil when nobody keeps any of it.
    let journal: ShardJournal<World>?
    var keeping = KeepingState()
    var handoffs: HandoffDesk
    private var drained: [InputQueue<World>.Entry] = []
    private var accepted: [Shard<World>.QueuedInput] = []

    init(
        _ setup: ShardSetup, kind: String, worker: TickWorker, saved: SavedShard<World>, worldState: WorldState<World>,
        counters: ShardCounters, keepers: ShardKeepers, isRestored: Bool = false
    ) {
        id = setup.id
        self.kind = kind
        self.worker = worker
        self.counters = counters
        var saved = saved
        if saved.eventLast == 0 { saved.eventLast = worker.clock.microsecondsSinceEpoch() }
        saved.shard.begin(incarnation: keepers.instances.next(worker.clock.microsecondsSinceEpoch()))
        shard = saved.shard
        // Here, where nobody can have joined yet.
        journal = ShardJournal(
            of: saved, setup, kind: kind, worker: worker, worldState: worldState, keepers: keepers)
        let configuration = saved.shard.configuration
        status = ShardStatus(now: worker.clock.now())
        isStored = configuration.keeping.checkpointTicks > 0
        queue = InputQueue(
            capacity: configuration.inputsQueuedMaximum, delay: configuration.inputDelayTicks,
            sequenceLast: saved.sequenceLast, keepsJSON: journal != nil)
        rateLimit = InputRateLimit(perSecond: configuration.inputsPerSecond)
        seats = SeatTable(grace: configuration.reconnectGrace, cap: keepers.heldSeats)
        seatPatience = max(.seconds(30), configuration.reconnectGrace)
        handsOff = saved.shard.handsOff
        handoffs = HandoffDesk(report: keepers.report)
        audience = ShardAudience(configuration, counters: counters, eventStart: EventCursor(saved.eventLast))
        status.tick.store(saved.shard.tick.number, ordering: .relaxed)
        journal?.follow { [weak self] in
            self.map {
                (
                    $0.shard, $0.audience.eventLast.number + UInt64($0.events.count),
                    $0.seats.saved(now: $0.worker.clock.now())
                )
            }
        }
        if isRestored { restoreSeats(of: saved) }
    }

    var inputsQueued: Int { queue.count }
    /// How long a seat is held for those who are on their way here: the shard's own grace, and 30 s at least, a client's slowest reconnect
    /// three times over.
    let seatPatience: Duration
    /// Whether its world takes part in hand-offs.
    let handsOff: Bool

    func start(post: HandoffPost, onEnd: @escaping @Sendable (_ id: String, StreamEnding) -> Void) {
        worker.submit { [self] in
            self.onEnd = onEnd
            handoffs.post = post
            // It came back only to settle what it had handed off.
            guard !shard.isConcluded else { return end(.stopped) }
            let now = worker.clock.now()
            let rate = shard.configuration.tickRate
            eventLast = now
            holdRestoredSeats()
            noteSavedDepartures(now: now)
            scheduleResend(at: now)
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
        if let journal, journal.isHolding {
            // The disk is slower than the ticks: the shard does not run ahead of it.
            journal.countHold()
            tickWhenShown(journal)
            return nil
        }
        let due = schedule.take(now: now)
        self.schedule = schedule
        counters.lateness.record(due.lateness)
        if due.skipped > 0 { counters.ticksSkipped.add(Int(clamping: due.skipped)) }
        for _ in 0..<due.steps {
            step()
            guard isRunning else { return nil }
            if shard.isFinished { break }
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
        if audience.count + seats.heldCount + spectatorSeats.heldCount > 0 { eventLast = now }
        let deadline = eventLast + shard.configuration.idleMaximum
        // At most a minute ahead, so that a shard that was removed is let go of soon.
        guard deadline <= now else { return min(deadline, now + .seconds(60)) }
        end(.stopped)
        return nil
    }

    private func step() {
        let began = worker.clock.now()
        queue.drain(into: &drained, step: shard.tick.number + 1)
        for entry in drained where mayApply(entry) {
            accepted.append(entry.queued)
            journal?.input(entry.queued, json: entry.json)
        }
        let failedBefore = shard.inputsFailed
        shard.step(handoffs: takeHandoffs(), inputs: accepted, events: events)
        let applied = accepted.count - Int(shard.inputsFailed - failedBefore)
        counters.ticks.add()
        counters.inputsApplied.add(applied)
        counters.inputsRefused.add(drained.count - applied)
        status.tick.store(shard.tick.number, ordering: .relaxed)
        status.stamp.set(shard.tick, now: began)
        if seats.hasSessions { noteAnswers(accepted) }
        drained.removeAll(keepingCapacity: true)
        accepted.removeAll(keepingCapacity: true)
        let hashTicks = UInt64(shard.configuration.hashTicks)
        if hashTicks > 0, shard.tick.number % hashTicks == 0 { audience.recordHashes(of: shard) }
        keeping.isSnapshotDue = keeping.isSnapshotDue || shard.publishesNow
        guard let journal else {
            settleHandoffs()
            return publish()
        }
        let eventNumber = audience.eventLast.number + UInt64(events.count)
        journal.stepped(shard, eventLast: eventNumber, isSeen: audience.count > 0)
        settleHandoffs()
        if journal.isHolding { publishWhenShown(journal) } else { publish() }
    }

    /// Hands out what the last step came to.
    func publish() {
        audience.publishEvents(events)
        events.removeAll()
        if seats.hasSessions { sendAnswers(acknowledging: keeping.isSnapshotDue) }
        if keeping.isSnapshotDue { audience.publishSnapshots(of: shard) }
        keeping.isSnapshotDue = false
        if shard.isFinished { end(.finished) }
    }

    private func mayApply(_ entry: InputQueue<World>.Entry) -> Bool {
        let subscriber = entry.queued.subscriber
        guard shard.isAttached(subscriber) else { return false }
        guard !shard.isDeparting(subscriber) else {
            refuse(entry.queued.origin, subscriber, entry.queued.clientSequence, .moving)
            return false
        }
        if entry.isAuthorized { return true }
        let verdict = shard.world.authorizeInput(entry.queued.input, from: subscriber, caller: entry.caller)
        guard case .refused(let reason) = verdict else { return true }
        if entry.queued.origin != .unanswered {
            refuse(entry.queued.origin, subscriber, entry.queued.clientSequence, .unauthorized(reason: reason))
        }
        return false
    }

    private func end(_ ending: StreamEnding) {
        guard isRunning else { return endAgain(ending) }
        let settles = handsOff && ending != .goingAway
        // In this order: whoever sees that it has ended sees that its name is not free.
        if settles { status.isSettling.store(true, ordering: .releasing) }
        status.isRunning.store(false, ordering: .releasing)
        if settles {
            beginSettling()
        } else {
            closeHandoffs()
            journal?.ended(shard, comesBack: ending == .goingAway)
        }
        // Behind it: those that are held are stored with it.
        counters.seatsHeld.add(-seats.forgetHeld() - spectatorSeats.forgetHeld())
        onEnd(id, ending)
        audience.end(ending)
    }

    func stop(_ ending: StreamEnding) {
        worker.submit { [self] in end(ending) }
    }

    // MARK: Subscribing

    func subscribe(_ request: SubscribeRequest) {
        worker.submit { [self] in
            // A stream that follows its subscriber was let in elsewhere.
            // A stream that follows its subscriber was let in elsewhere, and has its place among the arrivals.
            if let journal, request.passage?.isStream != true,
                !(journal.hasRoom && keeping.waiting.hasRoom(for: request))
            {
                journal.countTurnedAway()
                return request.connection.loop.submit { request.answer(.failure(.full)) }
            }
            // What is shown first has to be as durable as everything else. Where a token is stored that waits for both.
            if storesToken(of: request) { return decide(request) }
            keeping.waiting.add(request)
            whenShown { [self] in
                keeping.waiting.remove(request)
                decide(request)
            }
        }
    }

    private func decide(_ request: SubscribeRequest) {
        do throws(ShardError) {
            try admit(request)
        } catch {
            request.connection.loop.submit { request.answer(.failure(error)) }
        }
    }

    private func admit(_ request: SubscribeRequest) throws(ShardError) {
        let isAwaited = admitsUnasked(request)
        if !isAwaited { try authorize(request) }
        guard isRunning else { throw .stopped }
        let resumption = self.resumption(of: request)
        if let (target, passage) = passage(of: request) {
            if let refusal = request.refusal, resumption == nil, !passage.isVouched { throw refusal }
            return forward(request, to: target, passage)
        }
        if let refusal = request.refusal, resumption == nil, !isAwaited { throw refusal }
        let maximum = shard.configuration.subscribersMaximum
        let hasPlace =
            (maximum == 0 || placesTaken(besides: request, resumption) < maximum)
            && shard.hasPlace(for: request.subscriber, as: request.role)
        guard hasPlace || isAwaited else { throw .full }

        let opening = try audience.opening(for: request)
        let admission = admission(of: request, resumption, isAwaited: isAwaited)
        takeSeat(admission)
        forgetLatestIfEventDriven()
        if storesToken(of: request) { beginWhenStored(admission) } else { begin(admission, opening) }
    }

    /// Starts the stream of one who has a seat already.
    func begin(_ admission: Admission, _ opening: [SharedBytes]) {
        let (request, resumption) = (admission.request, admission.resumption)
        // Asked now: it may have gone while the token was being stored.
        let isReplaced = resumption.map { audience.recipient(of: $0.previous) != nil } ?? false
        if let resumption, request.role == .player {
            let others = [resumption.previous, admission.attachment]
            queue.supersede(
                resumption.previous, isThere: isReplaced,
                // Another window of theirs does not send again what it posted.
                posts: seats.hasEventStream(request.subscriber, besides: others) ? nil : request.subscriber)
        }
        let start = startSession(admission)
        // First, so that whoever sees its first frame finds itself counted.
        countConnections(audience.count + 1, change: 1)
        audience.admit(request, admission.attachment, opening: opening, session: start, to: self, shard)
        sendFirstStates(request)
        if let resumption, isReplaced { audience.end(resumption.previous, .replaced) }
    }

    private func authorize(_ request: SubscribeRequest) throws(ShardError) {
        let (subscriber, caller) = (request.subscriber, request.caller)
        var verdict = Authorization.allowed
        if request.stream.hasState { verdict = shard.world.authorizeSubscribe(subscriber, caller: caller) }
        if verdict == .allowed, request.stream.hasEvents {
            verdict = shard.world.authorizeEvents(subscriber, caller: caller)
        }
        if case .refused(let reason) = verdict { throw .unauthorized(reason: reason) }
    }

    /// Joining and leaving change a world between its ticks. Where the next tick is milliseconds away it tells; an event-driven world
    /// may rest for hours, so what newcomers see first is written anew.
    func forgetLatestIfEventDriven() {
        if shard.configuration.tickRate.isEventDriven { audience.forgetLatest() }
    }

    func detach(attachment: UInt64) {
        worker.submit { [self] in
            queue.forgetDeparted(attachment)
            guard let (subscriber, role) = audience.detach(attachment) else { return }
            leaveSeat(subscriber, as: role, attachment)
            forgetLatestIfEventDriven()
            countConnections(audience.count, change: -1)
            eventLast = worker.clock.now()
        }
    }

    func countConnections(_ count: Int, change: Int) {
        status.connections.store(count, ordering: .relaxed)
        counters.subscribers.add(change)
    }

    // MARK: Inputs

    func push(_ message: InputMessage, from subscription: Subscription) throws(ShardError) -> UInt64 {
        guard subscription.role == .player else {
            counters.inputsRefused.add()
            throw .unauthorized(reason: "spectators send no inputs")
        }
        // Before it is decoded: a flood is not to cost more than it must.
        try takeToken(of: subscription.subscriber)
        return try enqueue(
            try decode(message.input), of: message, from: subscription.subscriber, caller: subscription.caller,
            isAuthorized: false, origin: subscription.origin)
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
                    guard !shard.isDeparting(request.subscriber) else { throw .moving }
                    let verdict = shard.world.authorizeInput(input, from: request.subscriber, caller: request.caller)
                    if case .refused(let reason) = verdict { throw .unauthorized(reason: reason) }
                    // Not before: nobody else's requests use up a subscriber's tokens.
                    try takeToken(of: request.subscriber)
                    return try enqueue(
                        input, of: request.message, from: request.subscriber, caller: request.caller,
                        isAuthorized: true, origin: .request)
                })
        }
    }

    func countRefusedInput() { counters.inputsRefused.add() }

    private func takeToken(of subscriber: SubscriberID) throws(ShardError) {
        guard let rateLimit, !rateLimit.take(subscriber, now: worker.clock.now()) else { return }
        counters.inputsRefused.add()
        counters.inputsRateLimited.add()
        throw .rateLimited
    }

    private func decode(_ json: JSONValue) throws(ShardError) -> World.Input {
        do {
            return try World.decodeInput(json)
        } catch {
            counters.inputsRefused.add()
            throw .inputMalformed(reason: inputRefusalReason(error))
        }
    }

    private func enqueue(
        _ input: World.Input, of message: InputMessage, from subscriber: SubscriberID, caller: Caller,
        isAuthorized: Bool, origin: InputOrigin
    ) throws(ShardError) -> UInt64 {
        guard isRunning else { throw .stopped }
        let pushed = queue.push(
            input, of: message, from: subscriber, caller: caller, isAuthorized: isAuthorized, origin: origin,
            nextStep: status.tick.load(ordering: .relaxed) + 1)
        guard let pushed else {
            counters.inputsRefused.add()
            throw queue.hasDeparted(origin) ? .moving : .inputQueueFull
        }
        if pushed.isLate { counters.inputsLate.add() }
        if pushed.isFirst, shard.configuration.tickRate.isEventDriven {
            worker.submit { [self] in stepForInput() }
        }
        return pushed.sequence
    }

    // MARK: Event-driven steps

    /// Steps an event-driven shard now or, when the last step is less than a millisecond ago, then: one busy sender may not take a
    /// worker from the other shards.
    func stepForInput() {
        let now = worker.clock.now()
        let earliest = eventStepLast + Self.eventStepInterval
        guard earliest <= now else { return worker.schedule(DelayedCall { [self] in stepForInput() }, at: earliest) }
        guard isRunning, queue.count > 0 || !handoffs.inbox.isEmpty else { return }
        if let journal, journal.isHolding { return stepWhenShown(journal) }
        eventLast = now
        eventStepLast = now
        step()
        keepNews()
    }

    /// The finest that fixed rates have, too (`TickRate.hertzMaximum`).
    private static var eventStepInterval: Duration { .milliseconds(1) }
}
