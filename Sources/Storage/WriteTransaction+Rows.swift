package import PylonSchema

extension WriteTransaction {
    /// Adds a row. Fields that `values` leaves out are null.
    ///
    /// Throws `uniqueViolation`, `["id"]` for an id that is taken, `missingField` and `unknownField`. Values are stored as they
    /// are: their types have been checked before.
    package mutating func insert(
        _ table: EntityTable, id: String, _ values: FieldValues
    ) throws(StorageError) {
        var row = [FieldValue](repeating: .null, count: table.columns.count)
        for (index, entry) in values.enumerated() {
            row[try position(of: entry.name, in: table, expectedAt: index)] = entry.value
        }
        row[table.idPosition] = .text(id)
        try connection.run(table.insert, row)
    }

    /// Changes the given fields of a row, and only those. Returns whether the row exists, also when `values` is empty.
    package mutating func update(
        _ table: EntityTable, id: String, _ values: FieldValues
    ) throws(StorageError) -> Bool {
        if values.isEmpty { return try hasRow(table, id: id) }
        // One order for one set of fields, so that it is one statement.
        let changes = try values.map { (entry) throws(StorageError) in
            (position: try position(of: entry.name, in: table), value: entry.value)
        }.sorted { $0.position < $1.position }
        let assignments = changes.map { SQLWriter.quoted(table.columns[$0.position].name) + " = ?" }
        let sql = "UPDATE \(table.name) SET \(assignments.joined(separator: ", ")) WHERE \"id\" = ?"
        try connection.run(sql, changes.map(\.value) + [.text(id)])
        return connection.changesOfLastStatement > 0
    }

    /// Removes a row. Returns whether there was one.
    package mutating func delete(_ table: EntityTable, id: String) throws(StorageError) -> Bool {
        try connection.run(table.delete, [.text(id)])
        return connection.changesOfLastStatement > 0
    }

    /// Runs one statement that writes, for the tables of other modules. Returns how many rows it touched.
    package mutating func execute(_ sql: String, _ values: [FieldValue] = []) throws(StorageError) -> Int {
        try connection.run(sql, values)
        return connection.changesOfLastStatement
    }

    /// The column of a field. A whole row has its fields in the manifest's order: then the one at `index` need not be looked for.
    private func position(
        of field: String, in table: EntityTable, expectedAt index: Int = .max
    ) throws(StorageError) -> Int {
        let fields = table.entity.fields
        if index < fields.count, fields[index].name == field { return table.fieldPositions[index] }
        guard field != Entity.idColumn, let position = table.position(of: field) else {
            throw .unknownField(entity: table.entity.name, field: field)
        }
        return position
    }
}
