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
    package var description: String {
        let place = path.text.isEmpty ? "" : " at \(path.text)"
        return "\(severity.rawValue) \(code.rawValue)\(place): \(message)" + (hint.map { " (\($0))" } ?? "")
    }

    /// The object of the JSON mode; `span` names the file and the place in it.
    package func write(into json: inout JSONWriter, file: String?) {
        json.beginObject()
        json.member("severity", severity.rawValue)
        json.member("code", code.rawValue)
        json.member("message", message)
        if file != nil || !path.text.isEmpty {
            json.beginObject("span")
            if let file { json.member("file", file) }
            if !path.text.isEmpty { json.member("path", path.text) }
            json.endObject()
        }
        if let hint { json.member("hint", hint) }
        json.endObject()
    }
}
