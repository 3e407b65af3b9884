internal import Glibc
package import PylonTime

/// The file of a database as tools see it: looked at, copied and replaced from the calling thread, which every call blocks.
///
/// Reading and copying work beside a running server and make it wait for nothing. No call makes a file that is not there,
/// but ``restore(from:)``.
package struct DatabaseFile: Sendable {
    package let path: String
    private let settings: DatabaseSettings
    private let clock: any Clock

    /// Opens nothing yet.
    package init(
        _ path: String, settings: DatabaseSettings = DatabaseSettings(), clock: any Clock = SystemClock()
    ) {
        self.path = path
        self.settings = settings
        self.clock = clock
    }

    /// Whether there is anything under the name.
    package var exists: Bool { access(path, F_OK) == 0 }

    /// The file's size; 0 when there is none.
    package var byteCount: Int { Self.status(path).map { Int($0.st_size) } ?? 0 }

    /// The size of its write-ahead log, which holds what no checkpoint has moved into the file yet; 0 when there is none.
    package var logByteCount: Int { Self.status(path + "-wal").map { Int($0.st_size) } ?? 0 }

    /// What `body` makes of a snapshot of the database.
    package func read<T>(
        _ body: (inout ReadTransaction) throws(StorageError) -> T
    ) throws(StorageError) -> T {
        let connection = try open(.reader)
        try connection.run("BEGIN")
        defer { connection.rollBack() }
        var transaction = ReadTransaction(connection)
        return try body(&transaction)
    }

    /// Copies one state of the database into a file of its own, which appears under its name when it is complete, checked and on the
    /// disk. A file of that name is replaced, unless it is the database itself: then it throws `unsupported`.
    package func backUp(to copy: String) throws(StorageError) {
        let source = try open(.reader)
        if let own = Self.status(path), let other = Self.status(copy), own.st_dev == other.st_dev,
            own.st_ino == other.st_ino
        {
            throw .unsupported("a backup of a database over itself")
        }
        try OnlineBackup.copy(from: source, to: copy, settings: settings, clock: clock)
    }

    /// Puts a backup in the database's place, all of it or, on any error, nothing. The backup is checked first.
    ///
    /// With `endsSessions` none of the sessions in the backup comes back.
    ///
    /// Throws `busy` while any process has the database open, and keeps all others out until it is done. The file stays the same
    /// file: its contents change in one transaction, which the next to open it takes back after a crash. A rename could not do that: who
    /// opened the file the moment before would go on writing into one that has lost its name.
    package func restore(from backup: DatabaseFile, endsSessions: Bool = false) throws(StorageError) {
        let source = try backup.open(.reader)
        // One snapshot is checked and copied.
        try source.run("BEGIN")
        defer { source.rollBack() }
        try source.checkIntegrity(fullBytesMaximum: .max)
        let target = try open(.owner)
        let sequence = try target.lastSequenceEver()
        try OnlineBackup.fill(target, from: source)
        try target.beginHistory(after: sequence)
        if endsSessions {
            for statement in SessionTable.schema { try target.run(statement) }
            try target.run("DELETE FROM _pylon_sessions")
        }
        // Found whole just now: the next start need not check it again for the server that ran when it was made.
        try target.run(Meta.schema)
        try target.setMeta(Meta.cleanShutdownKey, to: "1")
    }

    private func open(_ mode: SQLiteConnection.Mode) throws(StorageError) -> SQLiteConnection {
        try SQLiteConnection(.file(path), mode: mode, settings: settings, clock: clock)
    }

    private static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }
}
