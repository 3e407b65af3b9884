internal import PylonJSON
internal import PylonSchema
internal import PylonStorage

extension Command {
    /// `schema inspect`.
    static let schemaInspect = Command(
        "schema inspect", options: [.database], effect: "shows the tables of the database as they are",
        run: SchemaInspect.run)
}

/// Looks at the tables, without the server's own.
enum SchemaInspect {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        // Whether columns hold nulls matters to plans only, and takes reading all rows.
        let shape = try call.read { transaction throws(StorageError) in try transaction.shape(looksForNulls: false) }
        guard let shape else { throw .databaseNotFound(call.databaseFile.path) }
        return CommandReport(shape.text, json: shape.json)
    }
}
