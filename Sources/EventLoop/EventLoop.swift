internal import CSystem
internal import Glibc
package import PylonThreading
package import PylonTime

/// One thread, one epoll instance, and the sockets they own.
///
/// A turn: wait for readiness → handle each ready channel → fire due timers → run what other threads submitted → flush the
/// channels that asked for it. State of a loop and of its channels belongs to the loop's thread; others use `submit`.
package final class EventLoop: @unchecked Sendable {
    // Safety: all mutable state below is confined to the loop's thread, which `assertOnLoop` checks in debug builds;
    // `inbox` is the one part that other threads touch.

    /// One read of a socket takes at most this much, then others have their turn: 64 KiB, shared by all channels.
    package static let readBufferBytes = 65_536

    /// The loop's place among its siblings, 0...
    package let index: Int
    package let clock: any Clock
    /// The time at which this turn began, read once per turn.
    package private(set) var now: Instant
    /// What a channel reads into; its content does not outlive the call that read it.
    package let readBuffer: UnsafeMutableRawBufferPointer

    let poller: Poller
    var channels = ChannelTable()
    var timers = DeadlineHeap()
    /// The values of ``LoopLocal`` declarations.
    var slots = LoopSlots()
    private let inbox: Inbox
    private var batch: [Inbox.Item] = []
    private var flushing: [Channel] = []
    private var flushingNext: [Channel] = []
    private var scheduled: [UInt64: @Sendable () -> Void] = [:]
    private var scheduledLast: UInt64 = 0
    private var isStopping = false
    private var owner: pthread_t?

    /// Prepares a loop; nothing runs until `run`.
    package init(index: Int, clock: any Clock) throws(SystemError) {
        self.index = index
        self.clock = clock
        now = clock.now()
        readBuffer = .allocate(byteCount: Self.readBufferBytes, alignment: 64)
        poller = try Poller()
        inbox = try Inbox()
        try poller.add(inbox.wakeDescriptor, interest: .readable, datum: 0)
    }

    deinit {
        readBuffer.deallocate()
    }

    /// Starts the loop on a thread of its own, named `loop-<index>`; the caller joins it after `stop`.
    package func start(setUp: @escaping @Sendable () -> Void = {}) -> Thread {
        Thread.spawn(name: "loop-\(index)") {
            setUp()
            self.run()
        }
    }

    /// Takes turns on the calling thread until `stop`.
    package func run() {
        owner = pthread_self()
        pthread_setspecific(Self.currentKey, Unmanaged.passUnretained(self).toOpaque())
        while !isStopping {
            turn(waitingMilliseconds: waitMilliseconds())
        }
        // What was submitted before still runs, so that nobody waits for its answer for ever.
        turn(waitingMilliseconds: 0)
        pthread_setspecific(Self.currentKey, nil)
        owner = nil
    }

    /// Ends `run` after the current turn. Any thread may call it. Channels still registered stay open; whoever stops the loop has
    /// closed them before.
    package func stop() {
        submit { self.isStopping = true }
    }

    /// Runs `body` on the loop's thread, in the order of submission. Any thread may call it.
    package func submit(_ body: @escaping @Sendable () -> Void) {
        submit(.closure(body))
    }

    /// Runs `task` on the loop's thread, in the order of submission, without allocating. Any thread may call it.
    package func submit(task: any LoopTask) {
        submit(.task(task))
    }

    /// Runs a stretch of a task on the loop's thread.
    func submit(job: UnownedJob) {
        submit(.job(job))
    }

    private func submit(_ item: Inbox.Item) {
        // On its own thread the loop looks into the inbox before it sleeps.
        if isCurrent { inbox.add(item) } else { inbox.submit(item) }
    }

    /// Makes the loop take a turn now, e.g. because a manual clock was moved. Any thread may call it.
    package func wake() {
        inbox.wake()
    }

    /// Runs `body` once, no earlier than `delay` from now. On the loop's thread only.
    package func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) {
        assertOnLoop()
        scheduledLast += 1
        scheduled[scheduledLast] = body
        timers.insert(deadline: clock.now() + delay, datum: Self.scheduledMark | scheduledLast)
    }

    /// Calls `channel.flush()` at the end of this turn, after everything that the turn may still add. Once per turn is enough: the
    /// channel keeps track of having asked.
    package func requestFlush(_ channel: Channel) {
        assertOnLoop()
        flushing.append(channel)
    }

    /// The channels registered now. O(descriptors); for shutdown and tests.
    package var registeredChannels: [Channel] {
        assertOnLoop()
        return channels.all
    }

    /// Whether the caller is on this loop's thread.
    package var isCurrent: Bool {
        pthread_getspecific(Self.currentKey) == UnsafeMutableRawPointer(Unmanaged.passUnretained(self).toOpaque())
    }

    /// Holds, for each thread, the loop that runs on it.
    private static let currentKey: pthread_key_t = {
        var key = pthread_key_t()
        let result = pthread_key_create(&key, nil)
        precondition(result == 0, "no thread-specific data: error \(result)")
        return key
    }()

    /// Traps in debug builds when the caller is on another thread than a running loop's own.
    @inline(__always)
    package func assertOnLoop() {
        assert(owner == nil || isCurrent, "loop state touched from another thread")
    }

    /// Channel generations fill the upper 32 bits of a datum; scheduled closures take a mark that no generation below 2^31 has.
    private static let scheduledMark: UInt64 = 1 << 63

    private func waitMilliseconds() -> Int32 {
        guard flushing.isEmpty, inbox.isEmpty else { return 0 }
        guard let deadline = timers.deadlineNext else { return -1 }
        let wait = (deadline - clock.now()).wholeNanoseconds
        // Rounded up, so that the loop does not wake just before a deadline and spin. At most a minute: no timer needs more.
        return Int32(min((wait + 999_999) / 1_000_000, 60_000))
    }

    private func turn(waitingMilliseconds: Int32) {
        let readyCount = poller.wait(milliseconds: waitingMilliseconds)
        // Before anyone counts a deadline from it: the wait may have been long.
        now = clock.now()
        var next = 0
        while next < readyCount {
            let end = min(next + Self.wakeUpsHeldMaximum, readyCount)
            WakeUps.held { handleEvents(next..<end) }
            next = end
        }
        fireTimers()
        runInbox()
        flushChannels()
    }

    /// So many events, or pieces of work from other threads, are handled before the threads are woken that got something from them: a busy
    /// loop hands over batches, and nobody waits long for the rest of one.
    private static let wakeUpsHeldMaximum = 16

    private func handleEvents(_ range: Range<Int>) {
        for index in range {
            let (events, datum) = poller.event(at: index)
            if datum == 0 {
                inbox.acknowledgeWake()
            } else {
                channels.channel(for: datum)?.ready(events)
            }
        }
    }

    private func fireTimers() {
        // Not more than there are now: a handler that sets deadlines in the past would otherwise keep this turn for ever.
        var remaining = timers.count
        while remaining > 0, let entry = timers.popDue(now) {
            remaining -= 1
            if entry.datum & Self.scheduledMark != 0 {
                scheduled.removeValue(forKey: entry.datum & ~Self.scheduledMark)?()
            } else {
                fireChannelTimer(entry, now: now)
            }
        }
    }

    private func runInbox() {
        inbox.drain(into: &batch)
        var next = 0
        while next < batch.count {
            let end = min(next + Self.wakeUpsHeldMaximum, batch.count)
            WakeUps.held { runBatch(next..<end) }
            next = end
        }
        batch.removeAll(keepingCapacity: true)
    }

    private func runBatch(_ range: Range<Int>) {
        // By index, here and below: without optimisation the iterator of an array allocates.
        for index in range {
            switch batch[index] {
            case .closure(let body): body()
            case .task(let task): task.runOnLoop()
            case .job(let job): job.runSynchronously(on: asUnownedTaskExecutor())
            }
        }
    }

    private func flushChannels() {
        guard !flushing.isEmpty else { return }
        swap(&flushing, &flushingNext)
        for index in flushingNext.indices {
            flushingNext[index].flush()
        }
        flushingNext.removeAll(keepingCapacity: true)
    }
}
