internal import PylonBytes
internal import PylonEventLoop
internal import PylonReplay
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime

/// What a shard remembers for its journal's sake.
struct KeepingState {
    /// What is to be published once the last step may be shown.
    var isSnapshotDue = false
    var isPublishWaiting = false
    var isStepWaiting = false
    /// Whether the worker has been asked to hand over what happened between steps.
    var awaitsFlush = false
    /// Connections that have a seat and wait for their token to be stored.
    var admissionsWaiting = 0
    /// Those, and others that wait for the disk, by whose they are.
    var waiting = WaitingSubscribers()
    /// Those who took part when the process died from which this shard came back, and for whom no seat is held.
    var unseated: [Attached] = []
}

/// How many connections of each address wait for the disk: one client that comes again and again is not to take everybody's room.
struct WaitingSubscribers {
    private var counts: [IPAddress: Int] = [:]

    func hasRoom(for request: SubscribeRequest) -> Bool {
        guard let address = request.address?.network else { return true }
        return counts[address, default: 0] < KeepingLimits.waitingPerAddressMaximum
    }

    mutating func add(_ request: SubscribeRequest) {
        if let address = request.address?.network { counts[address, default: 0] += 1 }
    }

    mutating func remove(_ request: SubscribeRequest) {
        guard let address = request.address?.network, let count = counts[address] else { return }
        counts[address] = count > 1 ? count - 1 : nil
    }
}

/// What a shard does so that nothing happens to its world unheard. On its worker.
extension ShardRunner {
    /// Counts a connection in, and writes it down.
    func attach(_ subscriber: SubscriberID, as role: SubscriberRole) {
        shard.attach(subscriber, as: role)
        if role == .player { status.departures.forget(subscriber) }
        journal?.joined(subscriber, as: role)
        keepNews()
    }

    /// Counts a connection out, and writes it down.
    func detach(_ subscriber: SubscriberID, as role: SubscriberRole = .player) {
        shard.detach(subscriber, as: role)
        journal?.left(subscriber, as: role)
        keepNews()
    }

    // MARK: Showing

    /// Runs `body` when the last step may be shown; at once if it may.
    func whenShown(_ body: @escaping () -> Void) {
        if let journal { journal.whenShown(body) } else { body() }
    }

    /// Publishes the last step when it may be shown.
    func publishWhenShown(_ journal: ShardJournal<World>) {
        guard !keeping.isPublishWaiting else { return }
        keeping.isPublishWaiting = true
        journal.whenShown { [self] in
            keeping.isPublishWaiting = false
            if isRunning { publish() }
        }
    }

    /// Goes on with the ticks when the last step may be shown.
    func tickWhenShown(_ journal: ShardJournal<World>) {
        guard !keeping.isStepWaiting else { return }
        keeping.isStepWaiting = true
        journal.whenShown { [self] in
            keeping.isStepWaiting = false
            if isRunning { worker.schedule(self, at: worker.clock.now()) }
        }
    }

    /// Steps an event-driven shard when the last step may be shown; the inputs that come meanwhile share that step.
    func stepWhenShown(_ journal: ShardJournal<World>) {
        guard !keeping.isStepWaiting else { return }
        keeping.isStepWaiting = true
        journal.countHold()
        journal.whenShown { [self] in
            keeping.isStepWaiting = false
            stepForInput()
        }
    }

    // MARK: Between steps

    /// What happened to an event-driven shard is kept within a second: its next step may be hours away.
    func keepNews() {
        guard shard.configuration.tickRate.isEventDriven, let journal, journal.hasNews, !keeping.awaitsFlush else {
            return
        }
        keeping.awaitsFlush = true
        let flush = DelayedCall { [self] in
            keeping.awaitsFlush = false
            journal.flush()
        }
        worker.schedule(flush, at: worker.clock.now() + .seconds(1))
    }

    func confirm(
        _ expected: StoreExpectation, within patience: Duration?,
        _ answer: @escaping @Sendable (StoreConfirmation) -> Void
    ) {
        worker.submit { [self] in
            guard let journal else { return answer(.done) }
            journal.confirm(expected, by: patience.map { worker.clock.now() + $0 }, answer)
        }
    }

    // MARK: Tokens

    /// Whether the token of this connection is stored before its client is shown it.
    func storesToken(of request: SubscribeRequest) -> Bool {
        guard request.role == .player, case .session = request.stream else { return false }
        return journal?.isDurable == true
    }

    /// Writes down which tokens are good for a seat from now on.
    func noteTokens(of subscriber: SubscriberID) {
        guard let journal, journal.isDurable else { return }
        journal.seat(
            SavedSeat(subscriber: subscriber, tokens: seats.tokens(of: subscriber, now: worker.clock.now())))
        keepNews()
    }

    /// Starts a stream when its token is stored, and what it shows first may be shown. Steps are taken meanwhile.
    func beginWhenStored(_ admission: Admission) {
        guard let journal else { return }
        keeping.admissionsWaiting += 1
        keeping.waiting.add(admission.request)
        journal.whenNoted { [self] in
            whenShown { [self] in
                keeping.admissionsWaiting -= 1
                keeping.waiting.remove(admission.request)
                decide(admission)
            }
        }
    }

    private func decide(_ admission: Admission) {
        let request = admission.request
        do throws(ShardError) {
            guard isRunning else { throw .stopped }
            // It may have gone to another shard meanwhile, which its stream was not there to follow.
            if let (target, passage) = passage(of: request) {
                leaveSeat(request.subscriber, as: request.role, admission.attachment, holds: false)
                return forward(request, to: target, passage)
            }
            begin(admission, try audience.opening(for: request))
        } catch {
            leaveSeat(request.subscriber, as: request.role, admission.attachment)
            request.connection.loop.submit { request.answer(.failure(error)) }
        }
    }

    // MARK: Seats

    /// Holds the seats of those who were there before a restart. Before the shard starts.
    func restoreSeats(of saved: SavedShard<World>) {
        let until = worker.clock.now() + seatPatience
        let tokens = Dictionary(saved.seats.map { ($0.subscriber, $0.tokens) }) { _, last in last }
        for attached in saved.shard.attached {
            let isHeld =
                attached.role == .player
                ? seats.restore(attached.subscriber, tokens: tokens[attached.subscriber] ?? [], until: until)
                : spectatorSeats.restore(attached.subscriber, tokens: [], until: until)
            if isHeld { counters.seatsHeld.add(1) } else { keeping.unseated.append(attached) }
        }
    }

    /// Lets others see who has a seat that is held, and gives those seats up when their time is over.
    func holdRestoredSeats() {
        guard shard.connectionCount > 0 else { return }
        for attached in keeping.unseated { detach(attached.subscriber, as: attached.role) }
        keeping.unseated = []
        for attached in shard.attached { noteRoles(of: attached.subscriber) }
        // The seats that are left from now on have a reminder of their own.
        let expiry = DelayedCall { [self] in
            if isRunning { _ = expireSeats(now: worker.clock.now()) }
        }
        worker.schedule(expiry, at: worker.clock.now() + seatPatience)
    }
}
