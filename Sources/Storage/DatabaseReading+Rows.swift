package import PylonJSON
package import PylonSchema

/// Which rows of a table, in which order.
package struct RowQuery: Hashable, Sendable {
    package var condition: Condition
    /// Closed by the id in any case.
    package var order: [RowOrder]
    /// Nil for all rows.
    package var limit: Int?
    package var offset: Int

    package init(
        _ condition: Condition = .always, order: [RowOrder] = [], limit: Int? = nil, offset: Int = 0
    ) {
        self.condition = condition
        self.order = order
        self.limit = limit
        self.offset = offset
    }
}

extension RowQuery {
    /// What a client's filter asks for, without its search text.
    package init(_ query: Query) {
        self.init(
            query.condition, order: query.order.map { RowOrder($0.column, isDescending: $0.isDescending) },
            limit: query.limit, offset: query.offset)
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// The row with that id.
    package func row(_ table: EntityTable, id: String) throws(StorageError) -> StoredRow? {
        try connection.first(table.selectByID, [.text(id)]) { StoredRow(table, $0) }
    }

    /// Whether there is a row with that id.
    package func hasRow(_ table: EntityTable, id: String) throws(StorageError) -> Bool {
        try connection.first("SELECT 1 FROM \(table.name) WHERE \"id\" = ?", [.text(id)]) { _ in true } ?? false
    }

    /// Writes the row with that id as an object; false, and nothing written, when there is none.
    package func writeRow(
        _ encoder: RowEncoder, id: String, to writer: inout JSONWriter
    ) throws(StorageError) -> Bool {
        var isFound = false
        try connection.rows(encoder.table.selectByID, [.text(id)]) { row in
            encoder.write(row, to: &writer)
            isFound = true
            return false
        }
        return isFound
    }

    /// Passes the rows to `body` in order, until it returns false. Columns are those of the table, at their positions.
    ///
    /// A condition that is not complete in SQL is finished in `body`: it skips rows and stops when its page is full.
    package func rows(
        _ table: EntityTable, _ query: RowQuery, _ body: (borrowing Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        var writer = SQLWriter(table.entity, sql: table.select)
        try writer.appendWhere(query.condition)
        try writer.appendOrder(query.order)
        writer.appendLimit(query.limit, offset: query.offset)
        try connection.rows(writer.sql, writer.values, body)
    }

    /// The rows of a query, taken out.
    package func rows(_ table: EntityTable, _ query: RowQuery) throws(StorageError) -> [StoredRow] {
        var found: [StoredRow] = []
        try rows(table, query) { row in
            found.append(StoredRow(table, row))
            return true
        }
        return found
    }

    /// Passes rows in the order of their ids, strictly behind `cursor`, to `body`, until it returns false: whoever wants a page
    /// stops when it is full and knows whether there was another row.
    package func rows(
        _ table: EntityTable, after cursor: String?, where condition: Condition = .always,
        _ body: (borrowing Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        var condition = condition
        if let cursor { condition = .all([.compare(Entity.idColumn, .greater, .text(cursor)), condition]) }
        try rows(table, RowQuery(condition.simplified()), body)
    }

    /// How many rows match. O(rows), O(matching) with an index.
    package func count(_ table: EntityTable, where condition: Condition = .always) throws(StorageError) -> Int {
        var writer = SQLWriter(table.entity, sql: "SELECT count(*) FROM \(table.name)")
        try writer.appendWhere(condition)
        return try connection.first(writer.sql, writer.values) { Int($0.integer(0)) } ?? 0
    }

    /// Runs a statement that only reads, for the tables of other modules, and passes its rows to `body`, until it returns false.
    package func query(
        _ sql: String, _ values: [FieldValue] = [], _ body: (borrowing Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        guard try connection.isReadOnly(sql) else { throw .unsupported("a query that writes") }
        try connection.rows(sql, values, body)
    }
}
