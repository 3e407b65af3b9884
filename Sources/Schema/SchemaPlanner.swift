/// Collects the changes and steps of one plan.
///
/// Names compare as SQLite compares them, without regard to case. Of an existing table all column changes that `ALTER
/// TABLE` cannot make share one rebuild.
struct SchemaPlanner {
    let options: SchemaPlan.Options
    private(set) var changes: [SchemaChange] = []
    private(set) var steps: [SchemaStep] = []
    /// The names of the tables that entities have, folded.
    private var claimedTables: Set<String> = []

    init(options: SchemaPlan.Options) {
        self.options = options
    }

    mutating func plan(_ shape: DatabaseShape, _ manifest: Manifest) {
        let tables = Dictionary(
            shape.tables.map { (Name.folded($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        for entity in manifest.entities {
            claimedTables.insert(Name.folded(entity.name))
            if let table = tables[Name.folded(entity.name)] {
                change(table, to: entity)
            } else {
                create(entity)
            }
        }
        if options.leftovers == .removed { removeTables(shape) }
    }

    private mutating func create(_ entity: Entity) {
        changes.append(SchemaChange(.createEntity(entity)))
        steps.append(
            .createTable(TableDefinition(name: entity.name, columns: entity.fields.map(ColumnDefinition.init))))
        for index in Self.wantedIndexes(of: entity) { steps.append(index.step(on: entity.name)) }
        guard let search = entity.search else { return }
        changes.append(SchemaChange(.createSearchIndex(entity: entity.name, search)))
        steps.append(.createSearch(entity: entity.name, search))
    }

    private mutating func removeTables(_ shape: DatabaseShape) {
        for table in shape.tables where !claimedTables.contains(Name.folded(table.name)) {
            // Tables of the server and tables that someone else put there are not ours to judge.
            if Name.isReserved(table.name) || !table.isEntityTable { continue }
            let reason = "the table and its rows are lost"
            changes.append(
                SchemaChange(
                    .removeEntity(table.name),
                    table.hasRows ? .destructive(code: "DESTRUCTIVE_REMOVE_ENTITY", reason: reason) : .safe))
            if table.search != nil { steps.append(.dropSearch(entity: table.name)) }
            steps.append(.dropTable(table.name))
        }
    }

    // MARK: An existing table

    private mutating func change(_ table: TableShape, to entity: Entity) {
        guard table.isEntityTable else {
            let reason = "a table of this name exists whose key is not \"id TEXT PRIMARY KEY\""
            changes.append(
                SchemaChange(.createEntity(entity), .blocked(code: "TABLE_NOT_AN_ENTITY", reason: reason)))
            return
        }
        var columns = ColumnDifference(table, entity, options)
        columns.compare()
        let search = searchChange(table, entity)
        let indexes = IndexDifference(table, entity, options.leftovers)
        // What keeps the search tables hangs on the table, which a rebuild replaces.
        let renewsSearch = columns.needsRebuild && table.search != nil
        if search.drops { changes.append(SchemaChange(.removeSearchIndex(entity: entity.name))) }
        if search.drops || renewsSearch { steps.append(.dropSearch(entity: entity.name)) }
        for (name, safety) in indexes.dropped {
            changes.append(SchemaChange(.removeIndex(entity: entity.name, name), safety))
            steps.append(.dropIndex(name))
        }
        changes += columns.changes
        steps += columns.steps
        if columns.needsRebuild {
            steps += (indexes.kept.map(\.sql) + table.triggers).map { .restore(sql: $0) }
        }
        for index in indexes.added {
            let declared = Index(name: index.declaredName, fields: index.fields, isUnique: index.isUnique)
            changes.append(SchemaChange(.addIndex(entity: entity.name, declared)))
            steps.append(index.step(on: entity.name))
        }
        if let settings = search.creates {
            changes.append(SchemaChange(.createSearchIndex(entity: entity.name, settings)))
        }
        if let settings = search.creates ?? (renewsSearch ? entity.search : nil) {
            steps.append(.createSearch(entity: entity.name, settings))
        }
    }

    /// Search tables are made anew whenever their columns differ, so that they hold every row (defect 29).
    private func searchChange(_ table: TableShape, _ entity: Entity) -> (drops: Bool, creates: SearchSettings?) {
        let now = table.search
        let wanted = entity.search
        if now?.text == wanted?.text, now?.facets == wanted?.facets, (now == nil) == (wanted == nil) {
            return (false, nil)
        }
        return (now != nil, wanted)
    }

    /// The indexes an entity should have, those of its sortable fields included.
    static func wantedIndexes(of entity: Entity) -> [WantedIndex] {
        let declared = entity.indexes.map {
            WantedIndex(
                name: $0.databaseName(of: entity.name), declaredName: $0.name, fields: $0.fields, isUnique: $0.isUnique)
        }
        let sorting = (entity.search?.sortable ?? []).map { field in
            WantedIndex(
                name: SearchSettings.sortIndexName(of: field, entity: entity.name), declaredName: "sort_\(field)",
                fields: [field], isUnique: false)
        }
        return declared + sorting
    }
}

/// An index that should exist.
struct WantedIndex {
    /// Its name in the database.
    let name: String
    let declaredName: String
    let fields: [String]
    let isUnique: Bool

    func step(on table: String) -> SchemaStep {
        .createIndex(name: name, table: table, columns: fields, isUnique: isUnique)
    }
}

/// What differs between the indexes of a table and those of an entity.
struct IndexDifference {
    private(set) var added: [WantedIndex] = []
    private(set) var dropped: [(name: String, safety: SchemaSafety)] = []
    /// What stays as it is.
    private(set) var kept: [IndexShape] = []

    init(_ table: TableShape, _ entity: Entity, _ leftovers: SchemaPlan.Options.Leftovers) {
        let wanted = SchemaPlanner.wantedIndexes(of: entity)
        let wantedByName = Dictionary(
            wanted.map { (Name.folded($0.name), $0) }, uniquingKeysWith: { first, _ in first })
        var present: Set<String> = []
        for index in table.indexes {
            if let match = wantedByName[Name.folded(index.name)] {
                if Self.isEqual(index, match) {
                    present.insert(Name.folded(index.name))
                    kept.append(index)
                } else {
                    dropped.append((index.name, .safe))
                }
            } else if wanted.contains(where: { $0.declaredName == index.name && Self.isEqual(index, $0) }) {
                // The reference's second name for the same index (defect 41).
                dropped.append((index.name, .safe))
            } else if leftovers == .removed {
                dropped.append(
                    (
                        index.name,
                        .destructive(code: "DESTRUCTIVE_REMOVE_INDEX", reason: "queries may rely on the index")
                    ))
            } else {
                kept.append(index)
            }
        }
        added = wanted.filter { !present.contains(Name.folded($0.name)) }
    }

    private static func isEqual(_ index: IndexShape, _ wanted: WantedIndex) -> Bool {
        index.isUnique == wanted.isUnique && index.columns.map(Name.folded) == wanted.fields.map(Name.folded)
    }
}
