internal import CSQLite
internal import Glibc

/// The claim of the one server that serves from a database's file: a lock on `<file>.lock`, which the kernel lets go when the process ends,
/// however it ends; take it before the database is opened, and let go of it when it is closed. Tools that look at the file or copy it need none.
package final class FileClaim: Sendable {
    private let descriptor: Int32

    /// Claims the database in `path`. Throws `busy` when another server has it.
    package init(on path: String) throws(StorageError) {
        let name = path + ".lock"
        descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Self.failure("open \(name)", SQLITE_CANTOPEN) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? SQLITE_BUSY : SQLITE_IOERR
            let failure = Self.failure("flock \(name)", error)
            close(descriptor)
            throw failure
        }
    }

    deinit {
        // The file stays: to remove it would let two servers lock two files of one name.
        close(descriptor)
    }

    private static func failure(_ call: String, _ code: Int32) -> StorageError {
        let message =
            code == SQLITE_BUSY ? "another server serves from this database" : String(cString: strerror(errno))
        return StorageError(SQLiteFailure(operation: call, extendedCode: code, message: message))
    }
}
