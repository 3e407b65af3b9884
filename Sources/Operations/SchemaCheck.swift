internal import PylonJSON
internal import PylonPolicy
internal import PylonSchema

extension Command {
    /// `schema check`.
    static let schemaCheck = Command(
        "schema check", Operand("manifest"), options: [.manifest, .requirePolicies],
        effect: "says everything that is wrong with a manifest, and what to write instead",
        notes:
            "Errors keep a server from starting and make the exit status 1; warnings, such as entities without policies, do not.",
        run: SchemaCheck.run)
}

/// Checks a manifest without a database.
enum SchemaCheck {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let path = call.manifestPath
        let result = ManifestFile.read(path)
        var diagnostics = result.diagnostics
        if let manifest = result.manifest {
            let policies = PolicySet(manifest, requirePolicies: call.arguments.isOn(.requirePolicies))
            diagnostics += policies.diagnostics(in: manifest)
        }
        return report(diagnostics, of: result.manifest, at: path)
    }

    private static func report(_ diagnostics: [Diagnostic], of manifest: Manifest?, at path: String) -> CommandReport {
        let errors = diagnostics.count { $0.severity == .error }
        let warnings = diagnostics.count { $0.severity == .warning }
        let verdict = manifest == nil ? "\(path) cannot be used" : "\(path) is valid"
        let sum = "\(verdict): \(count(errors, "error")), \(count(warnings, "warning"))"
        let text = (diagnostics.map(\.description) + [sum]).joined(separator: "\n")
        return CommandReport(text, json: json(diagnostics, path), status: errors == 0 ? .ok : .failure)
    }

    private static func json(_ diagnostics: [Diagnostic], _ path: String) -> JSONValue {
        .array(diagnostics.map { $0.json(file: path) })
    }

    private static func count(_ number: Int, _ noun: String) -> String {
        "\(number) \(noun)\(number == 1 ? "" : "s")"
    }
}
