internal import CSQLite
internal import Glibc
internal import PylonTime

/// Copies a live database into a file: one consistent state, while it is read and written.
///
/// The copy is made by a connection of its own that holds one snapshot, in steps of 1 MiB. The writer waits for none of it; its WAL
/// only cannot start over before the copy is done. The file appears under its name when it is complete, checked and on the disk.
enum OnlineBackup {
    /// Pages a step: 1 MiB.
    static let pagesPerStep: Int32 = 256

    /// Copies from `source`, a reader with no open transaction, to `path`, where a file may be replaced. Blocks.
    static func copy(
        from source: SQLiteConnection, to path: String, settings: DatabaseSettings = DatabaseSettings(),
        clock: any Clock = SystemClock(), afterStep: (Int) -> Void = { _ in }
    ) throws(StorageError) {
        let partial = path + ".partial"
        unlink(partial)
        do throws(StorageError) {
            try source.run("BEGIN")
            defer { source.rollBack() }
            // The snapshot begins with the first read.
            _ = try source.first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) }
            try make(partial, from: source, settings, clock, afterStep)
            try synchronize(partial)
            guard rename(partial, path) == 0 else { throw failure("rename \(path)") }
            try synchronize(folder(of: path))
        } catch {
            unlink(partial)
            throw error
        }
    }

    private static func make(
        _ path: String, from source: SQLiteConnection, _ settings: DatabaseSettings, _ clock: any Clock,
        _ afterStep: (Int) -> Void
    ) throws(StorageError) {
        let target = try SQLiteConnection(.file(path), mode: .owner, settings: settings, clock: clock)
        try fill(target, from: source, afterStep: afterStep)
        // What was copied says that there is a log beside it; a backup is one file, also for who only looks at it.
        try target.forgoLog()
        try target.checkIntegrity(fullBytesMaximum: settings.fullCheckBytesMaximum)
    }

    /// Replaces what `target` holds, in one transaction of it.
    static func fill(
        _ target: SQLiteConnection, from source: SQLiteConnection, afterStep: (Int) -> Void = { _ in }
    ) throws(StorageError) {
        guard let backup = sqlite3_backup_init(target.handle, "main", source.handle, "main") else {
            throw StorageError(sqlite3_extended_errcode(target.handle), on: target.handle, operation: "backup")
        }
        var steps = 0
        var code = SQLITE_OK
        while code == SQLITE_OK {
            code = sqlite3_backup_step(backup, pagesPerStep)
            steps += 1
            afterStep(steps)
        }
        let finished = sqlite3_backup_finish(backup)
        guard code == SQLITE_DONE, finished == SQLITE_OK else {
            throw StorageError(code == SQLITE_DONE ? finished : code, on: target.handle, operation: "backup")
        }
    }

    private static func synchronize(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("open \(path)") }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw failure("fsync \(path)") }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    private static func failure(_ call: String) -> StorageError {
        let number = errno
        let message = String(cString: strerror(number))
        let code = number == ENOSPC ? SQLITE_FULL : SQLITE_IOERR
        return StorageError(SQLiteFailure(operation: call, extendedCode: code, message: "\(message) (errno \(number))"))
    }
}
