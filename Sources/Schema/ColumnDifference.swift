/// What differs between the columns of a table and the fields of an entity, and the steps that change the table.
struct ColumnDifference {
    private let table: TableShape
    private let entity: Entity
    private let options: SchemaPlan.Options
    private(set) var changes: [SchemaChange] = []
    /// Whether `ALTER TABLE` cannot make all of the changes.
    private(set) var needsRebuild = false
    private var columns: [ColumnDefinition] = []
    private var copies: [ColumnCopy] = []
    private var additions: [ColumnDefinition] = []

    init(_ table: TableShape, _ entity: Entity, _ options: SchemaPlan.Options) {
        self.table = table
        self.entity = entity
        self.options = options
    }

    /// What is to be done to the table itself.
    var steps: [SchemaStep] {
        if needsRebuild {
            return [.rebuildTable(TableDefinition(name: entity.name, columns: columns), copying: copies)]
        }
        return additions.map { .addColumn(table: entity.name, $0) }
    }

    /// Fields in the manifest's order, then what is left in the table.
    mutating func compare() {
        let present = Dictionary(
            table.columns.map { (Name.folded($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        for field in entity.fields {
            if let column = present[Name.folded(field.name)] { change(column, to: field) } else { add(field) }
        }
        let wanted = Set(entity.fields.map { Name.folded($0.name) } + [Entity.idColumn])
        for column in table.columns where !wanted.contains(Name.folded(column.name)) { leave(column) }
    }

    private mutating func add(_ field: Field) {
        let definition = ColumnDefinition(field)
        let fill = options.backfill["\(entity.name).\(field.name)"]
        columns.append(definition)
        copies.append(ColumnCopy(column: field.name, source: nil, fill: fill))
        // SQLite adds no column that is unique, nor one that is required and has no default.
        if definition.isUnique || definition.isNotNull || fill != nil {
            needsRebuild = true
        } else {
            additions.append(definition)
        }
        let isMissing = definition.isNotNull && table.hasRows && fill == nil
        changes.append(
            SchemaChange(.addField(entity: entity.name, field), isMissing ? backfillRequired(field) : .safe))
    }

    private mutating func change(_ column: ColumnShape, to field: Field) {
        let definition = ColumnDefinition(field)
        let fill = options.backfill["\(entity.name).\(field.name)"]
        let cast = column.storage == field.type.storage ? nil : field.type.storage
        let becomesRequired = definition.isNotNull && !column.isNotNull
        columns.append(definition)
        copies.append(
            ColumnCopy(
                column: field.name, source: column.name, cast: cast, fill: becomesRequired ? fill : nil))
        guard cast != nil || definition.isNotNull != column.isNotNull || definition.isUnique != column.isUnique else {
            return
        }
        needsRebuild = true
        var safety = SchemaSafety.safe
        if becomesRequired, column.hasNulls, table.hasRows, fill == nil {
            safety = backfillRequired(field)
        } else if let cast, table.hasRows, let loss = Self.loss(from: column.storage, to: cast) {
            safety = .destructive(code: "DESTRUCTIVE_CHANGE_TYPE", reason: loss)
        }
        changes.append(SchemaChange(.alterField(entity: entity.name, field, previous: column), safety))
    }

    /// A column without a field.
    private mutating func leave(_ column: ColumnShape) {
        if options.leftovers == .removed {
            needsRebuild = true
            changes.append(
                SchemaChange(
                    .removeField(entity: entity.name, column.name),
                    table.hasRows
                        ? .destructive(code: "DESTRUCTIVE_REMOVE_FIELD", reason: "the column's values are lost")
                        : .safe))
            return
        }
        columns.append(
            ColumnDefinition(name: column.name, declaredType: column.declaredType, isUnique: column.isUnique))
        copies.append(ColumnCopy(column: column.name, source: column.name))
        guard column.isNotNull else { return }
        // No insert fills it any more.
        needsRebuild = true
        let type: FieldType =
            switch column.storage {
            case .integer: .int
            case .real: .float
            case .text, nil: .string
            }
        let field = Field(name: column.name, type: type, isOptional: true, isUnique: column.isUnique)
        changes.append(SchemaChange(.alterField(entity: entity.name, field, previous: column)))
    }

    private func backfillRequired(_ field: Field) -> SchemaSafety {
        .blocked(
            code: "BACKFILL_REQUIRED",
            reason: "rows have no value for the required \(field.name): make it optional, or say what they get")
    }

    /// What a conversion can lose; nil for nothing.
    private static func loss(from: ColumnStorage?, to: ColumnStorage) -> String? {
        switch (from, to) {
        case (.integer, .text), (.real, .text): nil
        case (.integer, .real): "whole numbers beyond 2^53 are rounded"
        case (.real, .integer): "fractions are cut off"
        case (.text, .integer), (.text, .real): "texts that are no numbers become 0"
        default: "values may not survive the conversion"
        }
    }
}
