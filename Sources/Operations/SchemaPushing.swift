internal import PylonJSON
internal import PylonRecords
internal import PylonSchema
internal import PylonStorage

extension Command {
    /// `schema push`.
    static let schemaPush = Command(
        "schema push", Operand("manifest"), options: [.manifest, .database, .allowsDestructive, .dryRun],
        effect: "makes the database fit the manifest, in one transaction or not at all",
        notes:
            "Beside a running server it waits for its turn to write. That server keeps the manifest it started with.",
        run: SchemaPushing.run)
}

extension CommandOption {
    fileprivate static let allowsDestructive = CommandOption(
        "--allow-destructive", .boolean, effect: "also does what loses rows, values or guarantees")
    fileprivate static let dryRun = CommandOption(
        "--dry-run", .boolean, effect: "says what would happen, the exit status included, and changes nothing")
}

/// Brings the database to the manifest.
enum SchemaPushing {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let allowsDestructive = call.arguments.isOn(.allowsDestructive)
        if call.arguments.isOn(.dryRun) {
            let plan = try SchemaPlanning.plan(call)
            guard plan.isApplicable(allowingDestructive: allowsDestructive) else { throw refusal(plan) }
            return report("dry_run", plan, note: plan.isEmpty ? nil : "nothing was changed: a dry run")
        }
        let manifest = try call.manifest()
        let outcome = try call.withDatabase { database throws(StorageError) in
            try await SchemaPush.run(manifest, on: database, allowsDestructive: allowsDestructive)
        }
        switch outcome {
        case .unchanged: return report("unchanged", .nothing, note: nil)
        case .applied(let plan):
            return report(
                "applied", plan,
                note: "done; a server that runs keeps the manifest it started with: restart it to serve this one")
        case .refused(let plan): throw refusal(plan)
        }
    }

    private static func report(_ outcome: String, _ plan: SchemaPlan, note: String?) -> CommandReport {
        var json = plan.json.object ?? JSONObject()
        json["outcome"] = .string(outcome)
        return CommandReport([plan.text, note].compactMap { $0 }.joined(separator: "\n"), json: .object(json))
    }

    /// Names each operation that stands in the way.
    private static func refusal(_ plan: SchemaPlan) -> CommandFailure {
        CommandFailure(
            "PUSH_BLOCKED",
            plan.isBlocked
                ? "the plan cannot be carried out; nothing was changed"
                : "the plan would lose data; nothing was changed",
            hint: plan.isBlocked
                ? "change the manifest or the rows"
                : "back up first, then push with --allow-destructive",
            causes: plan.obstacles.map { CommandFailure.Cause(code: $0.code, message: $0.text) })
    }
}
