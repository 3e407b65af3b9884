internal import PylonSchema
internal import PylonTestSupport
internal import Testing
@testable internal import PylonStorage

@Suite struct SearchTests {
    private static let shoe = Entity(
        name: "Shoe",
        fields: [
            Field(name: "title", type: .string), Field(name: "brand", type: .string, isOptional: true),
            Field(name: "new", type: .bool, isOptional: true), Field(name: "price", type: .float, isOptional: true),
        ],
        search: SearchSettings(text: ["title"], facets: ["brand", "new"], sortable: ["price"]))
    private static let table = EntityTable(shoe)

    private static let rows: [(String, String?, Bool, Double)] = [
        ("Red running shoe", "Nike", true, 20), ("Blue shoe", "Nike", false, 10),
        ("Red hat", "Adidas", true, 5.5), ("Réd shoe, red laces, red sole", nil, true, 30),
    ]

    private static func filled() async throws -> (TestDatabase, SearchIndex) {
        let test = try await TestDatabase([shoe])
        let index = try #require(SearchIndex(table))
        try await test.database.write { transaction throws(StorageError) in
            for (number, row) in rows.enumerated() {
                let brand: FieldValue = row.1.map { .text($0) } ?? .null
                try transaction.insert(
                    table, id: TestDatabase.id(number),
                    ["title": .text(row.0), "brand": brand, "new": .bool(row.2), "price": .real(row.3)])
            }
            #expect(try transaction.ensure(index))
        }
        return (test, index)
    }

    private static func found(
        _ test: TestDatabase, _ index: SearchIndex, _ request: SearchRequest
    ) async throws(StorageError) -> [String] {
        try await test.database.read { transaction throws(StorageError) in
            var titles: [String] = []
            try transaction.searchRows(index.table, request) { row in
                titles.append(row.text(table.position(of: "title") ?? 0))
                return true
            }
            return titles
        }
    }

    @Test func defect29RowsThatWereThereBeforeTheIndexAreFound() async throws {
        let (test, index) = try await Self.filled()
        let titles = try await Self.found(test, index, SearchRequest("red shoe"))
        #expect(Set(titles) == ["Red running shoe", "Réd shoe, red laces, red sole"])
        #expect(try await !test.database.write { t throws(StorageError) in try t.ensure(index) })
    }

    @Test func defect29AChangeOfFieldsMakesTheIndexAnew() async throws {
        let (test, _) = try await Self.filled()
        let wider = try #require(SearchIndex(Self.table, fields: ["title", "brand"]))
        #expect(try await test.database.write { t throws(StorageError) in try t.ensure(wider) })
        #expect(
            try await Self.found(test, wider, SearchRequest("nike", order: [RowOrder("price")])) == [
                "Blue shoe", "Red running shoe",
            ])
        #expect(try await Self.found(test, wider, SearchRequest("brand:adidas")) == ["Red hat"])
    }

    @Test func `the index follows every write`() async throws {
        let (test, index) = try await Self.filled()
        try await test.database.write { transaction throws(StorageError) in
            _ = try transaction.update(Self.table, id: TestDatabase.id(1), ["title": .text("Green sock")])
            _ = try transaction.delete(Self.table, id: TestDatabase.id(0))
            try transaction.insert(Self.table, id: TestDatabase.id(8), ["title": .text("Green shoe")])
        }
        #expect(try await Self.found(test, index, SearchRequest("green", order: [])) == ["Green sock", "Green shoe"])
        #expect(try await Self.found(test, index, SearchRequest("running")) == [])
        #expect(try await Self.found(test, index, SearchRequest("blue")) == [])
        try await test.database.write { transaction throws(StorageError) in
            _ = try transaction.execute("INSERT INTO \"_fts_Shoe\" (\"_fts_Shoe\", rank) VALUES ('integrity-check', 1)")
        }
    }

    @Test func `a table that was rebuilt gets its index back`() async throws {
        let (test, index) = try await Self.filled()
        let rebuilt = try await test.database.write { transaction throws(StorageError) in
            let copy = TestDatabase.createTable(Entity(name: "Copy", fields: Self.shoe.fields))
            for sql in [
                copy, "INSERT INTO Copy SELECT * FROM Shoe", "DROP TABLE Shoe", "ALTER TABLE Copy RENAME TO Shoe",
            ] {
                _ = try transaction.execute(sql)
            }
            return try transaction.ensure(index)
        }
        #expect(rebuilt)
        #expect(try await Self.found(test, index, SearchRequest("hat")) == ["Red hat"])
    }

    @Test func `an index that is no longer wanted goes`() async throws {
        let (test, index) = try await Self.filled()
        try await test.database.write { transaction throws(StorageError) in
            try transaction.dropSearchIndex(of: "Shoe")
            _ = try transaction.delete(Self.table, id: TestDatabase.id(0))
            #expect(try transaction.ensure(index))
        }
    }

    @Test func defect29FacetsSpellBoolsOneWayAndCountWhatWasFound() async throws {
        let (test, index) = try await Self.filled()
        let request = SearchRequest("red", where: .compare("price", .less, .real(100)), facets: ["brand", "new"])
        let totals = try await test.database.read { t throws(StorageError) in try t.searchTotals(index.table, request) }
        #expect(totals.total == 3)
        #expect(totals.facets.map(\.field) == ["brand", "new"])
        #expect(totals.facets[0].counts == [.init(value: "Adidas", count: 1), .init(value: "Nike", count: 1)])
        #expect(totals.facets[1].counts == [.init(value: "true", count: 3)])
        let all = try await test.database.read { t throws(StorageError) in
            try t.searchTotals(index.table, SearchRequest(nil, facets: ["new"]))
        }
        #expect(all.total == 4)
        #expect(all.facets[0].counts == [.init(value: "true", count: 3), .init(value: "false", count: 1)])
    }

    @Test func `pages, filters and orders apply`() async throws {
        let (test, index) = try await Self.filled()
        let nike = SearchRequest("shoe", where: .compare("brand", .equal, .text("Nike")), order: [RowOrder("price")])
        #expect(try await Self.found(test, index, nike) == ["Blue shoe", "Red running shoe"])
        let second = SearchRequest(nil, order: [RowOrder("price")], limit: 1, offset: 1)
        #expect(try await Self.found(test, index, second) == ["Blue shoe"])
        // The title names of a text column may stand in a filter beside a search.
        let titled = SearchRequest("red", where: .contains("title", "HAT"))
        #expect(try await Self.found(test, index, titled) == ["Red hat"])
    }

    @Test func defect33ASearchBesideAFilterAndAnOrderOnATextColumnWorks() async throws {
        let (test, index) = try await Self.filled()
        let request = SearchRequest(
            "red OR blue", where: .contains("title", "shoe"), order: [RowOrder("title", isDescending: true)], limit: 1,
            offset: 1)
        #expect(try await Self.found(test, index, request) == ["Red running shoe"])
        let plain = RowQuery(Query(order: [.init(column: "price")], limit: 2))
        let ids = try await test.database.read { t throws(StorageError) in try t.rows(Self.table, plain).map(\.id) }
        #expect(ids == [TestDatabase.id(2), TestDatabase.id(1)])
    }

    @Test(arguments: ["\"", "red AND", "nothing:red", "*", "(red", "red OR"])
    func defect33ABadSearchTextIsAnErrorOfTheCaller(_ text: String) async throws {
        let (test, index) = try await Self.filled()
        let expected = StorageError.invalidQuery("the search text has a syntax error")
        #expect(
            await thrown { () throws(StorageError) in try await Self.found(test, index, SearchRequest(text)) }
                == expected)
        let totals = await thrown { () throws(StorageError) in
            try await test.database.read { t throws(StorageError) in
                try t.searchTotals(index.table, SearchRequest(text))
            }
        }
        #expect(totals == expected)
    }

    @Test func `a search text has a limit`() async throws {
        let (test, index) = try await Self.filled()
        let long = SearchRequest(String(repeating: "a ", count: SearchRequest.textBytesMaximum))
        let error = await thrown { () throws(StorageError) in try await Self.found(test, index, long) }
        guard case .invalidQuery = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
}
