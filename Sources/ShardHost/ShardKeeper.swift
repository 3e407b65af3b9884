internal import PylonBytes
internal import PylonJSON
internal import PylonReplay
internal import PylonSimulation
internal import PylonTelemetry
internal import PylonTime

/// Stores one shard: its state every so many ticks, and with a journal everything that happens between. One change at a time is on its way; the
/// worker never waits for it. Belongs to the shard's worker.
///
/// With a journal, what a step shows goes out when the step is durable, and the shard takes no other before: it never runs ahead of the disk.
final class ShardKeeper<World: Simulation>: @unchecked Sendable {
    // Safety: confined to the worker's thread, but for `init` and `begin`, which come before anybody else has a reference; the store's answers
    // come back to it through `worker.submit`.

    private let store: any ShardStore
    private let counters: KeepingCounters
    private let report: @Sendable (String) -> Void
    private let worker: TickWorker
    private let identity: ShardIdentity
    private let worldState: WorldState<World>
    private let checkpointTicks: UInt64
    private let isJournalled: Bool
    /// What the runner knows: the shard as it is, with its newest sequence and event numbers and its seats.
    var current: () -> SavedShard<World>? = { nil }

    private var encoder = HistoryEncoder()
    private var stateWriter = StateWriter()
    /// The memory of the last state, used again when the store has let go of it.
    private var stateBytes: SharedBytes?
    private var blockNumber: UInt64 = 0
    private var ticksSinceCheckpoint: UInt64 = 0
    private var isCheckpointDue = false
    private var isWriting = false
    /// Whether nothing is stored any more: the shard has ended, or its state has grown too large.
    private var isOver = false
    private var hasEnded = false
    /// Whether the shard is to be forgotten, and whether it is.
    private var isRemoved = false
    private var isForgotten = false
    /// Where the news is that the shard has nothing left but hand-offs to settle; nil while it has.
    private var conclusion: Conclusion?
    /// Who wants to know that the shard is stored, or forgotten, in the order of their asking.
    private var confirmations: [Confirmation] = []
    private var confirmationLast: UInt64 = 0
    private var retryAt = Instant(nanoseconds: 0)
    private var flushLast = Instant(nanoseconds: 0)
    /// Everything that waits for the step to be durable; subscribers are refused where it is too much.
    private var waiting = Deque<() -> Void>()
    /// Whether there is a step that the store has not got yet, or has not answered for.
    private var isStepPending = false
    private var isStepOnItsWay = false
    /// Whether somebody would see a step that is not durable yet.
    private(set) var isHolding = false
    private var isHoldCounted = false
    /// What is waited for, counted from the beginning: steps, and with a journal changes of seats. What of it is in what is being written, and
    /// what is stored; nil before the first state is.
    private var markLast: UInt64 = 0
    private var markOnItsWay: UInt64 = 0
    private var markStored: UInt64?
    /// What waits for that, oldest first: what may go out to other shards then, and streams whose token is to be stored.
    private var waitingForStorage = Deque<(mark: UInt64, body: () -> Void)>()
    private var waitingForTokens = Deque<(mark: UInt64, body: () -> Void)>()
    private var stateLast = Instant(nanoseconds: 0)
    private var isRetryScheduled = false

    /// What may gather in memory before a state takes its place.
    private static var journalBytesMaximum: Int { 16 << 20 }

    init(
        _ store: any ShardStore, keepers: ShardKeepers, worker: TickWorker, setup: ShardSetup, kind: String,
        keeping: ShardKeeping, worldState: WorldState<World>
    ) {
        self.store = store
        counters = keepers.counters
        report = keepers.report
        self.worker = worker
        self.worldState = worldState
        identity = ShardIdentity(
            id: setup.id, instance: keepers.instances.next(worker.clock.microsecondsSinceEpoch()), kind: kind,
            config: String(decoding: setup.config.serialized(), as: UTF8.self), seed: setup.seed)
        checkpointTicks = UInt64(keeping.checkpointTicks)
        isJournalled = keeping.isJournalled
    }

    /// How far it has got that the shard is over but for its hand-offs.
    private enum Conclusion {
        case known, onItsWay, stored
    }

    // MARK: What happens

    /// The shard begins, new or restored: its state is stored at once, so that it is known to be there.
    func begin(_ saved: SavedShard<World>) {
        encoder.begin(at: saved.shard.tick)
        isStepPending = isJournalled
        writeState(saved)
    }

    func joined(_ subscriber: SubscriberID, as role: SubscriberRole) {
        if isJournalled, !isOver { encoder.joined(subscriber, as: role) }
    }

    func left(_ subscriber: SubscriberID, as role: SubscriberRole) {
        if isJournalled, !isOver { encoder.left(subscriber, as: role) }
    }

    func seat(_ seat: SavedSeat) {
        guard isDurable else { return }
        encoder.seat(seat)
        markLast += 1
    }

    func handoff(_ event: HandoffEvent) {
        if isJournalled, !isOver { encoder.handoff(event) }
    }

    func input(_ input: RecordedInput) {
        guard isJournalled, !isOver else { return }
        encoder.input(
            input.json, from: input.subscriber, sequence: input.sequence, clientSequence: input.clientSequence)
    }

    /// The shard took a step that `isSeen` by somebody.
    func stepped(isSeen: Bool) {
        guard !isOver else { return }
        ticksSinceCheckpoint += 1
        markLast += 1
        if ticksSinceCheckpoint >= checkpointTicks, !isCheckpointDue {
            isCheckpointDue = true
            if isWriting { counters.checkpointsSkipped.add() }
        }
        if isJournalled {
            encoder.stepped()
            if encoder.count > Self.journalBytesMaximum { isCheckpointDue = true }
            isStepPending = true
            if isSeen { isHolding = true }
        }
        pump()
    }

    /// Runs `body` when the last step is durable; at once if it is.
    func whenDurable(_ body: @escaping () -> Void) {
        guard !isOver, isStepPending || isStepOnItsWay else { return body() }
        isHolding = true
        waiting.append(body)
        pump()
    }

    /// Whether everything that happens is stored before it is shown.
    var isDurable: Bool { isJournalled && !isOver }

    /// Runs `body` when everything that has been noted is stored, or never will be; at once if it is. It holds no step up.
    func whenNoted(_ body: @escaping () -> Void) {
        guard !isOver, (markStored ?? 0) < markLast else { return body() }
        waitingForTokens.append((markLast, body))
        pump()
    }

    /// Runs `body` when the last step is stored; at once if it is, and never when nothing is stored any more. Unlike `whenDurable` it holds
    /// nothing up.
    func whenStored(_ body: @escaping () -> Void) {
        guard !isOver else { return }
        if let markStored, markStored >= markLast { return body() }
        waitingForStorage.append((markLast, body))
        pump()
    }

    /// Whether more may wait for the disk.
    var hasRoom: Bool { waiting.count + waitingForTokens.count < KeepingLimits.waitingMaximum }

    func countTurnedAway() {
        counters.turnedAway.add()
    }

    /// A step has to wait for the one before.
    func countHold() {
        if !isHoldCounted { counters.stepsHeld.add() }
        isHoldCounted = true
    }

    /// Whether something waits that an event-driven shard ought to store before long.
    var hasNews: Bool { isJournalled && !isOver && encoder.hasNews }

    /// Stores what waits.
    func flush() {
        flushLast = Instant(nanoseconds: 0)
        pump()
    }

    /// The world is over and its shard is not yet: that is stored soon.
    func conclude() {
        conclusion = .known
        isCheckpointDue = true
        pump()
    }

    /// The shard has ended. One that comes back is stored as it is now; `done` runs when one that does not is stored no longer.
    func end(comesBack: Bool, done: @escaping @Sendable () -> Void = {}) {
        guard !hasEnded else { return }
        hasEnded = true
        if !comesBack {
            // Also of one that has grown too large: an older state of it is stored.
            remove(done)
        } else if !isOver, let saved = current() {
            // Behind what is on its way, and better than that. What waits for it is told by the process to come.
            writeState(saved, isClean: true)
        }
        beOver()
    }

    /// Nothing is stored any more: what waits to be shown waits no longer.
    private func beOver() {
        isOver = true
        if !hasEnded { answerConfirmations(.refused, .stored, .forgotten) }
        waitingForStorage.removeAll()
        while !waitingForTokens.isEmpty { waitingForTokens.removeFirst().body() }
        release()
    }

    // MARK: Confirming

    /// Who wants to know that the shard is stored, or forgotten.
    private struct Confirmation {
        let number: UInt64
        let expected: StoreExpectation
        let answer: (StoreConfirmation) -> Void
    }

    /// Whether what is expected has come. Of a shard that has only hand-offs to settle it is enough that this is stored: it does not come back for
    /// anything else.
    private func isMet(_ expected: StoreExpectation) -> Bool {
        switch expected {
        case .stored: isRemoved ? isForgotten : markStored != nil
        case .forgotten: isForgotten || conclusion == .stored
        }
    }

    /// Says once whether the shard is stored, or forgotten: when the store has answered, at the latest at `deadline`.
    func confirm(
        _ expected: StoreExpectation, by deadline: Instant?, _ answer: @escaping (StoreConfirmation) -> Void
    ) {
        // One that ended with the process comes back, whoever has removed it since.
        guard expected == .stored || isRemoved || conclusion != nil else { return answer(.refused) }
        guard !isMet(expected) else { return answer(.done) }
        // Too large ever to have been stored.
        guard !isOver || hasEnded else { return answer(.refused) }
        confirmationLast += 1
        let number = confirmationLast
        confirmations.append(Confirmation(number: number, expected: expected, answer: answer))
        guard let deadline else { return }
        let expiry = DelayedCall {
            guard let index = self.confirmations.firstIndex(where: { $0.number == number }) else { return }
            self.confirmations.remove(at: index).answer(.late)
        }
        worker.schedule(expiry, at: deadline)
    }

    /// Answers those who wait for one of these.
    private func answerConfirmations(_ outcome: StoreConfirmation, _ expected: StoreExpectation...) {
        let waiting = confirmations.filter { expected.contains($0.expected) }
        confirmations.removeAll { expected.contains($0.expected) }
        for confirmation in waiting { confirmation.answer(outcome) }
    }

    /// Forgets the shard, however often that takes: what stays stored would come back.
    private func remove(_ done: @escaping @Sendable () -> Void) {
        isRemoved = true
        store.write(.removal, of: identity) { [self] problem in
            if problem == nil { done() }
            worker.submit {
                self.isForgotten = problem == nil
                self.answerConfirmations(problem == nil ? .done : .refused, .stored, .forgotten)
                guard let problem else { return }
                self.counters.failures.add()
                self.report("shard \(self.identity.id) could not be forgotten, trying again in a second: \(problem)")
                self.worker.schedule(DelayedCall { self.remove(done) }, at: self.worker.clock.now() + .seconds(1))
            }
        }
    }

    // MARK: Writing

    /// Hands the store what is to be stored next, unless it is busy.
    private func pump() {
        guard !isWriting, !isOver else { return }
        let now = worker.clock.now()
        guard now >= retryAt else { return }
        if !isJournalled, !waitingForStorage.isEmpty, !isCheckpointDue {
            // A state for those who wait, but no more than one a second: it costs the tick its time.
            isCheckpointDue = now - stateLast >= .seconds(1)
            if !isCheckpointDue { scheduleRetry(at: stateLast + .seconds(1)) }
        }
        if isCheckpointDue, let saved = current() { return writeState(saved) }
        // Nobody sees the shard: a second is soon enough, and spares the disk.
        let isAwaited = isHolding || !waitingForStorage.isEmpty || !waitingForTokens.isEmpty
        guard isJournalled, !encoder.isEmpty, isAwaited || now - flushLast >= .seconds(1) else { return }
        flushLast = now
        blockNumber += 1
        let block = encoder.cut { payload, _ in SharedBytes(payload) }
        guard let block else { return }
        counters.journalBytes.add(block.count)
        write(.journal(block, number: blockNumber))
    }

    private func writeState(_ saved: SavedShard<World>, isClean: Bool = false) {
        stateWriter.reset()
        let isWritten = SavedShard.write(
            saved.shard, worldState, sequenceLast: saved.sequenceLast, eventLast: saved.eventLast, seats: saved.seats,
            into: &stateWriter)
        guard isWritten else { return giveUp() }
        stateWriter.withUnsafeBytes { bytes in
            SharedBytes.refill(&stateBytes, count: bytes.count) { $0.copyMemory(from: bytes) }
        }
        guard let stateBytes else { return }
        isCheckpointDue = false
        ticksSinceCheckpoint = 0
        stateLast = worker.clock.now()
        encoder.begin(at: saved.shard.tick)
        counters.checkpoints.add()
        counters.stateBytes.add(stateBytes.count)
        let concludes = conclusion == .known
        if concludes { conclusion = .onItsWay }
        write(.state(stateBytes, tick: saved.shard.tick.number, isClean: isClean), concludes: concludes)
    }

    /// `concludes` says that it is the news that only hand-offs are left.
    private func write(_ change: ShardChange, concludes: Bool = false) {
        isWriting = true
        isStepOnItsWay = isStepPending
        isStepPending = false
        markOnItsWay = markLast
        store.write(change, of: identity) { [self] problem in
            worker.submit { self.written(problem, concludes: concludes) }
        }
    }

    private func written(_ problem: String?, concludes: Bool) {
        isWriting = false
        if problem == nil, markStored == nil { markStored = 0 }
        if !isRemoved { answerConfirmations(problem == nil ? .done : .refused, .stored) }
        if concludes {
            conclusion = problem == nil ? .stored : .known
            answerConfirmations(problem == nil ? .done : .refused, .forgotten)
        }
        guard !isOver else { return }
        if let problem {
            counters.failures.add()
            report("shard \(identity.id) could not be stored, trying again in a second: \(problem)")
            // A state makes up for whatever was lost.
            isCheckpointDue = true
            isStepPending = isStepPending || isStepOnItsWay
            isStepOnItsWay = false
            retryAt = worker.clock.now() + .seconds(1)
            scheduleRetry(at: retryAt)
            return
        }
        isStepOnItsWay = false
        let stored = markOnItsWay
        markStored = stored
        while let first = waitingForStorage.first, first.mark <= stored { waitingForStorage.removeFirst().body() }
        while let first = waitingForTokens.first, first.mark <= stored { waitingForTokens.removeFirst().body() }
        // One of them may have had the next step written.
        if isHolding, !isStepPending, !isStepOnItsWay { release() }
        pump()
    }

    /// The step is durable, or nothing will be any more.
    private func release() {
        isHolding = false
        isHoldCounted = false
        // One of them may take a step, for which the others wait.
        while !isHolding, !waiting.isEmpty { waiting.removeFirst()() }
    }

    private func giveUp() {
        counters.failures.add()
        report(
            "shard \(identity.id) is no longer stored: its state has more than \(SavedShardLimits.bytesMaximum) bytes; "
                + "after a restart it comes back as it was before")
        beOver()
    }

    private func scheduleRetry(at deadline: Instant) {
        guard !isRetryScheduled else { return }
        isRetryScheduled = true
        let retry = DelayedCall {
            self.isRetryScheduled = false
            self.pump()
        }
        worker.schedule(retry, at: deadline)
    }
}
