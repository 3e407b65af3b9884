/// What tables a database has: the result of looking, and the start of a schema plan.
package struct DatabaseShape: Hashable, Sendable {
    /// The ordinary tables: no virtual ones and none that belong to those.
    package var tables: [TableShape]

    package init(tables: [TableShape] = []) {
        self.tables = tables
    }
}

/// One table as it is.
package struct TableShape: Hashable, Sendable {
    package var name: String
    /// All columns, `id` included, in order.
    package var columns: [ColumnShape]
    /// Indexes made by `CREATE INDEX`, not those that constraints bring along.
    package var indexes: [IndexShape]
    /// Whether there is any row.
    package var hasRows: Bool
    /// What the full-text and facet tables were built for; nil where there are none.
    package var search: SearchSettings?
    /// The statements that made the triggers on it, which a rebuild would lose, without those that keep its search
    /// tables.
    package var triggers: [String]

    package init(
        name: String, columns: [ColumnShape], indexes: [IndexShape] = [], hasRows: Bool = false,
        search: SearchSettings? = nil, triggers: [String] = []
    ) {
        self.name = name
        self.columns = columns
        self.indexes = indexes
        self.hasRows = hasRows
        self.search = search
        self.triggers = triggers
    }

    /// Whether it is a table of rows with an id, as this server makes them.
    var isEntityTable: Bool {
        columns.contains { Name.folded($0.name) == Entity.idColumn && $0.isPrimaryKey && $0.storage == .text }
    }
}

/// One column as it is.
package struct ColumnShape: Hashable, Sendable {
    package var name: String
    /// As declared, `TEXT` or `varchar(20)`.
    package var declaredType: String
    package var isNotNull: Bool
    /// Whether a constraint on this column alone keeps its values apart.
    package var isUnique: Bool
    package var isPrimaryKey: Bool
    /// Whether a row has null here. Who has not looked says true for a nullable column of a table with rows.
    package var hasNulls: Bool

    package init(
        name: String, declaredType: String, isNotNull: Bool = false, isUnique: Bool = false,
        isPrimaryKey: Bool = false, hasNulls: Bool = false
    ) {
        self.name = name
        self.declaredType = declaredType
        self.isNotNull = isNotNull
        self.isUnique = isUnique
        self.isPrimaryKey = isPrimaryKey
        self.hasNulls = hasNulls
    }

    /// How its values are stored; nil for a declaration that no entity has.
    var storage: ColumnStorage? { ColumnStorage(rawValue: declaredType.uppercased()) }
}

/// One index as it is.
package struct IndexShape: Hashable, Sendable {
    package var name: String
    package var columns: [String]
    package var isUnique: Bool
    /// The statement that made it, to make it again after a rebuild.
    package var sql: String

    package init(name: String, columns: [String], isUnique: Bool = false, sql: String = "") {
        self.name = name
        self.columns = columns
        self.isUnique = isUnique
        self.sql = sql
    }
}

/// How a column stores its values; the raw value is SQLite's declaration.
package enum ColumnStorage: String, Hashable, Sendable, CaseIterable {
    case text = "TEXT"
    case integer = "INTEGER"
    case real = "REAL"
}

extension FieldType {
    /// How the database stores values of this type (spec/data.md 2.1).
    package var storage: ColumnStorage {
        switch self {
        case .string, .datetime, .richtext, .reference: .text
        case .int, .bool: .integer
        case .float: .real
        }
    }
}
