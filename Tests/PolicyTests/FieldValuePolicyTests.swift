import PylonSchema
import Testing

@testable import PylonPolicy

@Suite struct FieldValuePolicyTests {
    @Test(arguments: [
        ("0", 0), ("5", 5), ("-5", -5), ("9223372036854775807", Int64.max), ("9223372036854775808", nil), ("05", nil),
        ("+5", nil), ("-0", nil), ("5.0", nil), (" 5", nil), ("", nil), ("5e0", nil),
    ])
    func `integers are spelled in one way`(_ text: String, _ value: Int64?) {
        #expect(FieldValue.integer(spelledBy: text) == value)
    }

    @Test(arguments: [
        ("5", 5), ("5.0", 5), ("5e0", 5), ("50E-1", 5), ("0.5", 0.5), ("-0", 0), ("1e+2", 100), ("05", nil),
        ("+5", nil), (".5", nil), ("5.", nil), ("5e", nil), ("5e+", nil), ("inf", nil), ("nan", nil), ("0x10", nil),
        ("1e999", nil), ("", nil), ("-", nil), ("5 ", nil), ("1_0", nil),
    ])
    func `reals are spelled as in JSON`(_ text: String, _ value: Double?) {
        #expect(FieldValue.real(spelledBy: text) == value)
    }

    @Test(arguments: [
        (FieldValue.bool(true), true), (.bool(false), false), (.null, false), (.text(""), false), (.text("0"), true),
        (.text("false"), true), (.integer(0), true), (.real(0), true),
    ])
    func `bare values have a truth`(_ value: FieldValue, _ truth: Bool) {
        #expect(value.isTruthy == truth)
    }

    /// Whether two values are the same; both orders, and `!=` as the opposite.
    @Test(arguments: [
        (FieldValue.text("a"), FieldValue.text("a"), true), (.text("a"), .text("A"), false),
        (.text("\u{e9}"), .text("e\u{301}"), false), (.bool(true), .bool(true), true),
        (.bool(true), .bool(false), false), (.bool(true), .text("1"), true), (.bool(false), .text("0"), true),
        (.bool(true), .text("true"), false), (.bool(false), .text(""), false), (.bool(true), .integer(1), false),
        (.bool(false), .real(0), false), (.integer(5), .text("5"), true), (.integer(5), .text("5.0"), false),
        (.real(5), .text("5"), true), (.real(5), .text("5.0"), true), (.integer(5), .real(5), true),
        (.integer(Int64.max), .real(0x1p63), false), (.integer(5), .integer(5), true), (.real(0), .real(-0.0), true),
    ])
    func `values are the same by kind and value`(_ left: FieldValue, _ right: FieldValue, _ isSame: Bool) {
        for (left, right) in [(left, right), (right, left)] {
            #expect(FieldValue.compare(left, .equal, right) == PolicyTruth(isSame))
            #expect(FieldValue.compare(left, .notEqual, right) == PolicyTruth(!isSame))
        }
    }

    @Test(arguments: [nil, FieldValue.null, .bool(true), .integer(1), .real(1), .text("a")])
    func `a missing operand makes both comparisons false`(_ other: FieldValue?) {
        for equality in [PolicyEquality.equal, .notEqual] {
            #expect(FieldValue.compare(.null, equality, other) == .no)
            #expect(FieldValue.compare(other, equality, .null) == .no)
        }
    }

    @Test func unknownOperandsAreUndecided() {
        #expect(FieldValue.compare(nil, .equal, .text("a")) == .undecided)
        #expect(FieldValue.compare(.text("a"), .notEqual, nil) == .undecided)
        #expect(FieldValue.compare(nil, .equal, nil) == .undecided)
    }
}
