internal import PylonSchema

extension SQLiteConnection {
    /// Takes one step of a plan. It is within the plan's transaction: what was done before goes when this fails.
    func take(_ step: SchemaStep) throws(StorageError) {
        switch step {
        case .createTable(let table): try run(table.creation(as: table.name))
        case .addColumn(let table, let column):
            try run("ALTER TABLE \(SQLWriter.quoted(table)) ADD COLUMN \(column.sql)")
        case .rebuildTable(let table, let copies): try rebuild(table, copies)
        case .dropTable(let name):
            try SearchIndex.drop(name, on: self)
            try run("DROP TABLE \(SQLWriter.quoted(name))")
        case .createIndex(let name, let table, let columns, let isUnique):
            let list = columns.map(SQLWriter.quoted).joined(separator: ", ")
            try run(
                "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(SQLWriter.quoted(name)) "
                    + "ON \(SQLWriter.quoted(table)) (\(list))")
        case .dropIndex(let name): try run("DROP INDEX \(SQLWriter.quoted(name))")
        case .restore(let sql): try run(sql)
        case .createSearch(let entity, let settings): try SearchIndex.create(settings, for: entity, on: self)
        case .dropSearch(let entity): try SearchIndex.drop(entity, on: self)
        }
    }

    /// SQLite's own procedure for what ALTER TABLE cannot do: rows keep their rowids, by which search tables know them.
    private func rebuild(_ table: TableDefinition, _ copies: [ColumnCopy]) throws(StorageError) {
        let copies = copies.filter { $0.column != Entity.idColumn }
        let name = SQLWriter.quoted(table.name)
        let aside = "_pylon_rebuild_\(table.name)"
        try run(table.creation(as: aside))
        let columns = ["rowid", "\"id\""] + copies.map { SQLWriter.quoted($0.column) }
        let sources = ["rowid", "\"id\""] + copies.map(\.expression)
        try run(
            "INSERT INTO \(SQLWriter.quoted(aside)) (\(columns.joined(separator: ", "))) "
                + "SELECT \(sources.joined(separator: ", ")) FROM \(name)",
            copies.compactMap(\.fill))
        try run("DROP TABLE \(name)")
        try run("ALTER TABLE \(SQLWriter.quoted(aside)) RENAME TO \(name)")
        // Filled and converted texts are not what the index knows.
        try SearchIndex.refill(table.name, on: self)
    }
}

extension TableDefinition {
    fileprivate func creation(as name: String) -> String {
        let list = (["\"id\" TEXT PRIMARY KEY NOT NULL"] + columns.map(\.sql)).joined(separator: ", ")
        return "CREATE TABLE \(SQLWriter.quoted(name)) (\(list))"
    }
}

extension ColumnDefinition {
    fileprivate var sql: String {
        "\(SQLWriter.quoted(name)) \(declaredType)\(isNotNull ? " NOT NULL" : "")\(isUnique ? " UNIQUE" : "")"
    }
}

extension ColumnCopy {
    /// The expression for the new column, with one parameter when there is a fill.
    fileprivate var expression: String {
        guard let source else { return fill == nil ? "NULL" : "?" }
        var expression = SQLWriter.quoted(source)
        if let cast { expression = "CAST(\(expression) AS \(cast.rawValue))" }
        return fill == nil ? expression : "coalesce(\(expression), ?)"
    }
}
