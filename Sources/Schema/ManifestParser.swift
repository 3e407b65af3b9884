package import PylonJSON

/// Makes a manifest out of its JSON and reports everything that is wrong with it (spec/data.md 1.2 and 1.4).
package struct ManifestParser {
    /// A manifest, unless there were errors, and all that there is to say about it.
    package struct Result: Sendable {
        /// Nil when any diagnostic is an error.
        package let manifest: Manifest?
        /// Nearly in the order of the file.
        package let diagnostics: [Diagnostic]

        package init(manifest: Manifest?, diagnostics: [Diagnostic]) {
            self.manifest = manifest
            self.diagnostics = diagnostics
        }
    }

    var reader = ManifestReader()
    /// Says what is wrong with a policy's expression; nil for nothing.
    let policyProblem: (String) -> String?
    /// The names of all declared entities, also of those that have problems, so that one mistake is reported once.
    var entityNames: [String] = []
    var entityPositions = NamePositions([])
    var queryInputs: [String: Set<String>] = [:]
    var actionNames: Set<String> = []
    /// The columns that relations go by, to be checked when all entities are known.
    var relationColumns: [(relation: Relation, owner: String, path: ValuePath)] = []
    /// Who has each table and index name, folded: tables and indexes share their names in SQLite.
    var databaseNames: [String: String] = [:]

    /// Reads a manifest. `policyProblem` judges the syntax of rules, which this module does not know. Unknown keys are
    /// ignored; a null stands for an absent key wherever one is not required.
    package static func parse(_ json: JSONValue, policyProblem: @escaping (String) -> String? = { _ in nil }) -> Result
    {
        var parser = ManifestParser(policyProblem: policyProblem)
        let manifest = parser.manifest(json)
        return Result(manifest: parser.reader.errorCount == 0 ? manifest : nil, diagnostics: parser.reader.report)
    }

    /// Reads the text of a manifest file.
    package static func parse(
        bytes: Span<UInt8>, policyProblem: @escaping (String) -> String? = { _ in nil }
    ) -> Result {
        do {
            return parse(try JSONParser.parse(bytes), policyProblem: policyProblem)
        } catch {
            let problem = Diagnostic(
                .error, .manifestParseError, at: ValuePath(), "not JSON: \(error)", hint: "write one JSON object")
            return Result(manifest: nil, diagnostics: [problem])
        }
    }

    private init(policyProblem: @escaping (String) -> String?) {
        self.policyProblem = policyProblem
    }

    private mutating func manifest(_ json: JSONValue) -> Manifest? {
        guard let root = reader.node(json, at: ValuePath(), "the manifest") else { return nil }
        let limit = ManifestLimits.operationCountMaximum
        checkVersion(of: root)
        let name = reader.text("name", of: root)
        let appVersion = reader.text("version", of: root)
        let entityNodes = reader.nodes(
            "entities", of: root, isRequired: true, maximum: ManifestLimits.entityCountMaximum)
        entityNames = entityNodes.compactMap { $0.object["name"]?.string }
        entityPositions = NamePositions(entityNames)
        let entities = self.entities(entityNodes, of: root)
        let queries = operations(reader.nodes("queries", of: root, maximum: limit), .query)
        queryInputs = Dictionary(
            queries.map { ($0.name, Set($0.input.map(\.name))) }, uniquingKeysWith: { first, _ in first })
        let actions = operations(reader.nodes("actions", of: root, maximum: limit), .action)
        actionNames = Set(actions.map(\.name))
        let routes = self.routes(reader.nodes("routes", of: root, isRequired: true, maximum: limit))
        let policies = self.policies(reader.nodes("policies", of: root, maximum: limit))
        let auth = reader.optionalNode("auth", of: root).map { self.auth($0) } ?? AuthSettings()
        guard let name, let appVersion else { return nil }
        return Manifest(
            name: name, appVersion: appVersion, entities: entities, routes: routes, queries: queries, actions: actions,
            policies: policies, auth: auth)
    }

    private mutating func checkVersion(of root: ManifestReader.Node) {
        let path = root.path.key("manifest_version")
        let hint = "write \"manifest_version\": \(Manifest.supportedVersion)"
        switch root.object["manifest_version"] {
        case nil: reader.error(.manifestParseError, at: path, "\"manifest_version\" is missing", hint: hint)
        case let value? where value.double == nil:
            reader.error(.manifestParseError, at: path, "expected a number, found \(value.kind)", hint: hint)
        case let value? where value.int != Manifest.supportedVersion:
            reader.error(.manifestVersionUnsupported, at: path, "version \(value.text) is not supported", hint: hint)
        default: break
        }
    }

    /// Notes a second use of a name that may occur once. Names count as equal when `fold` makes them so.
    mutating func claim(
        _ name: String, in taken: inout Set<String>, _ code: DiagnosticCode, at path: ValuePath, _ what: String
    ) {
        if taken.insert(Name.folded(name)).inserted || name.isEmpty { return }
        reader.error(
            code, at: path, "a second \(what) is named \(JSONText.quoted(name))",
            hint: "give it another name; upper and lower case do not tell names apart")
    }

    /// Notes a name that already exists in the database.
    mutating func claimDatabaseName(_ name: String, for owner: String, at path: ValuePath) {
        if let other = databaseNames.updateValue(owner, forKey: Name.folded(name)), other != owner {
            reader.error(
                .databaseNameDuplicate, at: path, "\(owner) and \(other) would both be \(name) in the database",
                hint: "rename one of them")
        }
    }
}
