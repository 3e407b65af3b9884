internal import PylonSimulation
internal import PylonTime

/// What a shard remembers for its journal's sake.
struct KeepingState {
    /// What is to be published once the last step may be shown.
    var isSnapshotDue = false
    var isPublishWaiting = false
    var isStepWaiting = false
    /// Whether the worker has been asked to hand over what happened between steps.
    var awaitsFlush = false
    /// Those who took part when the process died from which this shard came back.
    var seatsHeld: [Attached] = []
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
        worker.schedule(Flush(runner: self), at: worker.clock.now() + .seconds(1))
    }

    private final class Flush: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? {
            runner.keeping.awaitsFlush = false
            runner.journal?.flush()
            return nil
        }
    }

    // MARK: Seats

    /// Keeps the seats of those who were there before a restart for a while; the world hears that they left when it is over.
    func holdSeats(now: Instant) {
        for seat in keeping.seatsHeld { noteRoles(of: seat.subscriber) }
        if !keeping.seatsHeld.isEmpty { worker.schedule(SeatRelease(runner: self), at: now + seatPatience) }
    }

    /// Gives up the seats; whoever has come back holds one of their own.
    private func releaseSeats() {
        guard isRunning else { return }
        for seat in keeping.seatsHeld {
            detach(seat.subscriber, as: seat.role)
            noteRoles(of: seat.subscriber)
        }
        keeping.seatsHeld = []
        forgetLatestIfEventDriven()
    }

    private final class SeatRelease: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? {
            runner.releaseSeats()
            return nil
        }
    }
}
