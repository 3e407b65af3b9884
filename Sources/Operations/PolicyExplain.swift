internal import PylonJSON
internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension Command {
    /// `policy explain`.
    static let policyExplain = Command(
        "policy explain",
        options: [
            .manifest, .database, .requirePolicies, .operation, .entity, .id, .row, .changes, .action, .input,
        ] + CallerOptions.all,
        effect: "says why somebody may or may not do something",
        notes: """
            Either --operation with --entity, and the row by --id (from the database) or --row; an update is judged on the stored row and,
            with --set, again on the row as it would become. Or --action with --input. Without a caller it is the anonymous one.
            In the text, * marks what the answer follows from.
            """,
        run: PolicyExplain.run)
}

extension CommandOption {
    fileprivate static let operation = CommandOption(
        "--operation", .choice(PolicyOperation.allCases.map(\.rawValue)), effect: "what is to be done with a row")
    fileprivate static let entity = CommandOption("--entity", .text, effect: "the row's entity")
    fileprivate static let id = CommandOption("--id", .text, effect: "the id of a row in the database")
    fileprivate static let row = CommandOption("--row", .text, effect: "the row as JSON; fields left out are null")
    fileprivate static let changes = CommandOption("--set", .text, effect: "what an update would set, as JSON")
    fileprivate static let action = CommandOption("--action", .text, effect: "the action to be run")
    fileprivate static let input = CommandOption("--input", .text, standard: "{}", effect: "the action's input as JSON")
}

/// Works out what the rules say about one caller and one row, or one action.
enum PolicyExplain {
    /// One row that the rules were asked about.
    private struct Judgement {
        /// Which row; nil where there is only one to speak of.
        let image: String?
        let explanation: PolicyExplanation
    }

    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let manifest = try call.manifest()
        let policies = PolicySet(manifest, requirePolicies: call.arguments.isOn(.requirePolicies))
        let identity = try CallerOptions.identity(call.arguments)
        let judgements =
            if let action = call.arguments.given(.action) {
                try explain(action, manifest, policies, identity, call)
            } else {
                try explainRow(manifest, policies, identity, call)
            }
        return report(judgements)
    }

    private static func report(_ judgements: [Judgement]) -> CommandReport {
        let isAllowed = judgements.allSatisfy { $0.explanation.decision.isAllowed }
        let explanations = judgements.map { judgement -> JSONValue in
            var json = judgement.explanation.json.object ?? JSONObject()
            if let image = judgement.image { json["image"] = .string(image) }
            return .object(json)
        }
        let texts = judgements.map { judgement in
            (judgement.image.map { "\($0) row: " } ?? "") + judgement.explanation.description
        }
        return CommandReport(
            texts.joined(separator: "\n"), json: ["allowed": .bool(isAllowed), "explanations": .array(explanations)])
    }

    // MARK: Actions

    private static func explain(
        _ action: String, _ manifest: Manifest, _ policies: PolicySet, _ identity: PolicyIdentity, _ call: Command.Call
    ) throws(CommandFailure) -> [Judgement] {
        for option in [CommandOption.operation, .entity, .id, .row, .changes] where call.arguments.isGiven(option) {
            throw usage("\(option.name) does not go with --action")
        }
        guard manifest.action(action) != nil else {
            throw unknown("action", action, manifest.actions.map(\.name), code: "ACTION_NOT_FOUND")
        }
        let input = try json(call.arguments.text(.input), of: .input)
        return [Judgement(image: nil, explanation: policies.explain(action: action, identity, input: input))]
    }

    // MARK: Rows

    private static func explainRow(
        _ manifest: Manifest, _ policies: PolicySet, _ identity: PolicyIdentity, _ call: Command.Call
    ) throws(CommandFailure) -> [Judgement] {
        let arguments = call.arguments
        guard let word = arguments.given(.operation), let operation = PolicyOperation(rawValue: word),
            let name = arguments.given(.entity)
        else { throw usage("needs --operation and --entity, or --action") }
        if arguments.isGiven(.id), arguments.isGiven(.row) { throw usage("--id and --row name two rows") }
        if operation == .insert, arguments.isGiven(.id) {
            throw usage("an insert has no stored row; describe it by --row")
        }
        if operation != .update, arguments.isGiven(.changes) { throw usage("--set goes with --operation update") }
        guard let entity = manifest.entity(name) else {
            throw unknown("entity", name, manifest.entities.map(\.name), code: "ENTITY_NOT_FOUND")
        }
        guard var row = try row(of: entity, call) else {
            return [Judgement(image: nil, explanation: policies.explain(operation, name, identity))]
        }
        if operation == .insert {
            if let scope = policies.tenantScope(of: name) {
                row[scope.column] = scope.stamped(row[scope.column] ?? .null, for: identity)
            }
            row[Entity.idColumn] = row[Entity.idColumn] ?? .text(RowIDGenerator(clock: call.clock).next().text)
        }
        let stored = policies.explain(operation, name, identity) { row[$0] ?? .null }
        guard let text = arguments.given(.changes) else { return [Judgement(image: nil, explanation: stored)] }
        let changes = try values(text, .changes, entity)
        let changed = policies.explain(operation, name, identity) { changes[$0] ?? row[$0] ?? .null }
        return [
            Judgement(image: "stored", explanation: stored), Judgement(image: "changed", explanation: changed),
        ]
    }

    /// The row that the caller means; nil when none was named.
    private static func row(
        of entity: Entity, _ call: Command.Call
    ) throws(CommandFailure) -> FieldValues? {
        if let text = call.arguments.given(.row) {
            var row = try values(text, .row, entity)
            if let id = try json(text, of: .row)[Entity.idColumn]?.string { row[Entity.idColumn] = .text(id) }
            return row
        }
        guard let id = call.arguments.given(.id) else { return nil }
        let table = EntityTable(entity)
        let found = try call.read { transaction throws(StorageError) in try transaction.row(table, id: id) }
        guard let found else { throw .databaseNotFound(call.databaseFile.path) }
        guard let row = found else {
            throw CommandFailure("NOT_FOUND", "\(entity.name) has no row \(id) in \(call.databaseFile.path)")
        }
        var values = FieldValues(capacity: table.columns.count)
        for column in table.columns { values[column.name] = row[column: column.name] }
        return values
    }

    // MARK: Input

    private static func values(
        _ text: String, _ option: CommandOption, _ entity: Entity
    ) throws(CommandFailure) -> FieldValues {
        let json = try json(text, of: option)
        do throws(InputProblem) {
            return try RowPatch(json, for: entity).values
        } catch {
            throw usage("\(option.name): \(error.message)")
        }
    }

    private static func json(_ text: String, of option: CommandOption) throws(CommandFailure) -> JSONValue {
        do throws(JSONParseError) {
            return try JSONParser.parse(text)
        } catch {
            throw usage("\(option.name) must be JSON: \(error)")
        }
    }

    private static func unknown(
        _ kind: String, _ name: String, _ names: [String], code: String
    ) -> CommandFailure {
        let meant = NameSuggestion.nearest(to: name, among: names)
        return CommandFailure(
            code, "the manifest has no \(kind) \(name)", hint: meant.map { "did you mean \($0)?" })
    }

    static func usage(_ message: String) -> CommandFailure {
        CommandFailure("USAGE", message, hint: "see --help", status: .usage)
    }
}
