internal import PylonJSON
internal import PylonSchema
internal import PylonStorage

extension Command {
    /// `schema plan`.
    static let schemaPlan = Command(
        "schema plan", Operand("manifest"), options: [.manifest, .database],
        effect: "shows what a push would do to the database, and changes nothing",
        notes: "A server that starts does the same by itself, as long as nothing is destructive or blocked.",
        run: SchemaPlanning.run)
}

/// Compares the database with the manifest.
enum SchemaPlanning {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let plan = try plan(call)
        let lines = [plan.text, plan.isEmpty ? nil : advice(plan)].compactMap { $0 }
        return CommandReport(lines.joined(separator: "\n"), json: plan.json)
    }

    /// From the file as it is; from nothing where there is no file.
    static func plan(_ call: Command.Call) throws(CommandFailure) -> SchemaPlan {
        let manifest = try call.manifest()
        let shape = try call.read { transaction throws(StorageError) in try transaction.shape() } ?? DatabaseShape()
        return SchemaPlan(from: shape, to: manifest)
    }

    private static func advice(_ plan: SchemaPlan) -> String {
        if plan.isBlocked { return "blocked: it cannot be done as things are; change the manifest or the rows" }
        if plan.isDestructive { return "destructive: only `schema push --allow-destructive` does it; back up first" }
        return "safe: `schema push` does it, and so does a server that starts"
    }
}
