internal import PylonFanout
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime
internal import Synchronization

/// What a shard that has ended for good still does: it sees to it that what it handed off is answered. On its worker.
///
/// The world takes no more steps, and its subscribers have had their end. The name stays taken, and what is stored stays stored, until
/// everything is settled: should the process die, the shard comes back only to go on with that.
extension ShardRunner {
    /// How long answers are awaited, at most: 30 of the attempts that are made every second.
    private static var settlingPatience: Duration { .seconds(30) }

    /// Whether there is somebody to send and to answer.
    var isTalking: Bool { isRunning || handoffs.isSettling }

    /// The world is over for good. `isSettling` of the status has been set before others could see that.
    func beginSettling() {
        shard.conclude()
        handoffs.isSettling = true
        let events = handoffs.inbox
        handoffs.inbox = []
        for event in events { settle(event) }
        guard shard.ledger.outboxCount > 0, handoffs.post != nil else { return finishSettling() }
        journal?.concluded(shard)
        let now = worker.clock.now()
        counters.shardsSettling.add(1)
        worker.schedule(SettlingEnd(runner: self), at: now + Self.settlingPatience)
        scheduleResend(at: now + Self.resendInterval)
    }

    /// Takes what still comes.
    func receiveLate(_ event: HandoffEvent) {
        guard handoffs.isSettling else { return }
        settle(event)
        noteUnderWay(shard.ledger.outboxCount)
        guard shard.ledger.outboxCount == 0 else { return }
        counters.shardsSettling.add(-1)
        finishSettling()
    }

    private func settle(_ event: HandoffEvent) {
        switch shard.settle(event) {
        case .nothing: break
        case .lost: counters.handoffsLost.add()
        case .answer(let reply):
            whenStored { [self] in
                if isTalking { handoffs.post?.send(reply) }
            }
        }
    }

    /// Nothing is awaited any more: the shard is forgotten, and its name is free when the store has forgotten it, too.
    private func finishSettling() {
        handoffs.isSettling = false
        closeHandoffs()
        guard let journal else { return closed() }
        journal.ended(shard, comesBack: false) { [self] in
            worker.submit { self.closed() }
        }
    }

    private func closed() {
        handoffs.isClosed = true
        status.isSettling.store(false, ordering: .releasing)
        handoffs.post?.close(self)
    }

    /// Somebody ends what has ended already.
    func endAgain(_ ending: StreamEnding) {
        // Who removed it may have marked it as settling since.
        if handoffs.isClosed { return closed() }
        if handoffs.isSettling, ending == .goingAway { interruptSettling() }
    }

    /// The process ends. What is stored goes on with the next one.
    private func interruptSettling() {
        handoffs.isSettling = false
        counters.shardsSettling.add(-1)
        if shard.configuration.keeping.checkpointTicks == 0 { loseOutbox("the process ends") }
        closeHandoffs()
        journal?.ended(shard, comesBack: true)
    }

    private func loseOutbox(_ reason: String) {
        let count = shard.ledger.outboxCount
        counters.handoffsLost.add(count)
        handoffs.report("shard \(id) has ended with \(count) hand-offs unanswered, which are lost: \(reason)")
    }

    private func giveUpSettling(now: Instant) -> Instant? {
        guard handoffs.isSettling else { return nil }
        // Those that are awaited may not have come back yet.
        if let post = handoffs.post, !post.isEverybodyThere() { return now + Self.settlingPatience }
        counters.shardsSettling.add(-1)
        loseOutbox("no answer within \(Self.settlingPatience)")
        finishSettling()
        return nil
    }

    private final class SettlingEnd: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? { runner.giveUpSettling(now: now) }
    }
}
