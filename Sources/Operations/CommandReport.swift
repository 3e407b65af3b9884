package import PylonJSON

/// What a command found or did.
package struct CommandReport: Sendable {
    /// For people; without the last line break.
    package let text: String
    /// For programs, in place of the text with `--json`.
    package let json: JSONValue
    package let status: ExitStatus

    init(_ text: String, json: JSONValue, status: ExitStatus = .ok) {
        self.text = text
        self.json = json
        self.status = status
    }
}
