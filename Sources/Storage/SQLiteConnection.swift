internal import CSQLite
internal import PylonSchema
internal import PylonTime

/// One connection to a database. It belongs to one thread at a time; everything that can fail throws.
package final class SQLiteConnection {
    enum Mode {
        /// May write; there is one per process.
        case writer
        /// Reads snapshots only.
        case reader
        /// Has the file to itself, and no write-ahead log beside it: for tools that replace all of it.
        case owner
    }

    let handle: OpaquePointer
    let gate: DeadlineGate
    private(set) var statements: StatementCache

    /// Whether a job runs: outside its transaction, statements would then commit by themselves.
    var isInJob = false

    /// Opens `location` and sets it up; a reader needs a file that a writer has opened before.
    init(
        _ location: DatabaseLocation, mode: Mode, settings: DatabaseSettings, clock: any Clock
    ) throws(StorageError) {
        let path: String
        switch location {
        case .file(let name): path = name
        case .memory: path = ":memory:"
        }
        _ = Self.processSetup
        // No mutex of SQLite's own: a connection is confined to its thread. Extended codes tell which constraint failed.
        let access = mode == .reader ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(
            path, &opened, access | SQLITE_OPEN_NOMUTEX | Int32(SQLITE_OPEN_EXRESCODE), nil)
        guard let opened else {
            throw StorageError(SQLITE_NOMEM, on: nil, operation: "open \(path)")
        }
        handle = opened
        gate = DeadlineGate(clock: clock)
        statements = StatementCache(capacity: settings.statementsCached)
        guard code == SQLITE_OK else { throw StorageError(code, on: opened, operation: "open \(path)") }
        gate.install(on: handle)
        try setUp(location, mode, settings)
    }

    deinit {
        statements.removeAll()
        // `_v2` also copes with statements that somebody still holds.
        sqlite3_close_v2(handle)
    }

    /// What is set once for the process: SQLite counts the bytes it allocates under one lock, which all threads would share for
    /// numbers nobody reads. It refuses once it is in use, which costs speed only.
    private static let processSetup = csqlite_forgo_memory_statistics()

    /// Whether a transaction is open. SQLite ends one by itself after some errors.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Rows that the last statement inserted, changed or deleted.
    var changesOfLastStatement: Int { Int(sqlite3_changes64(handle)) }

    /// The rowid of the last row inserted.
    var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Runs one statement to its end.
    func run(_ sql: String, _ values: [FieldValue] = []) throws(StorageError) {
        let statement = try checkOut(sql)
        defer { statements.checkIn(statement) }
        try statement.bind(values)
        while try statement.step() {}
    }

    /// Runs one statement to its end, with bytes as one of its parameters: the last, or the one at `index`, for which `values` has a null.
    func run(
        _ sql: String, _ values: [FieldValue], blob: UnsafeRawBufferPointer, at index: Int? = nil
    ) throws(StorageError) {
        let statement = try checkOut(sql)
        defer { statements.checkIn(statement) }
        try statement.bind(index == nil ? values + [.null] : values)
        try statement.bind(blob: blob, at: index ?? values.count)
        while try statement.step() {}
    }

    /// Runs one statement and passes its rows to `body`, until it returns false.
    func rows(
        _ sql: String, _ values: [FieldValue] = [], _ body: (borrowing Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        let statement = try checkOut(sql)
        defer { statements.checkIn(statement) }
        try statement.bind(values)
        while try statement.step() {
            guard try body(Row(statement.handle)) else { return }
        }
    }

    /// What `body` makes of the first row; nil when there is none.
    func first<R>(
        _ sql: String, _ values: [FieldValue] = [], _ body: (borrowing Row) throws(StorageError) -> R
    ) throws(StorageError) -> R? {
        let statement = try checkOut(sql)
        defer { statements.checkIn(statement) }
        try statement.bind(values)
        return try statement.step() ? try body(Row(statement.handle)) : nil
    }

    private func checkOut(_ sql: String) throws(StorageError) -> Statement {
        if isInJob, !isInTransaction { throw Self.transactionLost }
        return try statements.checkOut(sql, on: handle)
    }

    /// What a job gets that goes on after an error at which SQLite ended the transaction.
    static let transactionLost = StorageError.failed(
        SQLiteFailure(operation: "transaction", extendedCode: SQLITE_ABORT, message: "SQLite ended the transaction"))

    /// Whether running `sql` changes nothing.
    func isReadOnly(_ sql: String) throws(StorageError) -> Bool {
        let statement = try checkOut(sql)
        defer { statements.checkIn(statement) }
        return statement.isReadOnly
    }

    /// Ends the open transaction, if any, without its changes.
    func rollBack() {
        guard isInTransaction else { return }
        // When even that fails, SQLite has ended the transaction by itself, or the next BEGIN will say so.
        try? run("ROLLBACK")
    }
}

// MARK: Set-up

extension SQLiteConnection {
    private func setUp(
        _ location: DatabaseLocation, _ mode: Mode, _ settings: DatabaseSettings
    ) throws(StorageError) {
        // "A name" that is no column must be an error, not the string SQLite would make of it.
        try configure(SQLITE_DBCONFIG_DQS_DML, false)
        try configure(SQLITE_DBCONFIG_DQS_DDL, false)
        // SQL can then not damage the file by writing to its schema or to shadow tables.
        try configure(SQLITE_DBCONFIG_DEFENSIVE, true)
        let milliseconds = settings.busyTimeout.wholeNanoseconds / 1_000_000
        sqlite3_busy_timeout(handle, Int32(clamping: milliseconds))
        // A damaged page is reported where it is read instead of where it misleads.
        try run("PRAGMA cell_size_check = 1")
        // No memory map: a read error would then be a signal that ends the process instead of an error code.
        try run("PRAGMA mmap_size = 0")
        let cache = mode == .reader ? settings.readerCacheBytes : settings.writerCacheBytes
        try run("PRAGMA cache_size = -\(cache >> 10)")
        if mode != .reader, let pages = settings.pagesMaximum { try run("PRAGMA max_page_count = \(pages)") }
        switch mode {
        case .writer: try setUpWriter(location, settings)
        case .reader: break
        case .owner:
            try run("PRAGMA locking_mode = EXCLUSIVE")
            try forgoLog()
            // In this locking mode the lock that a transaction takes is kept until the file is closed.
            try run("BEGIN EXCLUSIVE")
            try run("COMMIT")
        }
    }

    /// Moves what the write-ahead log holds into the file and removes it. Throws `busy` while anybody else has the file open.
    func forgoLog() throws(StorageError) {
        let journal = try first("PRAGMA journal_mode = DELETE") { $0.text(0) }
        guard journal == "delete" else { throw .unsupported("a database without a write-ahead log") }
    }

    private func setUpWriter(_ location: DatabaseLocation, _ settings: DatabaseSettings) throws(StorageError) {
        // The savepoints of group commit keep old pages in memory, not in a file. Readers keep the default: what a sort
        // cannot hold in its cache goes to disk rather than into the server's memory.
        try run("PRAGMA temp_store = MEMORY")
        // Debian's build overwrites deleted content with zeros by default, which costs writes and protects from nobody
        // who can read the file's WAL.
        try run("PRAGMA secure_delete = 0")
        guard case .file = location else { return }
        // Readers and the writer do not wait for each other, and a commit is one sequential write.
        let journal = try first("PRAGMA journal_mode = WAL") { $0.text(0) }
        guard journal == "wal" else {
            throw .unsupported("a write-ahead log: the file system of the database cannot share memory")
        }
        // A commit is on the disk before it is acknowledged; NORMAL would lose the last ones on power failure.
        try run("PRAGMA synchronous = FULL")
        try run("PRAGMA wal_autocheckpoint = \(settings.checkpointPages)")
        try run("PRAGMA journal_size_limit = \(settings.walBytesMaximum)")
    }

    private func configure(_ option: Int32, _ isOn: Bool) throws(StorageError) {
        let code = csqlite_configure(handle, option, isOn ? 1 : 0)
        guard code == SQLITE_OK else { throw StorageError(code, on: handle, operation: "sqlite3_db_config \(option)") }
    }
}
