internal import CSQLite
internal import Glibc
internal import PylonTime

/// Copies a live database into a file: one consistent state, while it is read and written.
///
/// The copy is made by a connection of its own that holds one snapshot, in steps of 1 MiB. The writer waits for none of it; its WAL
/// only cannot start over before the copy is done. The file appears under its name when it is complete and on the disk.
enum OnlineBackup {
    /// Pages a step: 1 MiB.
    static let pagesPerStep: Int32 = 256

    /// Copies from `source`, a reader with no open transaction, to `path`, where a file may be replaced. Blocks.
    static func copy(
        from source: SQLiteConnection, to path: String, afterStep: (Int) -> Void = { _ in }
    ) throws(StorageError) {
        let partial = path + ".partial"
        unlink(partial)
        do throws(StorageError) {
            try source.run("BEGIN")
            defer { source.rollBack() }
            // The snapshot begins with the first read.
            _ = try source.first("SELECT count(*) FROM sqlite_schema") { $0.integer(0) }
            try fill(partial, from: source, afterStep)
            try synchronize(partial)
            guard rename(partial, path) == 0 else { throw failure("rename \(path)") }
            try synchronize(folder(of: path))
        } catch {
            unlink(partial)
            throw error
        }
    }

    private static func fill(
        _ path: String, from source: SQLiteConnection, _ afterStep: (Int) -> Void
    ) throws(StorageError) {
        var target: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | Int32(SQLITE_OPEN_EXRESCODE)
        let opened = sqlite3_open_v2(path, &target, flags, nil)
        defer { sqlite3_close_v2(target) }
        guard opened == SQLITE_OK else { throw StorageError(opened, on: target, operation: "open \(path)") }
        guard let backup = sqlite3_backup_init(target, "main", source.handle, "main") else {
            throw StorageError(sqlite3_extended_errcode(target), on: target, operation: "backup to \(path)")
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
            throw StorageError(code == SQLITE_DONE ? finished : code, on: target, operation: "backup to \(path)")
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
