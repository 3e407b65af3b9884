package import PylonSchema

/// The table of one entity: its columns and the SQL that never changes, made once.
///
/// Columns are those of the manifest, in alphabetical order of their names' bytes, `id` among them: the order in which
/// rows are written to clients. A column that left the manifest stays in the file and is not read.
package final class EntityTable: Sendable {
    /// One column to read.
    package struct Column: Hashable, Sendable {
        package let name: String
        package let type: FieldType
    }

    package let entity: Entity
    package let columns: [Column]
    /// The place of `id` in ``columns``.
    package let idPosition: Int
    /// The place in ``columns`` of each of the entity's fields, in the manifest's order.
    let fieldPositions: [Int]
    private let positions: [String: Int]

    /// The quoted name.
    let name: String
    /// `SELECT`, all columns, `FROM` the table; a condition may follow.
    let select: String
    let selectByID: String
    let insert: String
    let delete: String

    package init(_ entity: Entity) {
        self.entity = entity
        columns = entity.columnNames
            .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
            .compactMap { name in entity.columnType(name).map { Column(name: name, type: $0) } }
        positions = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1.name, $0) })
        idPosition = positions[Entity.idColumn] ?? 0
        fieldPositions = entity.fields.map { [positions] in positions[$0.name] ?? 0 }
        name = SQLWriter.quoted(entity.name)
        let list = columns.map { SQLWriter.quoted($0.name) }.joined(separator: ", ")
        select = "SELECT \(list) FROM \(name)"
        selectByID = select + " WHERE \"id\" = ?"
        let places = columns.map { _ in "?" }.joined(separator: ", ")
        insert = "INSERT INTO \(name) (\(list)) VALUES (\(places))"
        delete = "DELETE FROM \(name) WHERE \"id\" = ?"
    }

    /// The place of a column in ``columns``; O(1).
    package func position(of column: String) -> Int? { positions[column] }
}

/// A row taken out of the database.
package struct StoredRow: Sendable {
    package let table: EntityTable
    /// In the order of the table's columns.
    package let values: [FieldValue]

    /// A row as the database would hold it.
    package init(_ table: EntityTable, values: [FieldValue]) {
        precondition(values.count == table.columns.count, "values for other columns")
        self.table = table
        self.values = values
    }

    /// The row that a statement selecting the table's columns stands on.
    package init(_ table: EntityTable, _ row: borrowing Row) {
        self.table = table
        var values: [FieldValue] = []
        values.reserveCapacity(table.columns.count)
        for (index, column) in table.columns.enumerated() { values.append(row.value(index, as: column.type)) }
        self.values = values
    }

    /// The value of a column; null for one that the entity does not have, as conditions see it.
    package subscript(column column: String) -> FieldValue { table.position(of: column).map { values[$0] } ?? .null }

    /// The row's id.
    package var id: String { values[table.idPosition].text ?? "" }
}
