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
    /// What the runner knows: the shard as it is, with its newest sequence and event numbers.
    var current: () -> (shard: Shard<World>, sequenceLast: UInt64, eventLast: UInt64)? = { nil }

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
    private var retryAt = Instant(nanoseconds: 0)
    private var flushLast = Instant(nanoseconds: 0)
    /// Everything that waits for the step to be durable.
    private var waiting = Deque<() -> Void>()
    /// Whether there is a step that the store has not got yet, or has not answered for.
    private var isStepPending = false
    private var isStepOnItsWay = false
    /// Whether somebody would see a step that is not durable yet.
    private(set) var isHolding = false
    private var isHoldCounted = false
    /// The steps taken since the beginning, those in what is being written, and those that are stored; nil before the first state is.
    private var stepLast: UInt64 = 0
    private var stepOnItsWay: UInt64 = 0
    private var stepStored: UInt64?
    /// What waits for steps to be stored, oldest first.
    private var waitingForStorage = Deque<(step: UInt64, body: () -> Void)>()
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

    // MARK: What happens

    /// The shard begins, new or restored: its state is stored at once, so that it is known to be there.
    func begin(_ shard: Shard<World>, sequenceLast: UInt64, eventLast: UInt64) {
        encoder.begin(at: shard.tick)
        isStepPending = isJournalled
        writeState(shard, sequenceLast: sequenceLast, eventLast: eventLast)
    }

    func joined(_ subscriber: SubscriberID, as role: SubscriberRole) {
        if isJournalled, !isOver { encoder.joined(subscriber, as: role) }
    }

    func left(_ subscriber: SubscriberID, as role: SubscriberRole) {
        if isJournalled, !isOver { encoder.left(subscriber, as: role) }
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
        stepLast += 1
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

    /// Runs `body` when the last step is stored; at once if it is, and never when nothing is stored any more. Unlike `whenDurable` it holds
    /// nothing up.
    func whenStored(_ body: @escaping () -> Void) {
        guard !isOver else { return }
        if let stepStored, stepStored >= stepLast { return body() }
        waitingForStorage.append((stepLast, body))
        pump()
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
        } else if !isOver, let (shard, sequenceLast, eventLast) = current() {
            // Behind what is on its way, and better than that. What waits for it is told by the process to come.
            writeState(shard, sequenceLast: sequenceLast, eventLast: eventLast, isClean: true)
        }
        isOver = true
        waitingForStorage.removeAll()
        release()
    }

    /// Forgets the shard, however often that takes: what stays stored would come back.
    private func remove(_ done: @escaping @Sendable () -> Void) {
        store.write(.removal, of: identity) { [self] problem in
            guard let problem else { return done() }
            worker.submit {
                self.counters.failures.add()
                self.report("shard \(self.identity.id) could not be forgotten, trying again in a second: \(problem)")
                self.worker.schedule(Retry { self.remove(done) }, at: self.worker.clock.now() + .seconds(1))
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
        if isCheckpointDue, let (shard, sequenceLast, eventLast) = current() {
            return writeState(shard, sequenceLast: sequenceLast, eventLast: eventLast)
        }
        // Nobody sees the shard: a second is soon enough, and spares the disk.
        let isAwaited = isHolding || !waitingForStorage.isEmpty
        guard isJournalled, !encoder.isEmpty, isAwaited || now - flushLast >= .seconds(1) else { return }
        flushLast = now
        blockNumber += 1
        let block = encoder.cut { payload, _ in SharedBytes(payload) }
        guard let block else { return }
        counters.journalBytes.add(block.count)
        write(.journal(block, number: blockNumber))
    }

    private func writeState(
        _ shard: Shard<World>, sequenceLast: UInt64, eventLast: UInt64, isClean: Bool = false
    ) {
        stateWriter.reset()
        guard
            SavedShard.write(shard, worldState, sequenceLast: sequenceLast, eventLast: eventLast, into: &stateWriter)
        else { return giveUp() }
        stateWriter.withUnsafeBytes { bytes in
            SharedBytes.refill(&stateBytes, count: bytes.count) { $0.copyMemory(from: bytes) }
        }
        guard let stateBytes else { return }
        isCheckpointDue = false
        ticksSinceCheckpoint = 0
        stateLast = worker.clock.now()
        encoder.begin(at: shard.tick)
        counters.checkpoints.add()
        counters.stateBytes.add(stateBytes.count)
        write(.state(stateBytes, tick: shard.tick.number, isClean: isClean))
    }

    private func write(_ change: ShardChange) {
        isWriting = true
        isStepOnItsWay = isStepPending
        isStepPending = false
        stepOnItsWay = stepLast
        store.write(change, of: identity) { [self] problem in
            worker.submit { self.written(problem) }
        }
    }

    private func written(_ problem: String?) {
        isWriting = false
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
        stepStored = stepOnItsWay
        while let first = waitingForStorage.first, first.step <= stepOnItsWay { waitingForStorage.removeFirst().body() }
        if isHolding, !isStepPending { release() }
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
        isOver = true
        waitingForStorage.removeAll()
        release()
    }

    private func scheduleRetry(at deadline: Instant) {
        guard !isRetryScheduled else { return }
        isRetryScheduled = true
        let retry = Retry {
            self.isRetryScheduled = false
            self.pump()
        }
        worker.schedule(retry, at: deadline)
    }

    private final class Retry: TickTask {
        private let body: () -> Void

        init(_ body: @escaping () -> Void) {
            self.body = body
        }

        func run(now: Instant) -> Instant? {
            body()
            return nil
        }
    }
}
