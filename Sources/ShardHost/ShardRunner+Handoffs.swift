internal import PylonFanout
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime

/// What a shard remembers of hand-offs besides its books.
struct HandoffDesk {
    /// What waits for the next step, at most: twice a full outbox. The rest is dropped, and sent again by those who miss the answer.
    static let inboxMaximum = 2 * HandoffLedger.outboxMaximum

    var post: HandoffPost?
    /// Tells the operator of a loss.
    let report: @Sendable (String) -> Void
    /// Whether the shard has ended and waits for answers.
    var isSettling = false
    /// Whether nothing of it is left.
    var isClosed = false
    var inbox: [HandoffEvent] = []
    /// Whether the worker has been asked to send again what is not answered.
    var awaitsResend = false
    /// Whether what is to be sent again waits for the state to be stored.
    var isResending = false
    /// Answers that wait for the state to be stored.
    var repliesWaiting = 0
    /// What the gauge says of this shard.
    var underWay = 0
    /// Subscribers who came along with something and whose streams are still on their way, and until when they are awaited: as many as seats are
    /// held.
    var arrivals = NewestBySubscriber<Instant>(countMaximum: SeatTable.heldMaximum)
    /// Whether the worker has been asked to look for those whose streams have not come.
    var awaitsExpiry = false

    init(report: @escaping @Sendable (String) -> Void) {
        self.report = report
    }

    /// Takes what the next step takes in. Beyond the seats that are kept for them subscribers are left out, and sent again.
    mutating func takeInbox() -> [HandoffEvent] {
        guard !inbox.isEmpty else { return [] }
        var room = arrivals.countMaximum - arrivals.count
        let taken = inbox.filter { event in
            guard case .arrival(let handoff) = event, handoff.subscriber != nil else { return true }
            room -= 1
            return room >= 0
        }
        inbox.removeAll(keepingCapacity: true)
        return taken
    }
}

/// How things go from shard to shard. On its worker.
///
/// The world lets go of them and takes them in in its steps; here they are sent, when the state behind such a step is stored, and again
/// every second until they are answered. The answer comes when the target's state is stored.
extension ShardRunner {
    static var resendInterval: Duration { .seconds(1) }

    func receive(_ event: HandoffEvent) {
        worker.submit { [self] in
            guard isRunning else { return receiveLate(event) }
            guard handoffs.inbox.count < HandoffDesk.inboxMaximum else { return }
            handoffs.inbox.append(event)
            if shard.configuration.tickRate.isEventDriven, handoffs.inbox.count == 1 { stepForInput() }
        }
    }

    /// Takes what has come out of the inbox for the next step, and writes it down.
    func takeHandoffs() -> [HandoffEvent] {
        let taken = handoffs.takeInbox()
        for event in taken { journal?.handoff(event) }
        return taken
    }

    /// Does what the last step leads to.
    func settleHandoffs() {
        let results = shard.handoffResults
        guard !results.isEmpty else { return }
        counters.handoffsReceived.add(results.received)
        counters.handoffsRefused.add(results.refused)
        noteUnderWay(shard.ledger.outboxCount)
        for subscriber in results.arrived { keepArrival(subscriber) }
        for handoff in results.departed { depart(handoff) }
        send(results)
        scheduleResend(at: worker.clock.now() + Self.resendInterval)
    }

    private func send(_ results: HandoffResults) {
        let staged = results.staged
        // Whoever gets no answer asks again.
        let room = max(0, HandoffDesk.inboxMaximum - handoffs.repliesWaiting)
        let replies = Array(results.replies.prefix(room))
        guard !(staged.isEmpty && replies.isEmpty) else { return }
        handoffs.repliesWaiting += replies.count
        whenStored { [self] in
            handoffs.repliesWaiting -= replies.count
            guard isTalking, let post = handoffs.post else { return }
            counters.handoffsSent.add(staged.count)
            for handoff in staged { post.send(handoff, from: self) }
            for reply in replies { post.send(reply) }
        }
    }

    func whenStored(_ body: @escaping () -> Void) {
        if let journal { journal.whenStored(body) } else { body() }
    }

    func noteUnderWay(_ count: Int) {
        counters.handoffsUnderWay.add(count - handoffs.underWay)
        handoffs.underWay = count
    }

    /// The shard has ended, and nothing is awaited; what is on its way comes back with it, if it does.
    func closeHandoffs() {
        noteUnderWay(0)
        handoffs.inbox = []
    }

    // MARK: Sending again

    /// Has what is not answered sent again, if there is anything.
    func scheduleResend(at deadline: Instant) {
        guard !handoffs.awaitsResend, shard.ledger.outboxCount > 0 else { return }
        handoffs.awaitsResend = true
        noteUnderWay(shard.ledger.outboxCount)
        worker.schedule(Resend(runner: self), at: deadline)
    }

    private func resend(now: Instant) -> Instant? {
        handoffs.awaitsResend = false
        guard isTalking, shard.ledger.outboxCount > 0 else { return nil }
        handoffs.awaitsResend = true
        if !handoffs.isResending {
            handoffs.isResending = true
            // As the books are now: that is what is stored when it goes out.
            let unsettled = shard.ledger.unsettled
            whenStored { [self] in
                handoffs.isResending = false
                guard isTalking, let post = handoffs.post else { return }
                counters.handoffsResent.add(unsettled.count)
                for handoff in unsettled { post.send(handoff, from: self) }
            }
        }
        return now + Self.resendInterval
    }

    private final class Resend: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? { runner.resend(now: now) }
    }

    // MARK: Streams

    /// Sends the streams of a subscriber after what it plays. What it sent that was not applied is answered first.
    private func depart(_ handoff: Handoff) {
        guard let subscriber = handoff.subscriber, !shard.isDeparting(subscriber) else { return }
        noteDeparture(of: subscriber, to: handoff.target)
        for attachment in audience.attachments(of: subscriber) {
            for number in queue.depart(attachment) {
                counters.inputsRefused.add()
                refuse(.connection(attachment), subscriber, number, .moving)
            }
            if let target = handoffs.post?.find(handoff.target) {
                audience.move(attachment, to: target)
                counters.streamsMoved.add()
            } else {
                audience.end(attachment, .stopped)
                _ = audience.detach(attachment)
            }
            leaveSeat(subscriber, as: .player, attachment, holds: false)
            countConnections(audience.count, change: -1)
        }
        if seats.release(subscriber) {
            counters.seatsHeld.add(-1)
            detach(subscriber)
        }
        // It may have gone on before its streams came.
        releaseArrival(subscriber)
        noteRoles(of: subscriber)
        forgetLatestIfEventDriven()
    }

    /// Keeps the seat of a subscriber who came along until its streams are here.
    private func keepArrival(_ subscriber: SubscriberID) {
        noteRoles(of: subscriber)
        status.departures.forget(subscriber)
        let until = worker.clock.now() + seatPatience
        // One seat is enough for all that comes of one subscriber.
        if handoffs.arrivals[subscriber] != nil { detach(subscriber) }
        handoffs.arrivals.put(until, for: subscriber)
        guard !handoffs.awaitsExpiry else { return }
        handoffs.awaitsExpiry = true
        worker.schedule(ArrivalExpiry(runner: self), at: until)
    }

    /// Gives up the seat that was kept for a stream which is here now.
    func releaseArrival(_ subscriber: SubscriberID) {
        guard handoffs.arrivals[subscriber] != nil else { return }
        handoffs.arrivals.remove(subscriber)
        detach(subscriber)
    }

    private func expireArrivals(now: Instant) -> Instant? {
        guard isRunning else { return nil }
        for subscriber in handoffs.arrivals.removeOldest(while: { $0 <= now }) {
            detach(subscriber)
            noteRoles(of: subscriber)
        }
        handoffs.awaitsExpiry = !handoffs.arrivals.isEmpty
        return handoffs.arrivals.oldest
    }

    private final class ArrivalExpiry: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? { runner.expireArrivals(now: now) }
    }
}
