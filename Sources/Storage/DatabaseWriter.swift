internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

/// The one thread that writes, `db-writer`, with a bounded queue before it and group commit behind it.
///
/// Jobs that wait share one `BEGIN IMMEDIATE … COMMIT`, each within a savepoint of its own: a job that fails is rolled
/// back alone. Results are delivered when the commit is durable, and all jobs of a batch get the error when it fails.
final class DatabaseWriter: Sendable {
    private let queue: WorkQueue<WriteJob>
    private let settings: DatabaseSettings
    private let clock: any Clock
    private let counters: StorageCounters

    init(settings: DatabaseSettings, clock: any Clock, counters: StorageCounters) {
        self.settings = settings
        self.clock = clock
        self.counters = counters
        queue = WorkQueue(capacity: settings.writeQueueCapacity, bytesMaximum: settings.writeQueueBytesMaximum)
    }

    /// Starts the thread, which owns `connection`; it ends after `close` and what was accepted before, with `atEnd` as its
    /// last act.
    func start(
        _ connection: SQLiteConnection, atEnd: @escaping @Sendable (SQLiteConnection) -> Void
    ) -> Thread {
        let confined = ConfinedConnection(connection: connection)
        return Thread.spawn(name: "db-writer") {
            let connection = confined.connection
            let taker = WorkQueue<WriteJob>.Taker()
            var pace = Pace()
            while true {
                var jobs = self.queue.pop(self.settings.batchJobsMaximum, by: taker)
                if jobs.isEmpty { break }
                jobs += self.gather(pace, beside: jobs.count, by: taker)
                // Each round delivers at least one job, so this ends.
                while !jobs.isEmpty { jobs = self.commit(jobs, on: connection, &pace) }
                pace.writersExpected += self.queue.count
            }
            atEnd(connection)
        }
    }

    /// Writes that wait.
    var waitingCount: Int { queue.count }

    /// Whether new writes are refused.
    var isClosing: Bool { queue.refusesAll }

    /// Refuses new writes from now on.
    func close() {
        queue.close()
    }

    /// Runs `body` in a transaction and returns its result once the changes are durable.
    ///
    /// `body` may run more than once, after its changes were taken back because another job's failure made SQLite end the
    /// transaction: it must have no effects outside the transaction; those belong into `afterCommit`.
    func write<T: Sendable>(
        bytes: Int, _ body: @escaping @Sendable (inout WriteTransaction) throws(StorageError) -> T
    ) async throws(StorageError) -> T {
        try await withCheckedContinuation { continuation in
            submit(PendingWrite(body, continuation), bytes: bytes)
        }.get()
    }

    /// Lets the writer's thread run `job`; it is delivered later, or at once when it is refused.
    func submit(_ job: WriteJob, bytes: Int) {
        guard let refusal = queue.push(job, bytes: bytes) else { return }
        counters.refused.add()
        job.deliver(refusal)
    }
}

// MARK: Batches

extension DatabaseWriter {
    /// How commits went of late.
    private struct Pace {
        /// Writes that the last batch delivered, and those that waited then: whoever made them may be back with another.
        var writersExpected = 0
        /// How long the last commit took, apart from its jobs: what is saved by sharing one.
        var commitTime = Duration.zero
    }

    /// Waits, no longer than a commit takes, for half of those who wrote last: many small commits cost more than a few that are shared. The other
    /// half may come while this one is on its way to the disk.
    private func gather(_ pace: Pace, beside count: Int, by taker: WorkQueue<WriteJob>.Taker) -> [WriteJob] {
        let expected = min(pace.writersExpected / 2, settings.batchJobsMaximum) - count
        guard expected > 0 else { return [] }
        queue.gather(expected, by: taker, for: min(pace.commitTime, settings.batchDurationMaximum))
        return queue.popWaiting(expected)
    }

    /// What became of one job within its batch.
    private enum Outcome {
        /// Kept, or rolled back alone.
        case done
        /// SQLite ended the whole transaction.
        case transactionLost
        /// The savepoint itself failed.
        case batchFailed(StorageError)
    }

    /// Runs `jobs` and whatever else waits in one transaction. Returns those that have to run again without the job that made
    /// SQLite end the transaction.
    private func commit(_ jobs: [WriteJob], on connection: SQLiteConnection, _ pace: inout Pace) -> [WriteJob] {
        let start = clock.now()
        pace.writersExpected = 0
        do throws(StorageError) {
            try connection.run("BEGIN IMMEDIATE")
        } catch {
            deliver(error, to: jobs)
            return []
        }
        var jobs = jobs
        var next = 0
        while true {
            if next == jobs.count {
                let room = settings.batchJobsMaximum - jobs.count
                guard room > 0, clock.now() - start < settings.batchDurationMaximum else { break }
                let more = queue.popWaiting(room)
                if more.isEmpty { break }
                jobs += more
            }
            switch run(jobs[next], on: connection) {
            case .done: next += 1
            case .transactionLost:
                let culprit = jobs.remove(at: next)
                counters.writesFailed.add()
                // A body that made nothing of the error has lost its changes all the same.
                culprit.deliver(culprit.keepsChanges ? SQLiteConnection.transactionLost : nil)
                return jobs
            case .batchFailed(let error):
                connection.rollBack()
                deliver(error, to: jobs)
                return []
            }
        }
        let end = clock.now()
        do throws(StorageError) {
            try connection.run("COMMIT")
        } catch {
            connection.rollBack()
            counters.commitsFailed.add()
            deliver(error, to: jobs)
            return []
        }
        pace.commitTime = clock.now() - end
        pace.writersExpected = jobs.count
        counters.commits.add()
        counters.batchTime.record(clock.now() - start)
        deliver(jobs)
        return []
    }

    private func run(_ job: WriteJob, on connection: SQLiteConnection) -> Outcome {
        do throws(StorageError) {
            try connection.run("SAVEPOINT job")
            var transaction = WriteTransaction(
                connection, time: clock.microsecondsSinceEpoch(), tombstonesMaximum: settings.tombstonesMaximum)
            connection.isInJob = true
            let isKept = job.run(&transaction)
            connection.isInJob = false
            connection.gate.deadline = .distantFuture
            guard connection.isInTransaction else { return .transactionLost }
            if !isKept { try connection.run("ROLLBACK TO job") }
            try connection.run("RELEASE job")
            return .done
        } catch {
            return .batchFailed(error)
        }
    }

    private func deliver(_ jobs: [WriteJob]) {
        for job in jobs {
            (job.keepsChanges ? counters.writes : counters.writesFailed).add()
            for action in job.actions { action() }
        }
        // After all actions: nobody learns of a change before it was handed on.
        WakeUps.held {
            for job in jobs { job.deliver(nil) }
        }
    }

    private func deliver(_ error: StorageError, to jobs: [WriteJob]) {
        counters.writesFailed.add(jobs.count)
        for job in jobs { job.deliver(error) }
    }
}
