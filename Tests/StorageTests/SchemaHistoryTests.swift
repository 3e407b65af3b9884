internal import PylonSchema
internal import PylonTestSupport
internal import Testing
@testable internal import PylonStorage

@Suite struct SchemaHistoryTests {
    private static func migration(_ steps: [SchemaStep]) -> SchemaMigration {
        SchemaMigration(
            steps: steps, manifestVersion: 1, appVersion: "0.1.0", operationCount: steps.count, isBaseline: true,
            planJSON: "{}")
    }

    private static let createA = SchemaStep.createTable(
        TableDefinition(name: "A", columns: [ColumnDefinition(name: "x", declaredType: "TEXT")]))

    @Test func `the shape of a database is what was declared`() async throws {
        let test = try await TestDatabase([])
        let shape = try await test.database.write { transaction throws(StorageError) in
            let statements = [
                """
                CREATE TABLE "My Todo" ("id" TEXT PRIMARY KEY NOT NULL, "title" TEXT NOT NULL, "mail" TEXT UNIQUE,
                "a" INTEGER, "b" REAL, UNIQUE ("a", "b"))
                """,
                "CREATE UNIQUE INDEX \"My Todo_by\" ON \"My Todo\" (\"b\", \"title\")",
                "CREATE INDEX \"My Todo_a\" ON \"My Todo\" (\"a\")",
                "CREATE VIRTUAL TABLE words USING fts5 (text)",
                "CREATE VIEW v AS SELECT 1",
                "INSERT INTO \"My Todo\" (id, title, a) VALUES ('1', 't', 1)",
            ]
            for statement in statements { _ = try transaction.execute(statement) }
            return try transaction.shape()
        }
        let table = try #require(shape.tables.first)
        #expect(shape.tables.count == 1 && table.name == "My Todo" && table.hasRows)
        #expect(table.search == nil && table.triggers == [])
        let expected = [
            ColumnShape(name: "id", declaredType: "TEXT", isNotNull: true, isPrimaryKey: true),
            ColumnShape(name: "title", declaredType: "TEXT", isNotNull: true),
            ColumnShape(name: "mail", declaredType: "TEXT", isUnique: true, hasNulls: true),
            ColumnShape(name: "a", declaredType: "INTEGER"),
            ColumnShape(name: "b", declaredType: "REAL", hasNulls: true),
        ]
        #expect(table.columns == expected)
        #expect(table.indexes.map(\.name) == ["My Todo_a", "My Todo_by"])
        #expect(table.indexes.map(\.columns) == [["a"], ["b", "title"]])
        #expect(table.indexes.map(\.isUnique) == [false, true])
        #expect(table.indexes[0].sql == "CREATE INDEX \"My Todo_a\" ON \"My Todo\" (\"a\")")
        let unlooked = try await test.database.read { t throws(StorageError) in try t.shape(looksForNulls: false) }
        #expect(unlooked.tables[0].columns.map(\.hasNulls) == [false, false, true, true, true])
    }

    @Test func `history is written when something changed, and only then`() async throws {
        let test = try await TestDatabase([])
        try await test.database.write { transaction throws(StorageError) in
            try transaction.apply(Self.migration([]))
            let index = SchemaStep.createIndex(name: "A_x", table: "A", columns: ["x"], isUnique: false)
            try transaction.apply(Self.migration([Self.createA, index]))
            try transaction.apply(Self.migration([]))
        }
        let history = try await test.database.read { t throws(StorageError) in try t.schemaHistory(limit: 10) }
        #expect(history.count == 1)
        #expect(history.first?.operationCount == 2 && history.first?.isBaseline == true)
        #expect(history.first?.appVersion == "0.1.0" && history.first?.manifestVersion == 1)
    }

    @Test func defect27AFailingChangeLeavesNothingBehindAndSaysSo() async throws {
        let test = try await TestDatabase([])
        let error = await thrown { () throws(StorageError) in
            try await test.database.write { t throws(StorageError) in
                let column = ColumnDefinition(name: "y", declaredType: "TEXT", isUnique: true)
                try t.apply(Self.migration([Self.createA, .addColumn(table: "A", column)]))
            }
        }
        guard case .failed = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        let shape = try await test.database.read { t throws(StorageError) in try t.shape() }
        #expect(shape.tables.isEmpty)
        #expect(try await test.database.read { t throws(StorageError) in try t.schemaHistory(limit: 1) } == [])
    }

    @Test func `two processes that start at once apply a change once`() async throws {
        let test = try await TestDatabase([])
        let other = try Database(test.location)
        defer { other.close() }
        @Sendable func push(_ database: Database) async throws {
            try await database.write { transaction throws(StorageError) in
                let isThere = try !transaction.shape().tables.isEmpty
                try transaction.apply(Self.migration(isThere ? [] : [Self.createA]))
            }
        }
        async let one: Void = push(test.database)
        async let two: Void = push(other)
        _ = try await (one, two)
        #expect(try await other.read { t throws(StorageError) in try t.schemaHistory(limit: 9) }.count == 1)
    }

    @Test func defect27APlanBringsAFileWithRowsToItsManifest() async throws {
        let old = Entity(
            name: "Todo",
            fields: [
                Field(name: "title", type: .string, isOptional: true),
                Field(name: "rank", type: .string, isOptional: true),
            ], search: SearchSettings(text: ["title"]))
        let new = Entity(
            name: "Todo",
            fields: [
                Field(name: "title", type: .string), Field(name: "rank", type: .int, isOptional: true),
                Field(name: "mail", type: .string, isOptional: true, isUnique: true),
            ], search: SearchSettings(text: ["title"]))
        let test = try await TestDatabase([])
        let options = SchemaPlan.Options(backfill: ["Todo.title": .text("untitled")])
        @Sendable func push(_ entity: Entity) async throws -> SchemaPlan {
            try await test.database.write { transaction throws(StorageError) in
                let manifest = Manifest(
                    version: 1, name: "test", appVersion: "1", entities: [entity], routes: [], queries: [],
                    actions: [], policies: [], auth: AuthSettings())
                let plan = SchemaPlan(from: try transaction.shape(), to: manifest, options: options)
                try transaction.apply(Self.migration(plan.steps))
                return plan
            }
        }
        _ = try await push(old)
        try await test.database.write { transaction throws(StorageError) in
            let table = EntityTable(old)
            try transaction.insert(table, id: TestDatabase.id(1), ["title": .text("milk"), "rank": .text("7")])
            try transaction.insert(table, id: TestDatabase.id(2), ["rank": .null])
        }
        let plan = try await push(new)
        #expect(!plan.isEmpty && !plan.isBlocked)
        let table = EntityTable(new)
        let rows = try await test.database.read { t throws(StorageError) in try t.rows(table, RowQuery()) }
        #expect(rows.map { $0[column: "rank"] } == [.integer(7), .null])
        #expect(rows.map { $0[column: "title"] } == [.text("milk"), .text("untitled")])
        // The second push finds nothing left to do, and a search finds what was there before and what came since.
        #expect(try await push(new).isEmpty)
        let index = try #require(SearchIndex(table))
        let found = try await test.database.write { transaction throws(StorageError) in
            #expect(try !transaction.ensure(index))
            try transaction.insert(table, id: TestDatabase.id(3), ["title": .text("more milk")])
            _ = try transaction.execute("INSERT INTO \"_fts_Todo\" (\"_fts_Todo\", rank) VALUES ('integrity-check', 1)")
            return try ["milk", "untitled"].map { (text) throws(StorageError) in
                try transaction.searchTotals(index.table, SearchRequest(text)).total
            }
        }
        #expect(found == [2, 1])
        #expect(try await test.database.read { t throws(StorageError) in try t.schemaHistory(limit: 9) }.count == 2)
    }
}
