internal import PylonJSON
internal import PylonSchema
internal import Testing
@testable internal import PylonStorage

@Suite struct EntityTableTests {
    private static let entity = Entity(
        name: "Todo",
        fields: [
            Field(name: "title", type: .string), Field(name: "done", type: .bool, isOptional: true),
            Field(name: "Rank", type: .int, isOptional: true), Field(name: "cost", type: .float, isOptional: true),
            Field(name: "mail", type: .string, isOptional: true, isUnique: true),
            Field(name: "createdAt", type: .datetime, isOptional: true),
        ])
    private static let table = EntityTable(entity)
    private static let one = TestDatabase.id(1)

    @Test func `columns come in the order of their names' bytes`() {
        #expect(Self.table.columns.map(\.name) == ["Rank", "cost", "createdAt", "done", "id", "mail", "title"])
        #expect(Self.table.position(of: "done") == 3 && Self.table.position(of: "x") == nil)
    }

    @Test func `a row can be added, read, changed and removed`() async throws {
        let test = try await TestDatabase([Self.entity])
        try await test.database.write { transaction throws(StorageError) in
            try transaction.insert(
                Self.table, id: Self.one,
                ["title": .text("a"), "done": .bool(true), "cost": .real(2), "Rank": .integer(.max)])
            #expect(try transaction.update(Self.table, id: Self.one, ["title": .text("b"), "done": .null]))
            #expect(try transaction.update(Self.table, id: Self.one, [:]))
            #expect(try !transaction.update(Self.table, id: TestDatabase.id(2), ["title": .text("b")]))
            #expect(try !transaction.update(Self.table, id: TestDatabase.id(2), [:]))
            let row = try transaction.row(Self.table, id: Self.one)
            #expect(row?.id == Self.one && row?[column: "title"] == .text("b") && row?[column: "done"] == .null)
            #expect(row?[column: "cost"] == .real(2) && row?[column: "Rank"] == .integer(.max))
            #expect(row?[column: "nothing"] == .null)
            #expect(try transaction.hasRow(Self.table, id: Self.one))
            #expect(try transaction.delete(Self.table, id: Self.one))
            #expect(try !transaction.delete(Self.table, id: Self.one))
            #expect(try transaction.row(Self.table, id: Self.one) == nil)
        }
    }

    @Test func defect17ViolatedConstraintsHaveStableErrors() async throws {
        let test = try await TestDatabase([Self.entity])
        func error(_ id: Int, _ values: FieldValues) async -> StorageError? {
            await thrown { () throws(StorageError) in
                try await test.database.write { t throws(StorageError) in
                    try t.insert(Self.table, id: TestDatabase.id(id), values)
                }
            }
        }
        #expect(await error(1, ["title": .text("a"), "mail": .text("m")]) == nil)
        #expect(
            await error(2, ["title": .text("a"), "mail": .text("m")])
                == .uniqueViolation(entity: "Todo", fields: ["mail"]))
        #expect(await error(1, ["title": .text("a")]) == .uniqueViolation(entity: "Todo", fields: ["id"]))
        #expect(await error(3, ["mail": .text("n")]) == .missingField(entity: "Todo", field: "title"))
        #expect(await error(3, ["title": .null]) == .missingField(entity: "Todo", field: "title"))
        #expect(await error(3, ["titel": .text("x")]) == .unknownField(entity: "Todo", field: "titel"))
        #expect(await error(3, ["id": .text("x")]) == .unknownField(entity: "Todo", field: "id"))
        #expect(try await test.database.read { t throws(StorageError) in try t.count(Self.table) } == 1)
    }

    @Test func `pages follow the ids and hold what their reader takes`() async throws {
        let test = try await TestDatabase([Self.entity])
        try await test.database.write { transaction throws(StorageError) in
            for number in 1...50 {
                try transaction.insert(
                    Self.table, id: TestDatabase.id(number),
                    ["title": .text("t\(number)"), "done": .bool(number % 3 == 0)])
            }
        }
        try await test.database.read { transaction throws(StorageError) in
            var cursor: String?
            var seen: [String] = []
            while true {
                var page: [String] = []
                var hasMore = false
                try transaction.rows(Self.table, after: cursor, where: .compare("done", .equal, .bool(true))) { row in
                    if page.count == 5 {
                        hasMore = true
                        return false
                    }
                    page.append(row.text(Self.table.idPosition))
                    return true
                }
                seen += page
                cursor = page.last
                if !hasMore { break }
            }
            #expect(seen == stride(from: 3, through: 50, by: 3).map(TestDatabase.id))
            let query = RowQuery(order: [RowOrder("done", isDescending: true)], limit: 2, offset: 15)
            #expect(try transaction.rows(Self.table, query).map(\.id) == [TestDatabase.id(48), TestDatabase.id(1)])
            let beyond = RowQuery(limit: nil, offset: 49)
            #expect(try transaction.rows(Self.table, beyond).map(\.id) == [TestDatabase.id(50)])
        }
    }

    // MARK: JSON

    private static func json(
        _ encoder: RowEncoder, _ values: FieldValues, raw: String? = nil
    ) async throws -> (streamed: String, taken: String) {
        let test = try await TestDatabase([entity])
        return try await test.database.write { transaction throws(StorageError) in
            try transaction.insert(table, id: one, values)
            if let raw { _ = try transaction.execute(raw) }
            var streamed = JSONWriter()
            #expect(try transaction.writeRow(encoder, id: one, to: &streamed))
            var none = JSONWriter()
            #expect(try !transaction.writeRow(encoder, id: TestDatabase.id(9), to: &none))
            #expect(none.text == "")
            var taken = JSONWriter()
            if let row = try transaction.row(table, id: one) { encoder.write(row, to: &taken) }
            return (streamed.text, taken.text)
        }
    }

    @Test func defect30BoolsAreTrueAndFalse() async throws {
        let text = try await Self.json(
            RowEncoder(Self.table),
            ["title": .text("a\"\n\u{1F600}"), "done": .bool(true), "Rank": .integer(-5), "cost": .real(0.5)])
        let expected =
            #"{"Rank":-5,"cost":0.5,"createdAt":null,"done":true,"id":"\#(Self.one)","mail":null,"#
            + #""title":"a\"\n\#u{1F600}"}"#
        #expect(text.streamed == expected)
        #expect(text.taken == expected)
    }

    @Test func `bools are 0 and 1 for clients that ask for it, and hidden columns are left out`() async throws {
        let encoder = RowEncoder(
            Self.table, hiding: ["mail", "cost", "createdAt", "Rank", "id"], writesBoolsAsIntegers: true)
        let text = try await Self.json(encoder, ["title": .text("a"), "done": .bool(false), "mail": .text("secret")])
        #expect(text.streamed == #"{"done":0,"title":"a"}"#)
        #expect(text.taken == text.streamed)
    }

    @Test func `what other programs stored is written as well as JSON can`() async throws {
        let encoder = RowEncoder(Self.table, hiding: ["id", "createdAt"])
        let text = try await Self.json(
            encoder, ["title": .text("a")],
            raw:
                "UPDATE Todo SET done = 'x', Rank = 1.5, cost = 'much', mail = x'00ff', title = CAST(x'61ff62' AS TEXT)"
        )
        #expect(text.streamed == #"{"Rank":1.5,"cost":"much","done":"x","mail":null,"title":"a\#u{FFFD}b"}"#)
    }

    // MARK: Aggregates

    private static func aggregate(_ aggregate: Aggregate) async throws -> String {
        let test = try await TestDatabase([entity])
        return try await test.database.write { transaction throws(StorageError) in
            let rows: [(String, Double?, Int64, String, Bool)] = [
                ("a", 1.5, 1, "2026-05-01T10:30:00Z", true), ("b", 2.5, 2, "2026-05-01T23:00:00Z", false),
                ("a", nil, 4, "2026-05-04T00:00:00Z", true),
            ]
            for (number, row) in rows.enumerated() {
                try transaction.insert(
                    table, id: TestDatabase.id(number),
                    [
                        "title": .text(row.0), "cost": row.1.map { .real($0) } ?? .null, "Rank": .integer(row.2),
                        "createdAt": .text(row.3), "done": .bool(row.4),
                    ])
            }
            var writer = JSONWriter()
            writer.beginArray()
            _ = try transaction.writeAggregate(aggregate, of: table, to: &writer)
            writer.endArray()
            return writer.text
        }
    }

    @Test func `functions run over all rows, or by group`() async throws {
        let total = try await Self.aggregate(
            Aggregate(
                countsRows: true,
                terms: [
                    .init(.sum, "Rank"), .init(.avg, "cost"), .init(.min, "createdAt"), .init(.max, "done"),
                    .init(.countDistinct, "title"), .init(.count, "cost"),
                ]))
        #expect(
            total == #"[{"avg_cost":2,"count":3,"count_cost":2,"count_distinct_title":2,"#
                + #""max_done":true,"min_createdAt":"2026-05-01T10:30:00Z","sum_Rank":7}]"#)
        let grouped = try await Self.aggregate(
            Aggregate(
                terms: [.init(.sum, "Rank")], groups: [.field("title"), .bucket("createdAt", .day)],
                condition: .compare("Rank", .less, .integer(4))))
        #expect(
            grouped == #"[{"createdAt_day":"2026-05-01","sum_Rank":1,"title":"a"},"#
                + #"{"createdAt_day":"2026-05-01","sum_Rank":2,"title":"b"}]"#)
    }

    @Test(arguments: [
        (Aggregate.Bucket.hour, "2026-05-04 00:00:00"), (.week, "2026-W18"), (.month, "2026-05"), (.year, "2026"),
    ]) func `times fall into buckets`(_ bucket: Aggregate.Bucket, _ expected: String) async throws {
        let text = try await Self.aggregate(
            Aggregate(
                countsRows: true, groups: [.bucket("createdAt", bucket)],
                condition: .compare("Rank", .equal, .integer(4))))
        #expect(text == #"[{"count":1,"createdAt_\#(bucket.rawValue)":"\#(expected)"}]"#)
    }

    @Test func `groups and bytes are limited`() async throws {
        let test = try await TestDatabase([Self.entity])
        let outcomes = try await test.database.write { transaction throws(StorageError) in
            for number in 0..<3 {
                try transaction.insert(
                    Self.table, id: TestDatabase.id(number), ["title": .text("t\(number)"), "Rank": .integer(1)])
            }
            var outcomes: [AggregateOutcome] = []
            for (groups, bytes) in [(3, 1000), (2, 1000), (3, 40)] {
                var writer = JSONWriter()
                writer.beginArray()
                let aggregate = Aggregate(countsRows: true, groups: [.field("title")])
                outcomes.append(
                    try transaction.writeAggregate(
                        aggregate, of: Self.table, groupsMaximum: groups, bytesMaximum: bytes, to: &writer))
                writer.endArray()
            }
            return outcomes
        }
        #expect(outcomes == [.complete, .tooManyGroups, .tooLarge])
    }

    @Test func `a sum beyond 64 bits is an error of the caller`() async throws {
        let test = try await TestDatabase([Self.entity])
        let error = await thrown { () throws(StorageError) in
            try await test.database.write { transaction throws(StorageError) in
                for number in 0..<2 {
                    try transaction.insert(
                        Self.table, id: TestDatabase.id(number), ["title": .text("t"), "Rank": .integer(.max)])
                }
                var writer = JSONWriter()
                writer.beginArray()
                _ = try transaction.writeAggregate(Aggregate(terms: [.init(.sum, "Rank")]), of: Self.table, to: &writer)
            }
        }
        #expect(error == .invalidQuery("a sum does not fit into 64 bits"))
    }

    @Test func `nonsense is refused`() async throws {
        func error(_ aggregate: Aggregate) async -> StorageError? {
            do {
                _ = try await Self.aggregate(aggregate)
                return nil
            } catch {
                return error as? StorageError
            }
        }
        #expect(await error(Aggregate()) == .invalidQuery("nothing to compute"))
        #expect(await error(Aggregate(terms: [.init(.sum, "title")])) == .invalidQuery("title holds no numbers"))
        #expect(
            await error(Aggregate(groups: [.bucket("Rank", .day)])) == .invalidQuery("Rank holds no times"))
        #expect(
            await error(Aggregate(groups: [.field("x")])) == .unknownField(entity: "Todo", field: "x"))
    }
}
