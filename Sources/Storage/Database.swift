internal import PylonThreading
package import PylonTime

/// The database: one thread that writes, some that read, and what keeps the file whole. Safe to use from any thread.
///
/// Callers see transactions, tables of entities and conditions, nothing of SQLite: another engine can take its place.
package final class Database: Sendable {
    /// Whether the last process that served from the file died; the file was then checked, and found whole.
    package let wasUnclean: Bool
    /// What it did so far.
    package let counters: StorageCounters

    private let location: DatabaseLocation
    private let settings: DatabaseSettings
    private let clock: any Clock
    private let writer: DatabaseWriter
    /// Nil in memory, where reads go to the writer's thread.
    private let readers: DatabaseReaders?
    private let snapshots: SnapshotSlots
    private let threads: Lock<[Thread]>

    /// Opens a database, makes the server's own tables, checks the file if the last process died, and starts the threads.
    ///
    /// Blocks, for as long as the check takes. Throws `corrupt` when the check finds anything.
    package init(
        _ location: DatabaseLocation, settings: DatabaseSettings = DatabaseSettings(), clock: any Clock = SystemClock()
    ) throws(StorageError) {
        self.location = location
        self.settings = settings
        self.clock = clock
        counters = StorageCounters()
        let connection = try SQLiteConnection(location, mode: .writer, settings: settings, clock: clock)
        wasUnclean = try Self.prepare(connection, settings)
        writer = DatabaseWriter(settings: settings, clock: clock, counters: counters)
        var threads: [Thread] = []
        if case .file = location {
            let readers = DatabaseReaders(settings: settings, clock: clock, counters: counters)
            var connections: [SQLiteConnection] = []
            for _ in 0...max(1, settings.readers) {
                connections.append(try SQLiteConnection(location, mode: .reader, settings: settings, clock: clock))
            }
            threads = readers.start(connections)
            self.readers = readers
        } else {
            readers = nil
        }
        snapshots = SnapshotSlots(settings.snapshotsMaximum)
        threads += snapshots.start()
        let marks = settings.marksShutdown
        threads.append(writer.start(connection) { Self.finish($0, marksShutdown: marks) })
        self.threads = Lock(threads)
    }

    /// Runs `body` in a transaction and returns its result once its changes are durable.
    ///
    /// `body` runs on the writer's thread, perhaps more than once, and must have no effects outside the transaction: those
    /// belong into ``WriteTransaction/afterCommit(_:)``. When it throws, its changes are taken back. `bytes` is what it
    /// holds in memory while it waits, for the queue's budget. Throws `overloaded` when too many writes wait.
    package func write<T: Sendable>(
        bytes: Int = 0, _ body: @escaping @Sendable (inout WriteTransaction) throws(StorageError) -> T
    ) async throws(StorageError) -> T {
        try await writer.write(bytes: bytes, body)
    }

    /// Runs `body` in a transaction like ``write(bytes:_:)``, without waiting: `done` hears of the result, on whatever thread, and must not
    /// wait for anything.
    package func submit(
        bytes: Int, _ body: @escaping @Sendable (inout WriteTransaction) throws(StorageError) -> Void,
        done: @escaping @Sendable (StorageError?) -> Void
    ) {
        writer.submit(SubmittedWrite(body, done), bytes: bytes)
    }

    /// Runs `body` on a snapshot of the database and returns its result.
    ///
    /// Throws `deadlineExceeded` when it is not done within `patience` of this call (nil for the settings'), `overloaded` when
    /// too many reads wait.
    package func read<T: Sendable>(
        within patience: Duration? = nil,
        _ body: @escaping @Sendable (inout ReadTransaction) throws(StorageError) -> T
    ) async throws(StorageError) -> T {
        try await withCheckedContinuation { continuation in
            read(PendingRead(body, continuation), within: patience)
        }.get()
    }

    /// Runs `job` on a snapshot of the database; it is delivered later, or at once when it is refused. With the errors of
    /// ``read(within:_:)``.
    package func read(_ job: any ReadJob, within patience: Duration? = nil) {
        let deadline = clock.now() + (patience ?? settings.readDeadline)
        if let readers {
            readers.submit(job, until: deadline)
        } else {
            writer.submit(ReadOnWriter(job, until: deadline, clock: clock), bytes: 0)
        }
    }

    /// The database as it is now, to be read piece by piece; close it. Throws `overloaded` when
    /// ``DatabaseSettings/snapshotsMaximum`` are open, and `unsupported` in memory.
    package func snapshot() async throws(StorageError) -> DatabaseSnapshot {
        guard case .file = location else { throw .unsupported("a snapshot of a database in memory") }
        return try await DatabaseSnapshot.open(location, in: snapshots, settings: settings, clock: clock)
    }

    /// Writes that wait for the writer's thread now.
    package var writesWaiting: Int { writer.waitingCount }

    /// Reads that wait for a thread now; in memory they are among the writes.
    package var readsWaiting: Int { readers?.waitingCount ?? 0 }

    /// Whether new work is refused.
    package var isClosing: Bool { writer.isClosing }

    /// Copies the database into a file, one consistent state, without making the writer wait; see ``DatabaseFile/backUp(to:)``.
    package func backUp(to path: String) async throws(StorageError) {
        guard case .file(let own) = location else { throw .unsupported("a backup of a database in memory") }
        let work = BlockingThread(name: "db-backup", capacity: 1)
        let thread = work.start()
        let file = DatabaseFile(own, settings: settings, clock: clock)
        let result = await work.run { () -> Result<Void, StorageError> in
            do throws(StorageError) {
                return .success(try file.backUp(to: path))
            } catch {
                return .failure(error)
            }
        }
        work.close()
        thread.join()
        try (result ?? .failure(.closed)).get()
    }

    /// Refuses new work, finishes what was accepted, tidies the file up and closes it. Blocks until that is done; call it from a
    /// thread that may block. Further calls do nothing.
    package func close() {
        readers?.close()
        snapshots.close()
        writer.close()
        let threads = threads.withLock { threads in
            defer { threads = [] }
            return threads
        }
        for thread in threads { thread.join() }
    }
}

// MARK: Start and end

extension Database {
    private static func prepare(
        _ connection: SQLiteConnection, _ settings: DatabaseSettings
    ) throws(StorageError) -> Bool {
        try connection.run("BEGIN IMMEDIATE")
        do throws(StorageError) {
            try connection.run(Meta.schema)
            for statement in ChangeLog.schema { try connection.run(statement) }
            try connection.run(SchemaHistory.schema)
            for statement in ShardTables.schema + SessionTable.schema { try connection.run(statement) }
            let wasUnclean = try connection.meta(Meta.cleanShutdownKey) == "0"
            if settings.marksShutdown {
                if wasUnclean { try connection.checkIntegrity(fullBytesMaximum: settings.fullCheckBytesMaximum) }
                try connection.setMeta(Meta.cleanShutdownKey, to: "0")
            }
            try connection.run("COMMIT")
            return wasUnclean
        } catch {
            connection.rollBack()
            throw error
        }
    }

    /// The writer's last act. A failure here costs nothing but time at the next start.
    private static func finish(_ connection: SQLiteConnection, marksShutdown: Bool) {
        // A tool beside a server leaves all that to it: to empty the log it would make the server's writer wait.
        guard marksShutdown else { return }
        do throws(StorageError) {
            // Statistics for the planner, where tables have changed much; each index is sampled, not read.
            try connection.run("PRAGMA analysis_limit = 400")
            try connection.run("PRAGMA optimize")
            try connection.setMeta(Meta.cleanShutdownKey, to: "1")
            try connection.run("PRAGMA wal_checkpoint(TRUNCATE)")
        } catch {
            // Without the mark the next start checks the file, and finds what is wrong.
        }
    }
}
