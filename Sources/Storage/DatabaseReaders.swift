internal import PylonTelemetry
internal import PylonThreading
internal import PylonTime

/// The threads that read, `db-reader-1` to `db-reader-N`, each with a connection that cannot write, and one bounded queue.
///
/// A read sees one snapshot. It neither waits for the writer nor makes it wait.
final class DatabaseReaders: Sendable {
    private let queue: WorkQueue<ReadJob>
    private let clock: any Clock
    private let counters: StorageCounters

    init(settings: DatabaseSettings, clock: any Clock, counters: StorageCounters) {
        self.clock = clock
        self.counters = counters
        queue = WorkQueue(capacity: settings.readQueueCapacity)
    }

    /// Starts a thread for each connection; they end after `close` and what was accepted before.
    func start(_ connections: [SQLiteConnection]) -> [Thread] {
        connections.enumerated().map { index, connection in
            let confined = ConfinedConnection(connection: connection)
            return Thread.spawn(name: "db-reader-\(index + 1)") { self.work(on: confined.connection) }
        }
    }

    /// Reads that wait.
    var waitingCount: Int { queue.count }

    /// Refuses new reads from now on.
    func close() {
        queue.close()
    }

    /// Runs `body` on a snapshot, and fails with `deadlineExceeded` when it is not done in time, waiting included.
    func read<T: Sendable>(
        within patience: Duration, _ body: @escaping @Sendable (inout ReadTransaction) throws(StorageError) -> T
    ) async throws(StorageError) -> T {
        let deadline = clock.now() + patience
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<T, StorageError>, Never>) in
            let job = ReadJob(deadline: deadline) { [counters] connection, refusal in
                guard let connection else { return continuation.resume(returning: .failure(refusal ?? .closed)) }
                let result = Self.snapshot(of: connection, until: deadline, body)
                counters.reads.add()
                if case .failure(.deadlineExceeded) = result { counters.readsTimedOut.add() }
                continuation.resume(returning: result)
            }
            if let refusal = queue.push(job) {
                counters.refused.add()
                job.run(nil, refusal)
            }
        }
        return try result.get()
    }

    /// Runs `body` in a read transaction of its own.
    private static func snapshot<T>(
        of connection: SQLiteConnection, until deadline: Instant,
        _ body: (inout ReadTransaction) throws(StorageError) -> T
    ) -> Result<T, StorageError> {
        do throws(StorageError) {
            try connection.run("BEGIN")
            connection.gate.deadline = deadline
            defer {
                // First the deadline: it would interrupt the end of the transaction, too.
                connection.gate.deadline = .distantFuture
                connection.rollBack()
            }
            var transaction = ReadTransaction(connection)
            return .success(try body(&transaction))
        } catch {
            return .failure(error)
        }
    }

    private func work(on connection: SQLiteConnection) {
        while let job = queue.pop(1).first {
            if clock.now() >= job.deadline {
                counters.readsTimedOut.add()
                job.run(nil, .deadlineExceeded)
            } else {
                job.run(connection, nil)
            }
        }
    }

    /// A read that waits: called exactly once, with a connection or with the reason why there is none.
    private struct ReadJob: Sendable {
        let deadline: Instant
        let run: @Sendable (SQLiteConnection?, StorageError?) -> Void

        init(deadline: Instant, _ run: @escaping @Sendable (SQLiteConnection?, StorageError?) -> Void) {
            self.deadline = deadline
            self.run = run
        }
    }
}

/// Carries a connection into the thread that owns it from then on.
struct ConfinedConnection: @unchecked Sendable {
    // Safety: its maker gives the connection up; one thread uses it, and closes it by letting it go.
    let connection: SQLiteConnection
}
