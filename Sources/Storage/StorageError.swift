/// What SQLite said, each part apart: for the log, never for a client.
package struct SQLiteFailure: Hashable, Sendable {
    /// The SQL, without the values bound to it, or the call that failed.
    package let operation: String
    /// The primary result code, such as 13 for a full disk.
    package let code: Int32
    /// The extended result code, such as 778 for a failed write.
    package let extendedCode: Int32
    /// SQLite's own words.
    package let message: String

    init(operation: String, extendedCode: Int32, message: String) {
        self.operation = operation
        self.code = extendedCode & 0xFF
        self.extendedCode = extendedCode
        self.message = message
    }
}

/// Why a storage operation failed. The cases are stable: the API maps them to statuses, and tells clients nothing else.
package enum StorageError: Error, Hashable, Sendable {
    /// Another row has these values; `["id"]` for a row id that is taken. A conflict (409).
    case uniqueViolation(entity: String, fields: [String])
    /// A required field has no value (400).
    case missingField(entity: String, field: String)
    /// The entity has no such field (400).
    case unknownField(entity: String, field: String)
    /// The caller's query cannot be run, for the reason given, which is fit for clients (400).
    case invalidQuery(String)
    /// A text, a row or a statement is beyond a limit of the database (400).
    case tooLarge(SQLiteFailure)
    /// The queue is full; try again later (503).
    case overloaded
    /// The database is closed or closing (503).
    case closed
    /// The operation took longer than its deadline (503).
    case deadlineExceeded
    /// Another process holds the database (503).
    case busy(SQLiteFailure)
    /// No space is left (503; an operator has to act).
    case full(SQLiteFailure)
    /// The database cannot be written (503; an operator has to act).
    case readOnly(SQLiteFailure)
    /// The file is damaged, or is no database (500; an operator has to act).
    case corrupt(SQLiteFailure)
    /// Changes this cursor has not seen are gone; complete from 0, or for cursors of at least `oldest` (410).
    case resyncRequired(oldest: Int64)
    /// What this kind of database cannot do, such as a backup of one in memory.
    case unsupported(String)
    /// Anything else, such as a failing disk (500).
    case failed(SQLiteFailure)

    /// What SQLite said, where it said something.
    package var failure: SQLiteFailure? {
        switch self {
        case .tooLarge(let failure), .busy(let failure), .full(let failure), .readOnly(let failure),
            .corrupt(let failure), .failed(let failure):
            failure
        default: nil
        }
    }

    /// Whether the same operation may succeed later without anybody changing it.
    package var isTransient: Bool {
        switch self {
        case .overloaded, .deadlineExceeded, .busy, .full, .closed: true
        default: false
        }
    }
}

extension StorageError: CustomStringConvertible {
    /// One line for the log.
    package var description: String {
        switch self {
        case .uniqueViolation(let entity, let fields):
            "unique: \(entity)(\(fields.joined(separator: ", "))) is taken"
        case .missingField(let entity, let field): "missing: \(entity).\(field) has no value"
        case .unknownField(let entity, let field): "unknown: \(entity) has no field \(field)"
        case .invalidQuery(let reason): "invalid query: \(reason)"
        case .overloaded: "overloaded: the queue is full"
        case .closed: "closed: the database is closed"
        case .deadlineExceeded: "deadline exceeded"
        case .resyncRequired(let oldest): "resync required: changes up to \(oldest) are gone"
        case .unsupported(let what): "unsupported: \(what)"
        case .tooLarge(let failure): "too large: \(failure)"
        case .busy(let failure): "busy: \(failure)"
        case .full(let failure): "full: \(failure)"
        case .readOnly(let failure): "read-only: \(failure)"
        case .corrupt(let failure): "corrupt: \(failure)"
        case .failed(let failure): "failed: \(failure)"
        }
    }
}

extension SQLiteFailure: CustomStringConvertible {
    /// One line for the log.
    package var description: String {
        "\(message) (code \(code), extended \(extendedCode)) in \(operation)"
    }
}
