package import PylonJSON
internal import PylonSchema
internal import PylonStorage

/// Why a command did nothing.
package struct CommandFailure: Error, Hashable, Sendable {
    /// Stable, for programs: `PUSH_BLOCKED`.
    package let code: String
    package let message: String
    /// What to do instead.
    package let hint: String?
    package let status: ExitStatus
    /// What led to it, one by one.
    let causes: [Cause]

    /// One of several reasons.
    struct Cause: Hashable, Sendable {
        let code: String
        let message: String
    }

    init(_ code: String, _ message: String, hint: String? = nil, status: ExitStatus = .failure, causes: [Cause] = []) {
        self.code = code
        self.message = message
        self.hint = hint
        self.status = status
        self.causes = causes
    }

    /// For people; the first line stands alone.
    package var text: String {
        ([message] + causes.map { "  \($0.message)" } + (hint.map { ["  \($0)"] } ?? [])).joined(separator: "\n")
    }

    /// For programs: diagnostics (spec/data.md 1.4), the failure itself first.
    package var json: JSONValue {
        .array(
            [Self.diagnostic(code, message, hint: hint)]
                + causes.map { Self.diagnostic($0.code, $0.message, hint: nil) })
    }

    private static func diagnostic(_ code: String, _ message: String, hint: String?) -> JSONValue {
        var object = JSONObject()
        object["severity"] = "error"
        object["code"] = .string(code)
        object["message"] = .string(message)
        if let hint { object["hint"] = .string(hint) }
        return .object(object)
    }
}

extension CommandFailure {
    /// A database that did not do what was asked.
    init(_ error: StorageError, at path: String) {
        let message = "the database \(path): \(error)"
        switch error {
        case .busy:
            self.init(
                "DATABASE_BUSY", message, hint: "another process holds it; try again when it is done",
                status: .unavailable)
        case .full:
            self.init(
                "DATABASE_FULL", message, hint: "make room on its disk; nothing was changed", status: .unavailable)
        case .readOnly: self.init("DATABASE_READ_ONLY", message, status: .unavailable)
        case .overloaded, .closed, .deadlineExceeded: self.init("DATABASE_UNAVAILABLE", message, status: .unavailable)
        case .corrupt:
            self.init("DATABASE_CORRUPT", message, hint: "restore a backup; keep the damaged file for whoever mends it")
        case .uniqueViolation(let entity, let fields):
            self.init(
                "UNIQUE_VIOLATION",
                "rows of \(entity) have the same \(fields.joined(separator: ", ")): nothing was changed",
                hint: "make them differ, then try again")
        case .unsupported(let what): self.init("UNSUPPORTED", "cannot be done: \(what)")
        case .missingField, .unknownField, .invalidQuery, .tooLarge, .resyncRequired, .failed:
            self.init("DATABASE_FAILED", message, hint: "`schema plan` says whether it fits the manifest")
        }
    }

    /// A database that is not there.
    static func databaseNotFound(_ path: String) -> CommandFailure {
        CommandFailure(
            "DATABASE_NOT_FOUND", "there is no database \(path)", hint: "name it with --db or PYLON_DB_PATH",
            status: .unavailable)
    }
}
