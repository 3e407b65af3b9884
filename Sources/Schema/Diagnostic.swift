package import PylonJSON

/// One problem of a manifest: what, where, and what to write instead.
package struct Diagnostic: Hashable, Sendable, CustomStringConvertible {
    /// How grave it is; an error keeps the manifest from being used.
    package enum Severity: String, Hashable, Sendable {
        case error
        case warning
        case info
    }

    package let severity: Severity
    package let code: DiagnosticCode
    package let message: String
    /// The place in the file; empty for the file as a whole.
    package let path: ValuePath
    /// What to write instead.
    package let hint: String?

    package init(
        _ severity: Severity, _ code: DiagnosticCode, at path: ValuePath, _ message: String, hint: String? = nil
    ) {
        self.severity = severity
        self.code = code
        self.message = message
        self.path = path
        self.hint = hint
    }

    /// One line for people: `error FIELD_TYPE_UNKNOWN at entities[0].fields[1].type: … (write …)`.
    package var description: String { "\(severity.rawValue) \(statement)" }

    /// The same without the word for how grave it is, for a log that says it by itself.
    package var statement: String {
        let place = path.text.isEmpty ? "" : " at \(path.text)"
        return "\(code.rawValue)\(place): \(message)" + (hint.map { " (\($0))" } ?? "")
    }

    /// The object of the JSON mode; `span` names the file and the place in it.
    package func json(file: String?) -> JSONValue {
        var object = JSONObject()
        object["severity"] = .string(severity.rawValue)
        object["code"] = .string(code.rawValue)
        object["message"] = .string(message)
        var span = JSONObject()
        if let file { span["file"] = .string(file) }
        if !path.text.isEmpty { span["path"] = .string(path.text) }
        if !span.isEmpty { object["span"] = .object(span) }
        if let hint { object["hint"] = .string(hint) }
        return .object(object)
    }
}
