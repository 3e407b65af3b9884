import PylonJSON
import PylonSchema
import Testing

@Suite struct SchemaPlanTests {
    private static let id = ColumnShape(name: "id", declaredType: "TEXT", isNotNull: true, isPrimaryKey: true)
    private static let title = ColumnShape(name: "title", declaredType: "TEXT", isNotNull: true)

    private func manifest(_ fields: [Field], indexes: [Index] = [], search: SearchSettings? = nil) -> Manifest {
        Manifest(
            name: "a", appVersion: "1",
            entities: [Entity(name: "Todo", fields: fields, indexes: indexes, search: search)])
    }

    private func shape(_ columns: [ColumnShape] = [title], hasRows: Bool = true) -> TableShape {
        TableShape(name: "Todo", columns: [Self.id] + columns, hasRows: hasRows)
    }

    private func plan(
        _ table: TableShape, _ manifest: Manifest, _ options: SchemaPlan.Options = .init()
    ) -> SchemaPlan {
        SchemaPlan(from: DatabaseShape(tables: [table]), to: manifest, options: options)
    }

    private let titleField = Field(name: "title", type: .string)

    @Test func anEmptyDatabaseGetsEverything() throws {
        let manifest = try Samples.manifest()
        let plan = SchemaPlan(from: DatabaseShape(), to: manifest)
        #expect(plan.changes.map(\.operation.tag) == ["create_entity", "create_search_index", "create_entity"])
        #expect(plan.isApplicable(allowingDestructive: false))
        guard case .createTable(let table) = plan.steps.first else { return #expect(Bool(false)) }
        #expect(table.name == "Todo")
        #expect(
            table.columns.prefix(3) == [
                ColumnDefinition(name: "title", declaredType: "TEXT", isNotNull: true),
                ColumnDefinition(name: "done", declaredType: "INTEGER", isNotNull: true),
                ColumnDefinition(name: "ownerId", declaredType: "TEXT"),
            ])
        #expect(
            plan.steps.contains(
                .createIndex(name: "Todo_by_owner", table: "Todo", columns: ["ownerId", "done"], isUnique: false)))
        #expect(
            plan.steps.contains(
                .createIndex(name: "Todo_sort_title", table: "Todo", columns: ["title"], isUnique: false)))
    }

    @Test func nothingToDoIsANoop() throws {
        let plan = plan(shape(), manifest([titleField]))
        #expect(plan.isEmpty && plan.steps == [])
        #expect(plan.json == ["operations": [["op": "noop"]]])
        #expect(plan.text == "nothing to do")
    }

    @Test func aNewOptionalFieldIsAdded() {
        let plan = plan(shape(), manifest([titleField, Field(name: "due", type: .datetime, isOptional: true)]))
        #expect(plan.steps == [.addColumn(table: "Todo", ColumnDefinition(name: "due", declaredType: "TEXT"))])
        #expect(
            plan.json == [
                "operations": [
                    [
                        "op": "add_field", "entity": "Todo",
                        "field": ["name": "due", "field_type": "datetime", "optional": true, "unique": false],
                        "safety": "safe",
                    ]
                ]
            ])
        #expect(plan.text == "+ field Todo.due: datetime optional")
    }

    @Test func defect27AUniqueColumnRebuildsTheTable() {
        let email = Field(name: "email", type: .string, isOptional: true, isUnique: true)
        var table = shape()
        table.indexes = [IndexShape(name: "Todo_by_title", columns: ["title"], sql: "CREATE INDEX …")]
        table.triggers = ["CREATE TRIGGER …"]
        let plan = plan(table, manifest([titleField, email], indexes: [Index(name: "by_title", fields: ["title"])]))
        #expect(plan.changes == [SchemaChange(.addField(entity: "Todo", email))])
        #expect(
            plan.steps == [
                .rebuildTable(
                    TableDefinition(
                        name: "Todo", columns: [ColumnDefinition(titleField), ColumnDefinition(email)]),
                    copying: [
                        ColumnCopy(column: "title", source: "title"), ColumnCopy(column: "email", source: nil),
                    ]),
                .restore(sql: "CREATE INDEX …"), .restore(sql: "CREATE TRIGGER …"),
            ])
    }

    @Test func aRequiredFieldNeedsABackfillWhereThereAreRows() {
        let wanted = manifest([titleField, Field(name: "done", type: .bool)])
        let refused = plan(shape(), wanted)
        #expect(refused.isBlocked && refused.steps == [] && !refused.isApplicable(allowingDestructive: true))
        #expect(refused.json["operations"]?[0]?["code"] == "BACKFILL_REQUIRED")
        let empty = plan(shape(hasRows: false), wanted)
        #expect(empty.isApplicable(allowingDestructive: false) && empty.steps.count == 1)
        let filled = plan(shape(), wanted, .init(backfill: ["Todo.done": .bool(false)]))
        #expect(filled.isApplicable(allowingDestructive: false))
        guard case .rebuildTable(_, let copies) = filled.steps.first else { return #expect(Bool(false)) }
        #expect(copies.last == ColumnCopy(column: "done", source: nil, fill: .bool(false)))
    }

    @Test func requiredAndOptionalAreChangedForReal() {
        let optional = Field(name: "title", type: .string, isOptional: true)
        #expect(plan(shape(), manifest([optional])).isApplicable(allowingDestructive: false))
        var column = Self.title
        column.isNotNull = false
        #expect(plan(shape([column]), manifest([titleField])).isApplicable(allowingDestructive: false))
        column.hasNulls = true
        #expect(plan(shape([column]), manifest([titleField])).isBlocked)
        let filled = plan(shape([column]), manifest([titleField]), .init(backfill: ["Todo.title": .text("?")]))
        guard case .rebuildTable(_, let copies) = filled.steps.first else { return #expect(Bool(false)) }
        #expect(copies == [ColumnCopy(column: "title", source: "title", fill: .text("?"))])
    }

    @Test(arguments: [
        ("TEXT", FieldType.int, true), ("TEXT", .float, true), ("REAL", .int, true), ("INTEGER", .float, true),
        ("INTEGER", .string, false), ("REAL", .string, false), ("BLOB", .string, true),
    ])
    func typeChangesAreDestructiveWhereTheyLose(declared: String, type: FieldType, isDestructive: Bool) {
        let column = ColumnShape(name: "title", declaredType: declared, isNotNull: true)
        let wanted = manifest([Field(name: "title", type: type)])
        let plan = plan(shape([column]), wanted)
        #expect(plan.isDestructive == isDestructive && !plan.isBlocked)
        #expect(plan.isApplicable(allowingDestructive: true))
        guard case .rebuildTable(_, let copies) = plan.steps.first else { return #expect(Bool(false)) }
        #expect(copies[0].cast == type.storage)
        #expect(!self.plan(shape([column], hasRows: false), wanted).isDestructive)
    }

    @Test func leftColumnsStayAndLetInsertsThrough() {
        let left = ColumnShape(name: "old", declaredType: "INTEGER", isNotNull: true)
        let kept = plan(shape([Self.title, left]), manifest([titleField]))
        #expect(kept.changes.map(\.operation.tag) == ["alter_field"])
        #expect(kept.isApplicable(allowingDestructive: false))
        guard case .rebuildTable(let table, _) = kept.steps.first else { return #expect(Bool(false)) }
        #expect(table.columns.last == ColumnDefinition(name: "old", declaredType: "INTEGER"))
        let removed = plan(shape([Self.title, left]), manifest([titleField]), .init(leftovers: .removed))
        #expect(removed.json["operations"]?[0]?["code"] == "DESTRUCTIVE_REMOVE_FIELD")
        #expect(!removed.isApplicable(allowingDestructive: false) && removed.isApplicable(allowingDestructive: true))
    }

    @Test func tablesAreRemovedOnlyWhenAskedAndOnlyOurs() {
        let shape = DatabaseShape(tables: [
            shape(), TableShape(name: "Old", columns: [Self.id], hasRows: true),
            TableShape(name: "foreign", columns: [ColumnShape(name: "x", declaredType: "TEXT")]),
            TableShape(name: "_pylon_schema_history", columns: [Self.id]),
        ])
        #expect(SchemaPlan(from: shape, to: manifest([titleField])).isEmpty)
        let plan = SchemaPlan(from: shape, to: manifest([titleField]), options: .init(leftovers: .removed))
        #expect(plan.steps == [.dropTable("Old")])
        #expect(plan.text.contains("DESTRUCTIVE_REMOVE_ENTITY"))
    }

    @Test func aTableThatIsNotOursBlocks() {
        let foreign = TableShape(name: "todo", columns: [ColumnShape(name: "x", declaredType: "TEXT")])
        #expect(plan(foreign, manifest([titleField])).isBlocked)
    }

    @Test func defect41AnIndexHasOneName() {
        var table = shape()
        table.indexes = [
            IndexShape(name: "Todo_by_title", columns: ["title"]), IndexShape(name: "by_title", columns: ["title"]),
            IndexShape(name: "by_hand", columns: ["title"]),
        ]
        let wanted = manifest([titleField], indexes: [Index(name: "by_title", fields: ["title"])])
        #expect(plan(table, wanted).steps == [.dropIndex("by_title")])
        #expect(plan(table, wanted).isApplicable(allowingDestructive: false))
        let removed = plan(table, wanted, .init(leftovers: .removed))
        #expect(removed.steps == [.dropIndex("by_title"), .dropIndex("by_hand")] && removed.isDestructive)
    }

    @Test func aChangedIndexIsMadeAnew() {
        var table = shape()
        table.indexes = [IndexShape(name: "Todo_by_title", columns: ["title"])]
        let wanted = manifest([titleField], indexes: [Index(name: "by_title", fields: ["title"], isUnique: true)])
        #expect(
            plan(table, wanted).steps == [
                .dropIndex("Todo_by_title"),
                .createIndex(name: "Todo_by_title", table: "Todo", columns: ["title"], isUnique: true),
            ])
    }

    @Test func defect29ChangedSearchTablesAreFilledAnew() {
        var table = shape()
        let search = SearchSettings(text: ["title"])
        #expect(
            plan(table, manifest([titleField], search: search)).steps == [.createSearch(entity: "Todo", search)])
        table.search = SearchSettings(facets: ["title"])
        let changed = plan(table, manifest([titleField], search: search))
        #expect(changed.steps == [.dropSearch(entity: "Todo"), .createSearch(entity: "Todo", search)])
        #expect(changed.changes.map(\.operation.tag) == ["remove_search_index", "create_search_index"])
        table.search = search
        #expect(plan(table, manifest([titleField], search: search)).isEmpty)
        let unique = Field(name: "title", type: .string, isUnique: true)
        let rebuilt = plan(table, manifest([unique], search: search))
        #expect(rebuilt.steps.first == .dropSearch(entity: "Todo"))
        #expect(rebuilt.steps.last == .createSearch(entity: "Todo", search))
        #expect(rebuilt.changes.map(\.operation.tag) == ["alter_field"])
    }
}
