internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

/// The threads that read, `db-reader-1` to `db-reader-N`, each with a connection that cannot write, and one bounded queue. Brief reads, those
/// of single rows, have a thread and a queue of their own, `db-reader-0`: they wait for no scan.
///
/// A read sees one snapshot. It neither waits for the writer nor makes it wait.
final class DatabaseReaders: Sendable {
    private let queue: WorkQueue<PendingJob>
    private let briefQueue: WorkQueue<PendingJob>
    private let clock: any Clock
    private let counters: StorageCounters

    init(settings: DatabaseSettings, clock: any Clock, counters: StorageCounters) {
        self.clock = clock
        self.counters = counters
        queue = WorkQueue(capacity: settings.readQueueCapacity)
        briefQueue = WorkQueue(capacity: settings.readQueueCapacity)
    }

    /// Starts a thread for each connection, the first for brief reads; they end after `close` and what was accepted before.
    func start(_ connections: [SQLiteConnection]) -> [Thread] {
        connections.enumerated().map { index, connection in
            let confined = ConfinedConnection(connection: connection)
            let queue = index == 0 ? briefQueue : queue
            return Thread.spawn(name: "db-reader-\(index)") {
                // Scans may take seconds; ticks, loops and brief reads do not wait for them.
                if index > 0 { Thread.giveWay() }
                self.work(queue, on: confined.connection)
            }
        }
    }

    /// Reads that wait.
    var waitingCount: Int { queue.count + briefQueue.count }

    /// Refuses new reads from now on.
    func close() {
        queue.close()
        briefQueue.close()
    }

    /// Lets a reader's thread run `job`; it fails with `deadlineExceeded` when it is not done in time, waiting included, and at once when it is
    /// refused.
    func submit(_ job: any ReadJob, until deadline: Instant) {
        guard let refusal = (job.isBrief ? briefQueue : queue).push(PendingJob(job: job, deadline: deadline)) else {
            return
        }
        counters.refused.add()
        job.deliver(refusal)
    }

    private func work(_ queue: WorkQueue<PendingJob>, on connection: SQLiteConnection) {
        let taker = WorkQueue<PendingJob>.Taker()
        while true {
            let jobs = queue.pop(Self.briefReadsMaximum, by: taker, while: \.job.isBrief)
            if jobs.isEmpty { return }
            let errors = run(jobs, on: connection)
            // Together, after all of them: a taker that wakes for each would take turns with this thread on a busy processor.
            WakeUps.held {
                for (pending, error) in zip(jobs, errors) { pending.job.deliver(error) }
            }
        }
    }

    /// Brief reads that share a snapshot, and whose results are delivered together. Each takes some microseconds.
    private static let briefReadsMaximum = 16

    /// Runs the jobs in one read transaction; returns the errors that they ended with. All were asked for before it begins, so that each sees
    /// what its caller knows to be there.
    private func run(_ jobs: [PendingJob], on connection: SQLiteConnection) -> [StorageError?] {
        defer {
            // First the deadline: it would interrupt the end of the transaction, too.
            connection.gate.deadline = .distantFuture
            connection.rollBack()
        }
        return jobs.map { pending in
            do throws(StorageError) {
                guard clock.now() < pending.deadline else { throw .deadlineExceeded }
                if !connection.isInTransaction { try connection.run("BEGIN") }
                connection.gate.deadline = pending.deadline
                counters.reads.add()
                var transaction = ReadTransaction(connection)
                try pending.job.run(&transaction)
                return nil
            } catch {
                if error == .deadlineExceeded { counters.readsTimedOut.add() }
                return error
            }
        }
    }

    /// A read that waits, and when it has to be done.
    private struct PendingJob: Sendable {
        let job: any ReadJob
        let deadline: Instant
    }
}

/// Carries a connection into the thread that owns it from then on.
struct ConfinedConnection: @unchecked Sendable {
    // Safety: its maker gives the connection up; one thread uses it, and closes it by letting it go.
    let connection: SQLiteConnection
}
