internal import PylonSchema
internal import PylonTestSupport
internal import PylonTime
internal import Testing
@testable internal import PylonStorage

@Suite struct SQLWriterTests {
    private static let thing = Entity(
        name: "Thing",
        fields: [
            Field(name: "s", type: .string, isOptional: true), Field(name: "t", type: .datetime, isOptional: true),
            Field(name: "i", type: .int, isOptional: true), Field(name: "j", type: .int, isOptional: true),
            Field(name: "f", type: .float, isOptional: true), Field(name: "b", type: .bool, isOptional: true),
        ])

    @Test func `names are quoted whatever they contain`() {
        #expect(SQLWriter.quoted("order") == "\"order\"")
        #expect(SQLWriter.quoted("a\"b\"") == "\"a\"\"b\"\"\"")
        // With a combining mark behind it a quote is no `Character` of its own.
        let marked = SQLWriter.quoted("a\"\u{301}b")
        #expect(marked.unicodeScalars.elementsEqual("\"a\"\"\u{301}b\"".unicodeScalars))
    }

    @Test func defect47NamesAreQuotedEverywhere() async throws {
        let odd = Entity(
            name: "order \"by\"",
            fields: [
                Field(name: "select", type: .string, isOptional: true),
                Field(name: "a\"; DROP TABLE x; --", type: .int, isOptional: true),
            ])
        let test = try await TestDatabase([odd])
        let table = EntityTable(odd)
        let values: FieldValues = ["select": .text("x"), "a\"; DROP TABLE x; --": .integer(7)]
        let found = try await test.database.write { transaction throws(StorageError) in
            try transaction.insert(table, id: TestDatabase.id(1), values)
            _ = try transaction.update(table, id: TestDatabase.id(1), values)
            let query = RowQuery(
                .all([.compare("a\"; DROP TABLE x; --", .equal, .integer(7)), .contains("select", "X")]),
                order: [RowOrder("select", isDescending: true), RowOrder("a\"; DROP TABLE x; --")], limit: 5)
            let rows = try transaction.rows(table, query)
            #expect(try transaction.delete(table, id: TestDatabase.id(1)))
            return rows.map { $0[column: "select"] }
        }
        #expect(found == [.text("x")])
    }

    @Test func `unknown columns are errors`() {
        var writer = SQLWriter(Self.thing)
        #expect(throws: StorageError.unknownField(entity: "Thing", field: "x")) {
            try writer.append(.not(.any([.isNull("x")])))
        }
        #expect(throws: StorageError.unknownField(entity: "Thing", field: "x")) {
            try writer.appendOrder([RowOrder("x")])
        }
    }

    @Test func defect33OrderTermsKeepTheOrderTheyWereGivenIn() throws {
        var writer = SQLWriter(Self.thing)
        try writer.appendOrder([RowOrder("s", isDescending: true), RowOrder("b")])
        #expect(writer.sql == " ORDER BY \"s\" DESC, \"b\", \"id\"")
        var byID = SQLWriter(Self.thing)
        try byID.appendOrder([RowOrder("id", isDescending: true)])
        #expect(byID.sql == " ORDER BY \"id\" DESC")
    }

    @Test func `lists of similar length share a statement`() throws {
        func sql(_ count: Int) throws -> String {
            var writer = SQLWriter(Self.thing)
            try writer.append(.oneOf("i", (0..<count).map { .integer(Int64($0)) }))
            #expect(writer.sql.utf8.count(where: { $0 == UInt8(ascii: "?") }) == writer.values.count)
            return writer.sql
        }
        #expect(try sql(5) == sql(8))
        #expect(try sql(4) != sql(5))
        #expect(try sql(0) == "0")
        #expect(throws: StorageError.self) { try sql(SQLWriter.valuesMaximum + 1) }
        _ = try sql(SQLWriter.valuesMaximum)
    }

    @Test func `a filter may be far wider than SQLite's expressions are deep`() async throws {
        let test = try await TestDatabase([Self.thing], inMemory: true)
        let table = EntityTable(Self.thing)
        let wide = Condition.any((0..<5000).map { .compare("i", .equal, .integer(Int64($0))) })
        let count = try await test.database.write { transaction throws(StorageError) in
            try transaction.insert(table, id: TestDatabase.id(1), ["i": .integer(4999)])
            return try transaction.count(table, where: wide)
        }
        #expect(count == 1)
    }

    /// The rows SQL selects are those that `matches` selects, for random tables and conditions.
    @Test func `the database and memory agree on every condition`() async throws {
        var random = SeededGenerator(seed: testSeed())
        let test = try await TestDatabase([Self.thing], inMemory: true)
        let table = EntityTable(Self.thing)
        for round in 0..<20 {
            var source = ConditionSource(random: random)
            let rows = (0..<25).map { (TestDatabase.id($0), source.row(of: Self.thing)) }
            let conditions = (0..<60).map { _ in source.condition(over: Self.thing, depth: 4) }
            random = source.random
            try await test.database.write { transaction throws(StorageError) in
                _ = try transaction.execute("DELETE FROM Thing")
                for (id, values) in rows { try transaction.insert(table, id: id, values) }
                for condition in conditions {
                    let expected = rows.filter { id, values in
                        condition.matches { $0 == "id" ? .text(id) : values[$0] ?? .null }
                    }.map(\.0)
                    let selected = try transaction.rows(table, RowQuery(condition)).map(\.id)
                    #expect(selected == expected, "round \(round): \(condition)")
                    #expect(try transaction.count(table, where: .not(condition)) == rows.count - expected.count)
                }
            }
        }
    }
}

/// Makes random rows and conditions over few values, so that comparisons hit.
private struct ConditionSource {
    var random: SeededGenerator

    private static let texts = ["", "a", "A", "ab", "b%", "_", "é", "e\u{301}", "z", "10", "\u{1F600}", "it's \"x\""]
    private static let integers: [Int64] = [.min, -1, 0, 1, 2, 10, 9_007_199_254_740_993, .max]
    private static let reals: [Double] = [-1e300, -1, -0.5, 0, 0.5, 1, 2, 10, 9_007_199_254_740_992, 0x1p63]

    mutating func row(of entity: Entity) -> FieldValues {
        var values = FieldValues()
        for field in entity.fields { values[field.name] = value(of: field.type) }
        return values
    }

    private mutating func value(of type: FieldType) -> FieldValue {
        if Int.random(in: 0..<4, using: &random) == 0 { return .null }
        switch type {
        case .int: return .integer(Self.integers.randomElement(using: &random) ?? 0)
        case .float: return .real(Self.reals.randomElement(using: &random) ?? 0)
        case .bool: return .bool(Bool.random(using: &random))
        default: return .text(Self.texts.randomElement(using: &random) ?? "")
        }
    }

    /// Mostly of the column's type; also others, which never match, whatever SQLite would make of them.
    private mutating func operand(for type: FieldType) -> FieldValue {
        let types: [FieldType] = [.int, .float, .bool, .string]
        return value(
            of: Int.random(in: 0..<4, using: &random) == 0 ? types.randomElement(using: &random) ?? type : type)
    }

    mutating func condition(over entity: Entity, depth: Int) -> Condition {
        let field = entity.fields.randomElement(using: &random) ?? entity.fields[0]
        let comparison = Comparison.allCases.randomElement(using: &random) ?? .equal
        switch Int.random(in: 0..<(depth > 0 ? 13 : 8), using: &random) {
        case 0: return Bool.random(using: &random) ? .always : .never
        case 1: return .isNull(field.name)
        case 2, 3, 4: return .compare(field.name, comparison, operand(for: field.type))
        case 5:
            return .compareColumns(field.name, comparison, entity.fields.randomElement(using: &random)?.name ?? "s")
        case 6:
            let count = Int.random(in: 0..<6, using: &random)
            return .oneOf(field.name, (0..<count).map { _ in operand(for: field.type) })
        case 7: return .contains(field.name, Self.texts.randomElement(using: &random) ?? "")
        case 8, 9: return .not(condition(over: entity, depth: depth - 1))
        case 10: return .all(conditions(over: entity, depth: depth - 1))
        default: return .any(conditions(over: entity, depth: depth - 1))
        }
    }

    private mutating func conditions(over entity: Entity, depth: Int) -> [Condition] {
        (0..<Int.random(in: 0..<4, using: &random)).map { _ in condition(over: entity, depth: depth) }
    }
}
