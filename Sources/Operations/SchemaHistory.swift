internal import PylonJSON
internal import PylonStorage
internal import PylonTime

extension Command {
    /// `schema history`.
    static let schemaHistory = Command(
        "schema history", options: [.database, .historyLimit],
        effect: "lists the times the tables changed, newest first",
        run: SchemaHistory.run)
}

extension CommandOption {
    fileprivate static let historyLimit = CommandOption(
        "--limit", .integer(1...10_000), standard: "20", unit: "entries", effect: "how many to list")
}

/// Reads what pushes and starts left in the database's own record.
enum SchemaHistory {
    static func run(_ call: Command.Call) throws(CommandFailure) -> CommandReport {
        let limit = call.arguments.integer(.historyLimit)
        let entries = try call.read { transaction throws(StorageError) in try transaction.schemaHistory(limit: limit) }
        guard let entries else { throw .databaseNotFound(call.databaseFile.path) }
        let text = entries.isEmpty ? "no changes yet" : entries.map(text).joined(separator: "\n")
        return CommandReport(text, json: .array(entries.map(json)))
    }

    private static func time(_ entry: SchemaHistoryEntry) -> String {
        CalendarTime(secondsSinceEpoch: Int(entry.appliedAt / 1_000_000)).text
    }

    private static func text(_ entry: SchemaHistoryEntry) -> String {
        let operations = "\(entry.operationCount) operation\(entry.operationCount == 1 ? "" : "s")"
        let start = entry.isBaseline ? ", from an empty database" : ""
        return "\(entry.id)  \(time(entry))  app \(entry.appVersion)  \(operations)\(start)"
    }

    private static func json(_ entry: SchemaHistoryEntry) -> JSONValue {
        var object = JSONObject()
        object["id"] = .integer(entry.id)
        object["applied_at"] = .string(time(entry))
        object["manifest_version"] = .integer(Int64(entry.manifestVersion))
        object["app_version"] = .string(entry.appVersion)
        object["operation_count"] = .integer(Int64(entry.operationCount))
        object["baseline"] = .bool(entry.isBaseline)
        do throws(JSONParseError) {
            object["plan"] = try JSONParser.parse(entry.planJSON)
        } catch {
            // Only another program can have written that; the rest of the entry is none the worse.
            object["plan"] = .null
        }
        return .object(object)
    }
}
