internal import CSQLite

extension StorageError {
    /// The error for an extended result code of `connection`.
    init(_ extendedCode: Int32, on connection: OpaquePointer?, operation: String) {
        let message = connection.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) }
        self.init(
            SQLiteFailure(
                operation: operation, extendedCode: extendedCode,
                message: message ?? String(cString: sqlite3_errstr(extendedCode))))
    }

    /// The case for what SQLite said.
    init(_ failure: SQLiteFailure) {
        switch failure.code {
        case SQLITE_CONSTRAINT: self = Self.constraint(failure)
        case SQLITE_BUSY, SQLITE_LOCKED: self = .busy(failure)
        case SQLITE_FULL: self = .full(failure)
        case SQLITE_READONLY, SQLITE_PERM, SQLITE_AUTH: self = .readOnly(failure)
        case SQLITE_CORRUPT, SQLITE_NOTADB: self = .corrupt(failure)
        case SQLITE_TOOBIG: self = .tooLarge(failure)
        // Only the deadline's progress handler interrupts.
        case SQLITE_INTERRUPT: self = .deadlineExceeded
        case SQLITE_IOERR where failure.extendedCode == Int32(CSQLITE_IOERR_CORRUPTFS):
            self = .corrupt(failure)
        default: self = .failed(failure)
        }
    }

    /// SQLite names the columns of a violated constraint in its message only: `UNIQUE constraint failed: Todo.a, Todo.b`.
    private static func constraint(_ failure: SQLiteFailure) -> StorageError {
        let columns = columns(in: failure.message)
        guard let first = columns.first else { return .failed(failure) }
        switch failure.extendedCode {
        case Int32(CSQLITE_CONSTRAINT_UNIQUE), Int32(CSQLITE_CONSTRAINT_PRIMARYKEY):
            return .uniqueViolation(entity: first.table, fields: columns.map(\.column))
        case Int32(CSQLITE_CONSTRAINT_NOTNULL):
            return .missingField(entity: first.table, field: first.column)
        default: return .failed(failure)
        }
    }

    private static func columns(in message: String) -> [(table: String, column: String)] {
        let marker = " constraint failed: "
        var rest = message[...]
        while !rest.isEmpty, !rest.hasPrefix(marker) { rest.removeFirst() }
        guard !rest.isEmpty else { return [] }
        return rest.dropFirst(marker.count).split(separator: ", ").compactMap { name in
            // Names of fields hold no dot: the manifest's check refuses them.
            guard let dot = name.lastIndex(of: ".") else { return nil }
            return (String(name[..<dot]), String(name[name.index(after: dot)...]))
        }
    }
}
