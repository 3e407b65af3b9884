internal import PylonJSON

/// Reads members of a manifest's objects and notes what is wrong with them.
struct ManifestReader {
    /// An object and where it stands.
    struct Node {
        let object: JSONObject
        let path: ValuePath
    }

    private(set) var diagnostics: [Diagnostic] = []
    private(set) var errorCount = 0
    /// Problems beyond ``ManifestLimits/diagnosticCountMaximum``.
    private var unreportedCount = 0

    mutating func error(_ code: DiagnosticCode, at path: ValuePath, _ message: String, hint: String? = nil) {
        errorCount += 1
        note(Diagnostic(.error, code, at: path, message, hint: hint))
    }

    mutating func warning(_ code: DiagnosticCode, at path: ValuePath, _ message: String, hint: String? = nil) {
        note(Diagnostic(.warning, code, at: path, message, hint: hint))
    }

    private mutating func note(_ diagnostic: Diagnostic) {
        if diagnostics.count < ManifestLimits.diagnosticCountMaximum {
            diagnostics.append(diagnostic)
        } else {
            unreportedCount += 1
        }
    }

    /// All that was noted, and how much more there was.
    var report: [Diagnostic] {
        if unreportedCount == 0 { return diagnostics }
        let rest = Diagnostic(
            .info, .manifestLimitExceeded, at: ValuePath(), "\(unreportedCount) more problems are not shown")
        return diagnostics + [rest]
    }

    // MARK: Values

    mutating func node(_ value: JSONValue, at path: ValuePath, _ what: String) -> Node? {
        guard let object = value.object else {
            wrong(value, at: path, expected: "an object", hint: "write \(what) as {…}")
            return nil
        }
        return Node(object: object, path: path)
    }

    /// A text that must be there; nil when it is not, which is then noted.
    mutating func text(_ key: String, of node: Node) -> String? {
        guard let value = node.object[key] else {
            missing(key, of: node, as: "\"\(key)\": \"…\"")
            return nil
        }
        return text(value, at: node.path.key(key))
    }

    /// A text that may be absent or null.
    mutating func optionalText(_ key: String, of node: Node) -> String? {
        guard let value = present(key, of: node) else { return nil }
        return text(value, at: node.path.key(key))
    }

    /// A truth value that must be there; false when it is not.
    mutating func flag(_ key: String, of node: Node) -> Bool {
        guard let value = node.object[key] else {
            missing(key, of: node, as: "\"\(key)\": false")
            return false
        }
        return flag(value, at: node.path.key(key)) ?? false
    }

    /// A truth value that may be absent or null.
    mutating func optionalFlag(_ key: String, of node: Node, default other: Bool) -> Bool {
        guard let value = present(key, of: node) else { return other }
        return flag(value, at: node.path.key(key)) ?? other
    }

    /// A count of seconds that may be absent or null.
    mutating func optionalSeconds(_ key: String, of node: Node, default other: Duration) -> Duration {
        guard let value = present(key, of: node) else { return other }
        guard let seconds = value.int, (0...ManifestLimits.secondsMaximum).contains(seconds) else {
            wrong(
                value, at: node.path.key(key), expected: "a whole number of seconds",
                hint: "write a number from 0 to \(ManifestLimits.secondsMaximum)")
            return other
        }
        return .seconds(seconds)
    }

    /// A list of texts; absent and null are empty unless it is required.
    mutating func texts(_ key: String, of node: Node, isRequired: Bool = false) -> [String]? {
        let maximum = ManifestLimits.listCountMaximum
        guard let values = elements(key, of: node, isRequired: isRequired, maximum: maximum) else { return nil }
        return values.enumerated().compactMap { text($1, at: node.path.key(key).index($0)) }
    }

    /// A list of objects; what is no object is noted and left out.
    mutating func nodes(_ key: String, of node: Node, isRequired: Bool = false, maximum: Int) -> [Node] {
        guard let values = elements(key, of: node, isRequired: isRequired, maximum: maximum) else { return [] }
        return values.enumerated().compactMap {
            self.node($1, at: node.path.key(key).index($0), "each of \"\(key)\"")
        }
    }

    /// The object of a member that may be absent or null.
    mutating func optionalNode(_ key: String, of node: Node) -> Node? {
        guard let value = present(key, of: node) else { return nil }
        return self.node(value, at: node.path.key(key), "\"\(key)\"")
    }

    // MARK: Parts

    private func present(_ key: String, of node: Node) -> JSONValue? {
        guard let value = node.object[key], !value.isNull else { return nil }
        return value
    }

    private mutating func elements(_ key: String, of node: Node, isRequired: Bool, maximum: Int) -> [JSONValue]? {
        guard let value = isRequired ? node.object[key] : present(key, of: node) else {
            if isRequired { missing(key, of: node, as: "\"\(key)\": []") }
            return nil
        }
        guard let elements = value.array else {
            wrong(value, at: node.path.key(key), expected: "an array", hint: "write [] for none")
            return nil
        }
        if elements.count > maximum {
            error(
                .manifestLimitExceeded, at: node.path.key(key), "\(elements.count) elements are too many",
                hint: "write at most \(maximum)")
        }
        return Array(elements.prefix(maximum))
    }

    private mutating func text(_ value: JSONValue, at path: ValuePath) -> String? {
        guard let text = value.string else {
            wrong(value, at: path, expected: "a string", hint: "write it in double quotes")
            return nil
        }
        if text.utf8.count > ManifestLimits.textByteCountMaximum {
            error(
                .manifestLimitExceeded, at: path, "the text has \(text.utf8.count) bytes",
                hint: "write at most \(ManifestLimits.textByteCountMaximum) bytes")
        }
        return text
    }

    private mutating func flag(_ value: JSONValue, at path: ValuePath) -> Bool? {
        if let flag = value.bool { return flag }
        wrong(value, at: path, expected: "true or false", hint: "write true or false without quotes")
        return nil
    }

    private mutating func missing(_ key: String, of node: Node, as example: String) {
        error(.manifestParseError, at: node.path.key(key), "\"\(key)\" is missing", hint: "add \(example)")
    }

    private mutating func wrong(_ value: JSONValue, at path: ValuePath, expected: String, hint: String) {
        error(.manifestParseError, at: path, "expected \(expected), found \(value.kind)", hint: hint)
    }
}
