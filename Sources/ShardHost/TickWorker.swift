internal import CSystem
internal import Glibc
package import PylonThreading
package import PylonTime

/// A thread that runs the shards bound to it, each when its deadline comes.
///
/// One thread serves thousands of shards: it sleeps until the earliest deadline or until something is submitted. It never touches a
/// socket and never waits for anyone.
package final class TickWorker: @unchecked Sendable {
    // Safety: `deadlines`, `scheduled`, `phases` and `batch` are confined to the worker's thread, or to the one test that calls `runDue` in
    // its place; `mailbox` is the part that others touch.

    /// How long submitted commands may keep due ticks waiting.
    static let commandsMaximum: Duration = .milliseconds(1)

    /// The worker's place among its siblings, 0...
    package let index: Int
    package let clock: any Clock
    private let mailbox = Lock<[Command]>([])
    private let wakeDescriptor: Int32
    private var batch: [Command] = []
    /// How many of `batch` have run.
    private var batchDone = 0
    private var deadlines = DeadlineHeap()
    /// What the deadlines are for, by their datum; freed places are used again.
    private var scheduled: [(any TickTask)?] = []
    private var freePlaces: [Int] = []
    private var phases = PhaseSpread()
    private var isStopping = false

    /// What others ask of the worker. Bounded by what asks: one outstanding command per connection or request.
    package typealias Command = @Sendable () -> Void

    package init(index: Int, clock: any Clock) {
        self.index = index
        self.clock = clock
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        precondition(wakeDescriptor >= 0, "no descriptor left at start-up")
    }

    deinit {
        close(wakeDescriptor)
    }

    /// Starts the worker on a thread of its own, named `shard-<index>`; the caller joins it after `stop`.
    package func start() -> Thread {
        Thread.spawn(name: "shard-\(index)") { self.run() }
    }

    /// Ends the thread after the commands submitted so far. Any thread may call it.
    package func stop() {
        submit { self.isStopping = true }
    }

    /// Runs `command` on the worker's thread, between ticks, in the order of submission. Any thread may call it.
    package func submit(_ command: @escaping Command) {
        let isFirst = mailbox.withLock { commands in
            commands.append(command)
            return commands.count == 1
        }
        guard isFirst else { return }
        var one: UInt64 = 1
        // A failed write would mean a full counter, hence a wake-up under way.
        _ = write(wakeDescriptor, &one, 8)
    }

    /// When one more shard of `rate` takes its first step. On the worker's thread only.
    func firstDeadline(rate: TickRate) -> Instant {
        phases.firstDeadline(rate: rate, now: clock.now())
    }

    /// Calls `task.run` at `deadline`. On the worker's thread only.
    func schedule(_ task: any TickTask, at deadline: Instant) {
        let place = freePlaces.popLast() ?? scheduled.count
        if place == scheduled.count {
            scheduled.append(task)
        } else {
            scheduled[place] = task
        }
        deadlines.insert(deadline: deadline, datum: UInt64(place))
    }

    /// Runs what was submitted and what is due, once; tests call it instead of starting the thread.
    ///
    /// Returns when it wants to run next.
    package func runDue() -> Instant {
        runCommands()
        // What falls due while these run waits for the next round, so that commands get their turn however late the worker is.
        let now = clock.now()
        while let entry = deadlines.popDue(now) {
            run(entry)
        }
        return batch.isEmpty ? deadlines.deadlineNext ?? .distantFuture : now
    }

    private func run(_ entry: DeadlineHeap.Entry) {
        let place = Int(entry.datum)
        guard let task = scheduled[place] else { return }
        if let next = task.run(now: clock.now()) {
            deadlines.insert(deadline: next, datum: entry.datum)
        } else {
            scheduled[place] = nil
            freePlaces.append(place)
        }
    }

    private func run() {
        // The kernel may wake sleepers 50 µs late by default, to save power; a tick is worth more.
        _ = csystem_set_timer_slack(1)
        // Ticks are short. Without this one waits for whatever runs when it is due, an export or a long query, to use up its time.
        _ = csystem_set_time_slice(100_000)
        while !isStopping {
            let next = runDue()
            guard !isStopping else { break }
            wait(until: next)
        }
    }

    private func wait(until deadline: Instant) {
        let nanoseconds =
            deadline == .distantFuture ? -1 : Int64(clamping: (deadline - clock.now()).wholeNanoseconds)
        guard nanoseconds != 0, csystem_wait_readable(wakeDescriptor, nanoseconds) == 1 else { return }
        var counter: UInt64 = 0
        _ = read(wakeDescriptor, &counter, 8)
    }

    /// Runs what was submitted, for a millisecond at most: a crowd that joins at once must not make ticks late. The rest comes next
    /// round.
    private func runCommands() {
        if batch.isEmpty { takeCommands() }
        guard !batch.isEmpty else { return }
        let deadline = clock.now() + Self.commandsMaximum
        while batchDone < batch.count {
            batch[batchDone]()
            batchDone += 1
            if batchDone % 8 == 0, clock.now() >= deadline { return }
        }
        batch.removeAll(keepingCapacity: true)
        batchDone = 0
    }

    private func takeCommands() {
        nonisolated(unsafe) var commands: [Command] = []
        // Safety: `commands` lives on this stack frame only and is swapped in and out while the lock is held.
        swap(&commands, &batch)
        mailbox.withLock { swap(&$0, &commands) }
        swap(&commands, &batch)
    }
}

/// Something a worker runs again and again.
protocol TickTask: AnyObject {
    /// Does what is due at `now`; returns when to be called next, nil for never.
    func run(now: Instant) -> Instant?
}
