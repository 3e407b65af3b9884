internal import PylonSchema
internal import PylonTestSupport
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct SearchExpressionTests {
    private static let entity = Entity(
        name: "Doc", fields: [Field(name: "title", type: .string), Field(name: "body", type: .string)],
        search: SearchSettings(text: ["title", "body"]))
    private static let table = EntityTable(entity)

    private static func filled() async throws -> TestDatabase {
        let test = try await TestDatabase([entity])
        let index = try #require(SearchIndex(table))
        let rows = [
            ("red shoes", "don't wash, mail a@b.example"), ("blue shoes", "c++ and red laces"), ("rock & roll", "x"),
        ]
        try await test.database.write { transaction throws(StorageError) in
            for (number, row) in rows.enumerated() {
                try transaction.insert(
                    table, id: TestDatabase.id(number), ["title": .text(row.0), "body": .text(row.1)])
            }
            _ = try transaction.ensure(index)
        }
        return test
    }

    private static func found(_ test: TestDatabase, _ expression: SearchExpression) async throws -> [Int] {
        let request = SearchRequest(expression.fts5, order: [])
        return try await test.database.read { transaction throws(StorageError) in
            var ids: [String] = []
            try transaction.searchRows(table, request) { row in
                ids.append(row.text(table.idPosition))
                return true
            }
            return ids.compactMap { id in (0..<3).first { TestDatabase.id($0) == id } }
        }
    }

    @Test(arguments: [
        ("don't", [0]), ("c++", [1]), ("a@b.example", [0]), ("b.example a", [0]), ("rock & roll", [2]),
        ("\"rock & roll\"", [2]), ("red", [0, 1]), ("title: red", [0]), ("-title: red", [1]), ("red NOT laces", [0]),
        ("rock OR laces", [1, 2]), ("sho*", [0, 1]), ("^shoes", []), ("^red", [0]), ("red + shoes", [0]),
        ("NEAR(blue shoes, 0)", [1]), ("shoes (don't OR laces)", [0, 1]), ("{title body}: (red AND blue)", [1]),
        ("&", []), ("-{title}: shoes", []), ("shoes AND title: blue", [1]), ("NEAR(red &)", [0, 1]),
    ])
    func `texts are found as people and FTS5 mean them`(_ text: String, _ expected: [Int]) async throws {
        let test = try await Self.filled()
        let expression = try SearchTextParser.parse(text, fields: ["title", "body"], key: "query")
        #expect(try await Self.found(test, expression) == expected, "\(expression.fts5)")
    }

    /// What a text says about fields may narrow the fields around it, never widen them.
    @Test(arguments: [
        "red", "body: red", "x) OR (body: red", "title: red OR body: wash", "{title body}: wash", "-title: red",
    ])
    func `no text leads out of the fields it is kept to`(_ text: String) async throws {
        let test = try await Self.filled()
        let title = ["title"]
        // Also a text that was read for more fields than it is kept to.
        guard let expression = try? SearchTextParser.parse(text, fields: ["title", "body"], key: "query") else {
            return
        }
        let found = try await Self.found(test, .within(title, expression))
        #expect(Set(found).isSubset(of: [0]), "\(expression.fts5)")
    }

    @Test func `every text that is accepted is one of FTS5's`() async throws {
        let test = try await Self.filled()
        let pieces = [
            "red", "a@b", "\"", "\"\"", "(", ")", "AND", "OR", "NOT", "NEAR(", ",", "2)", "*", "^", "+", "-", ":",
            "title", "body:",
            "{", "}", "&", " ", " ", " ", "é", "🙂", "'", ";", "\\", "\u{301}", "٣", "\u{A0}",
        ]
        var generator = SeededGenerator(seed: 33)
        var accepted = 0
        for _ in 0..<5000 {
            let text = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
                pieces[Int.random(in: 0..<pieces.count, using: &generator)]
            }.joined()
            guard let expression = try? SearchTextParser.parse(text, fields: ["title", "body"], key: "query") else {
                continue
            }
            accepted += 1
            let error = await thrown { () throws(StorageError) in
                _ = try await test.database.read { t throws(StorageError) in
                    try t.searchTotals(Self.table, SearchRequest(expression.fts5)).total
                }
            }
            #expect(error == nil, "\(text) became \(expression.fts5)")
        }
        #expect(accepted > 1000)
    }
}
