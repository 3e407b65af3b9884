/// One difference between a database and a manifest, and what removes it.
package enum SchemaOperation: Hashable, Sendable {
    case createEntity(Entity)
    case addField(entity: String, Field)
    /// The column's type, null or unique constraint changes; `previous` is what it was.
    case alterField(entity: String, Field, previous: ColumnShape)
    case addIndex(entity: String, Index)
    /// Makes the full-text and facet tables and fills them from the rows.
    case createSearchIndex(entity: String, SearchSettings)
    case removeEntity(String)
    case removeField(entity: String, String)
    /// The index goes by its name in the database.
    case removeIndex(entity: String, String)
    case removeSearchIndex(entity: String)
    case noop

    /// The tag of the wire (spec/data.md 2.4).
    package var tag: String {
        switch self {
        case .createEntity: "create_entity"
        case .addField: "add_field"
        case .alterField: "alter_field"
        case .addIndex: "add_index"
        case .createSearchIndex: "create_search_index"
        case .removeEntity: "remove_entity"
        case .removeField: "remove_field"
        case .removeIndex: "remove_index"
        case .removeSearchIndex: "remove_search_index"
        case .noop: "noop"
        }
    }
}

/// Whether an operation may be applied without asking.
package enum SchemaSafety: Hashable, Sendable {
    /// Loses nothing. It may still fail, when rows break a new unique constraint: then nothing is changed.
    case safe
    /// Loses rows, values or a guarantee: only when asked for.
    case destructive(code: String, reason: String)
    /// Cannot be done as things are, whatever is asked.
    case blocked(code: String, reason: String)
}

/// One operation of a plan with its judgement.
package struct SchemaChange: Hashable, Sendable {
    package let operation: SchemaOperation
    package let safety: SchemaSafety

    package init(_ operation: SchemaOperation, _ safety: SchemaSafety = .safe) {
        self.operation = operation
        self.safety = safety
    }
}

/// What the database is told to do, in order and within one transaction.
package enum SchemaStep: Hashable, Sendable {
    case createTable(TableDefinition)
    /// `ALTER TABLE … ADD COLUMN`, of a nullable column that is not unique.
    case addColumn(table: String, ColumnDefinition)
    /// Makes the table anew under the same name: create it aside, copy every row with its rowid (search tables refer to
    /// it), drop the old one, rename. Indexes and triggers go with the old table; their steps follow.
    case rebuildTable(TableDefinition, copying: [ColumnCopy])
    case dropTable(String)
    case createIndex(name: String, table: String, columns: [String], isUnique: Bool)
    case dropIndex(String)
    /// Runs the statement that once made an index or trigger.
    case restore(sql: String)
    case createSearch(entity: String, SearchSettings)
    case dropSearch(entity: String)
}

/// A table to be made.
package struct TableDefinition: Hashable, Sendable {
    package let name: String
    /// The fields' columns, behind `id TEXT PRIMARY KEY NOT NULL`.
    package let columns: [ColumnDefinition]

    package init(name: String, columns: [ColumnDefinition]) {
        self.name = name
        self.columns = columns
    }
}

/// A column to be made.
package struct ColumnDefinition: Hashable, Sendable {
    package let name: String
    /// As SQLite declares it.
    package let declaredType: String
    package let isNotNull: Bool
    package let isUnique: Bool

    package init(name: String, declaredType: String, isNotNull: Bool = false, isUnique: Bool = false) {
        self.name = name
        self.declaredType = declaredType
        self.isNotNull = isNotNull
        self.isUnique = isUnique
    }

    /// The column of a field.
    package init(_ field: Field) {
        self.init(
            name: field.name, declaredType: field.type.storage.rawValue, isNotNull: !field.isOptional,
            isUnique: field.isUnique)
    }
}

/// Where a rebuilt column's values come from: the column of the same name, converted and with nulls filled as said.
package struct ColumnCopy: Hashable, Sendable {
    package let column: String
    /// Nil when the old table has no such column: every row gets ``fill``.
    package let source: String?
    /// The storage to cast to; nil where it stays.
    package let cast: ColumnStorage?
    /// What stands where the source is null; nil to leave null.
    package let fill: FieldValue?

    package init(column: String, source: String?, cast: ColumnStorage? = nil, fill: FieldValue? = nil) {
        self.column = column
        self.source = source
        self.cast = cast
        self.fill = fill
    }
}
