/// Where a database lives.
package enum DatabaseLocation: Hashable, Sendable {
    /// A file, made when there is none. Beside it SQLite keeps `-wal` and `-shm`.
    case file(String)
    /// Memory of this process; gone when it is closed. Reads share the writer's thread.
    case memory
}

/// The limits and choices of a database, each with its default.
package struct DatabaseSettings: Sendable {
    /// Threads that read, besides the one for single rows. Four readers keep two cores busy while some wait for the disk.
    package var readers = 4
    /// How long a writer waits for a lock another process holds (the server itself has one writer, and readers of a WAL
    /// wait for nobody).
    package var busyTimeout = Duration.seconds(5)
    /// The writer's page cache. It holds what the B-trees' upper levels and the last pages take; the kernel caches the rest.
    package var writerCacheBytes = 32 << 20
    /// Each reader's page cache.
    package var readerCacheBytes = 16 << 20
    /// Prepared statements kept by each connection.
    package var statementsCached = 128
    /// Pages the WAL grows to before a commit moves them into the database: 4 MiB, SQLite's own default.
    package var checkpointPages = 1000
    /// The WAL file is cut to this size after a checkpoint that emptied it.
    package var walBytesMaximum = 64 << 20
    /// Pages of 4 KiB the database may grow to; beyond it writes fail as on a full disk. Nil for SQLite's own limit (16 TiB).
    package var pagesMaximum: Int?

    /// Jobs that share one commit at most.
    package var batchJobsMaximum = 256
    /// How long a batch takes in more jobs before it commits: what the first job waits for its neighbours at most, plus
    /// one job.
    package var batchDurationMaximum = Duration.milliseconds(5)
    /// Writes that wait at most; beyond it they are refused as `overloaded`.
    package var writeQueueCapacity = 4096
    /// The bytes that waiting writes may hold, as their callers declare them.
    package var writeQueueBytesMaximum = 64 << 20
    /// Reads that wait at most; beyond it they are refused as `overloaded`.
    package var readQueueCapacity = 1024
    /// How long a read may take, counted from when it was asked for, unless its caller says otherwise.
    package var readDeadline = Duration.seconds(5)
    /// Snapshots that may be open at a time, each with a thread of its own; beyond it they are refused as `overloaded`.
    package var snapshotsMaximum = 2
    /// How long a snapshot may stay open: the write-ahead log grows all the while.
    package var snapshotLifetimeMaximum = Duration.seconds(3600)

    /// Tombstones kept; a pull from a cursor older than the oldest one starts anew.
    package var tombstonesMaximum = 100_000
    /// The largest file whose indexes are checked against its tables, too, after an unclean stop: about 2 s a GiB.
    package var fullCheckBytesMaximum = 1 << 30
    /// Whether this process is the one that serves: it notices an unclean stop and leaves the mark for the next.
    /// Tools beside a running server leave the mark alone.
    package var marksShutdown = true

    package init() {}
}
