package import PylonSchema

/// A set of changes to the tables, and what the history says about it.
package struct SchemaMigration: Hashable, Sendable {
    /// What to do, in order.
    package var steps: [SchemaStep]
    package var manifestVersion: Int
    package var appVersion: String
    /// Operations of the plan, which may take several statements each.
    package var operationCount: Int
    /// Whether the plan started from an empty database.
    package var isBaseline: Bool
    package var planJSON: String

    package init(
        steps: [SchemaStep], manifestVersion: Int, appVersion: String, operationCount: Int, isBaseline: Bool,
        planJSON: String
    ) {
        self.steps = steps
        self.manifestVersion = manifestVersion
        self.appVersion = appVersion
        self.operationCount = operationCount
        self.isBaseline = isBaseline
        self.planJSON = planJSON
    }
}

/// One row of the history.
package struct SchemaHistoryEntry: Hashable, Sendable {
    package let id: Int64
    package let manifestVersion: Int
    package let appVersion: String
    /// Microseconds since the epoch.
    package let appliedAt: UInt64
    package let operationCount: Int
    package let isBaseline: Bool
    package let planJSON: String
}

/// `_pylon_schema_history`: one row for each time the tables changed.
enum SchemaHistory {
    static let schema = """
        CREATE TABLE IF NOT EXISTS _pylon_schema_history (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            manifest_version INTEGER NOT NULL,
            app_version TEXT NOT NULL,
            applied_at INTEGER NOT NULL,
            operation_count INTEGER NOT NULL,
            baseline INTEGER NOT NULL,
            plan_json TEXT NOT NULL
        )
        """
}

extension WriteTransaction {
    /// Takes the steps, all or none, and writes the history's row. Does nothing, and writes none, without steps.
    ///
    /// Plan within the same transaction, from ``DatabaseReading/shape(looksForNulls:)``: another process that starts at the same time then waits,
    /// and finds nothing left to do.
    package mutating func apply(_ migration: SchemaMigration) throws(StorageError) {
        if migration.steps.isEmpty { return }
        for step in migration.steps { try connection.take(step) }
        try connection.run(
            """
            INSERT INTO _pylon_schema_history
                (manifest_version, app_version, applied_at, operation_count, baseline, plan_json)
            VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                .integer(Int64(migration.manifestVersion)), .text(migration.appVersion), .integer(Int64(time)),
                .integer(Int64(migration.operationCount)), .bool(migration.isBaseline), .text(migration.planJSON),
            ])
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// The latest changes of the tables, newest first; none in a file that no server has opened yet.
    package func schemaHistory(limit: Int) throws(StorageError) -> [SchemaHistoryEntry] {
        var entries: [SchemaHistoryEntry] = []
        let name = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_pylon_schema_history'"
        guard try connection.first(name, [], { _ in true }) != nil else { return entries }
        try connection.rows(
            """
            SELECT id, manifest_version, app_version, applied_at, operation_count, baseline, plan_json
            FROM _pylon_schema_history ORDER BY id DESC LIMIT ?
            """, [.integer(Int64(limit))]
        ) { row in
            entries.append(
                SchemaHistoryEntry(
                    id: row.integer(0), manifestVersion: Int(row.integer(1)), appVersion: row.text(2),
                    appliedAt: UInt64(clamping: row.integer(3)), operationCount: Int(row.integer(4)),
                    isBaseline: row.integer(5) != 0, planJSON: row.text(6)))
            return true
        }
        return entries
    }
}
