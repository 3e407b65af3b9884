package import PylonSchema

extension DatabaseReading where Self: ~Copyable {
    /// The tables of the database as they are, without the server's own (`_pylon_…`, `_fts_…`), SQLite's, virtual ones and views.
    ///
    /// Looking for nulls reads tables to their end. Without it, nullable columns of tables with rows are taken to hold some:
    /// plan without first, and once more with it when anything differs.
    package func shape(looksForNulls: Bool = true) throws(StorageError) -> DatabaseShape {
        var names: [String] = []
        try connection.rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' ORDER BY name"
        ) { row in
            let name = row.text(0)
            if !["sqlite_", "_pylon_", "_fts_"].contains(where: name.hasPrefix) { names.append(name) }
            return true
        }
        var tables: [TableShape] = []
        for name in names { tables.append(try table(name, looksForNulls)) }
        return DatabaseShape(tables: tables)
    }

    private func table(_ name: String, _ looksForNulls: Bool) throws(StorageError) -> TableShape {
        let quoted = SQLWriter.quoted(name)
        let hasRows = try connection.first("SELECT 1 FROM \(quoted) LIMIT 1") { _ in true } ?? false
        let (indexes, uniqueColumns) = try indexes(of: name)
        var columns: [ColumnShape] = []
        try connection.rows(
            "SELECT name, type, \"notnull\", pk FROM pragma_table_info(?) ORDER BY cid", [.text(name)]
        ) { row in
            let column = row.text(0)
            columns.append(
                ColumnShape(
                    name: column, declaredType: row.text(1), isNotNull: row.integer(2) != 0,
                    isUnique: uniqueColumns.contains(column), isPrimaryKey: row.integer(3) != 0))
            return true
        }
        for index in columns.indices where hasRows && !columns[index].isNotNull {
            let column = SQLWriter.quoted(columns[index].name)
            columns[index].hasNulls = true
            guard looksForNulls else { continue }
            let found = try connection.first("SELECT 1 FROM \(quoted) WHERE \(column) IS NULL LIMIT 1") { _ in true }
            columns[index].hasNulls = found ?? false
        }
        var triggers: [String] = []
        try connection.rows(
            "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = ? ORDER BY name", [.text(name)]
        ) { row in
            triggers.append(row.text(0))
            return true
        }
        return TableShape(
            name: name, columns: columns, indexes: indexes, hasRows: hasRows,
            search: try SearchIndex.settings(of: name, on: connection), triggers: triggers)
    }

    /// The indexes made by CREATE INDEX, by name, and the columns that a UNIQUE constraint is on alone.
    private func indexes(of table: String) throws(StorageError) -> ([IndexShape], unique: Set<String>) {
        var indexes: [IndexShape] = []
        var uniqueColumns: Set<String> = []
        // The origin is `c` for CREATE INDEX, `u` for a UNIQUE constraint and `pk` for the primary key.
        var isConstraint: [Bool] = []
        try connection.rows(
            """
            SELECT i.name, i."unique", i.origin, s.sql FROM pragma_index_list(?) AS i
            LEFT JOIN sqlite_schema AS s ON s.type = 'index' AND s.name = i.name WHERE i.origin <> 'pk' ORDER BY i.name
            """, [.text(table)]
        ) { row in
            indexes.append(
                IndexShape(name: row.text(0), columns: [], isUnique: row.integer(1) != 0, sql: row.text(3)))
            isConstraint.append(row.text(2) == "u")
            return true
        }
        for position in indexes.indices {
            let name = indexes[position].name
            try connection.rows("SELECT name FROM pragma_index_info(?) ORDER BY seqno", [.text(name)]) { row in
                indexes[position].columns.append(row.text(0))
                return true
            }
            let columns = indexes[position].columns
            if isConstraint[position], columns.count == 1 { uniqueColumns.insert(columns[0]) }
        }
        return (zip(indexes, isConstraint).filter { !$1 }.map(\.0), uniqueColumns)
    }
}
