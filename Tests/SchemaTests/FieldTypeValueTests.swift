import PylonJSON
import PylonSchema
import Testing

@Suite struct FieldTypeValueTests {
    @Test(arguments: [
        (FieldType.bool, "true", FieldValue.bool(true)), (.bool, "0", .bool(false)), (.bool, "1", .bool(true)),
        (.bool, "1.0", .bool(true)),
        (.int, "-5", .integer(-5)), (.int, "9223372036854775807", .integer(.max)), (.int, "3.0", .integer(3)),
        (.int, "1e3", .integer(1000)), (.float, "2", .real(2)), (.float, "-1.5e3", .real(-1500)),
        (.string, "\"\"", .text("")), (.string, "\"é\\n\"", .text("é\n")), (.richtext, "\"x\"", .text("x")),
        (.reference("User"), "\"u1\"", .text("u1")),
        (.datetime, "\"2026-05-01T10:00:00.120Z\"", .text("2026-05-01T10:00:00.120Z")),
    ])
    func valuesOfTheTypeAreStored(type: FieldType, json: String, value: FieldValue) throws {
        #expect(try type.value(from: try Samples.json(json)) == value)
    }

    @Test(arguments: [
        (FieldType.bool, ["2", "-1", "\"true\"", "null", "[]", "0.5"]),
        (.int, ["1.5", "true", "\"1\"", "null", "9223372036854775808", "-9223372036854775809", "1e16", "{}"]),
        (.float, ["true", "\"1\"", "null", "[]"]),
        (.string, ["1", "true", "null", "[]", "{}", "\"a\\u0000b\""]),
        (.richtext, ["1", "null"]),
        (.reference("User"), ["1", "null", "{}"]),
        (.datetime, ["1", "\"\"", "\"today\"", "\"2026-05-01\"", "null"]),
    ])
    func defect31ValuesAreCheckedByType(type: FieldType, refused: [String]) throws {
        for text in refused {
            let json = try Samples.json(text)
            #expect(throws: FieldProblem.self, "\(type.text) takes \(text)") { try type.value(from: json) }
        }
    }

    @Test func nullNeedsAnOptionalField() throws {
        #expect(try Field(name: "a", type: .int, isOptional: true).value(from: .null) == .null)
        #expect(throws: FieldProblem.isNull) { try Field(name: "a", type: .int).value(from: .null) }
    }

    @Test(arguments: [
        ("2026-05-01T10:00:00Z", "2026-05-01T10:00:00Z"),
        ("2026-05-01t10:00:00z", "2026-05-01T10:00:00Z"),
        ("2026-05-01T10:00:00.000001Z", "2026-05-01T10:00:00.000001Z"),
        ("2026-05-01T10:00:00+00:00", "2026-05-01T10:00:00Z"),
        ("2026-05-01T01:30:00.5+02:00", "2026-04-30T23:30:00.5Z"),
        ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00Z"),
        ("2024-02-29T23:59:59-23:59", "2024-03-01T23:58:59Z"),
        ("2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
        ("0000-01-01T00:00:00Z", "0000-01-01T00:00:00Z"),
    ])
    func instantsAreKeptInUTC(text: String, stored: String) throws {
        #expect(try FieldType.datetime.value(from: .string(text)) == .text(stored))
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z",
        "2026-04-31T00:00:00Z", "2026-05-01T24:00:00Z", "2026-05-01T10:60:00Z", "2016-12-31T23:59:60Z",
        "2026-05-01T10:00:00", "2026-05-01 10:00:00Z", "2026-05-01T10:00:00.Z", "2026-05-01T10:00:00+0200",
        "2026-05-01T10:00:00+24:00", "2026-05-01T10:00:00Zx", "2026-05-01T10:00:00.5", "26-05-01T10:00:00.00Z",
        "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:00-00:01", "2026-05-01T1é:00:00Z", "++++-++-++T++:++:++Z",
    ])
    func whatIsNoInstantIsRefused(text: String) {
        #expect(throws: FieldProblem.notADateTime) { try FieldType.datetime.value(from: .string(text)) }
    }

    @Test func defect30BoolsAreReadAsTrueAndFalse() {
        #expect(written(.bool, .integer(0)) == "false")
        #expect(written(.bool, .integer(1)) == "true")
        #expect(written(.bool, .bool(true)) == "true")
        #expect(written(.bool, .integer(1), boolAsInt: true) == "1")
        #expect(written(.bool, .bool(false), boolAsInt: true) == "0")
        #expect(written(.int, .integer(1)) == "1")
    }

    @Test func valuesAreWrittenAsWhatTheyAre() {
        #expect(written(.string, .null) == "null")
        #expect(written(.float, .real(2)) == "2")
        #expect(written(.float, .real(0.1)) == "0.1")
        #expect(written(.string, .text("a\"b")) == "\"a\\\"b\"")
        #expect(written(.int, .text("left over")) == "\"left over\"")
    }

    @Test func typesAreSpelledAsTheyAreRead() {
        for name in FieldType.plainNames + ["id(User)"] { #expect(FieldType(name)?.text == name) }
        for name in ["", "json", "id()", "id(User", "String", "id"] { #expect(FieldType(name) == nil) }
    }

    private func written(_ type: FieldType, _ value: FieldValue, boolAsInt: Bool = false) -> String {
        var json = JSONWriter()
        type.write(value, into: &json, boolAsInt: boolAsInt)
        return json.text
    }
}
