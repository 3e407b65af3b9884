import PylonSchema
import Testing

@Suite struct ConditionTests {
    private let row: [String: FieldValue] = [
        "i": .integer(5), "r": .real(5), "t": .text("Milk 50%"), "b": .bool(true), "e": .text("e\u{301}"),
    ]

    private func matches(_ condition: Condition) -> Bool {
        condition.matches { row[$0] ?? .null }
    }

    @Test func aComparisonWithNullIsFalse() {
        for comparison in Comparison.allCases {
            #expect(!matches(.compare("none", comparison, .integer(1))))
            #expect(!matches(.compare("i", comparison, .null)))
            #expect(!matches(.compare("none", comparison, .null)))
            #expect(!matches(.compareColumns("none", comparison, "absent")))
            #expect(matches(.not(.compare("none", comparison, .integer(1)))))
        }
    }

    @Test(arguments: [
        (FieldValue.integer(1), FieldValue.integer(2), -1), (.integer(2), .integer(2), 0), (.integer(2), .real(2), 0),
        (.real(1.5), .integer(1), 1), (.integer(.max), .real(0x1p63), -1), (.real(-0x1p63), .integer(.min), 0),
        (.integer(9_007_199_254_740_993), .real(9_007_199_254_740_992), 1), (.integer(-1), .real(-1.5), 1),
        (.bool(false), .integer(0), 0), (.bool(true), .real(0.5), 1), (.text("a"), .text("b"), -1),
        (.text("B"), .text("a"), -1), (.text("a"), .text("ab"), -1), (.text("é"), .text("e\u{301}"), 1),
    ])
    func valuesHaveTheDatabasesOrder(left: FieldValue, right: FieldValue, order: Int) {
        #expect(left.compared(to: right) == order)
        #expect(right.compared(to: left) == -order)
        #expect(Comparison.less.holds(left, right) == (order < 0))
        #expect(Comparison.lessOrEqual.holds(left, right) == (order <= 0))
        #expect(Comparison.equal.holds(left, right) == (order == 0))
        #expect(Comparison.notEqual.holds(left, right) == (order != 0))
        #expect(Comparison.greater.holds(left, right) == (order > 0))
        #expect(Comparison.greaterOrEqual.holds(left, right) == (order >= 0))
    }

    @Test func textAndNumbersAreUnequalAndUnordered() {
        let holding = Comparison.allCases.filter { $0.holds(.text("5"), .integer(5)) }
        #expect(holding == [.notEqual])
    }

    @Test func membersAreEqualToTheValue() {
        #expect(matches(.oneOf("i", [.integer(4), .real(5)])))
        #expect(!matches(.oneOf("i", [.integer(4), .null])))
        #expect(!matches(.oneOf("i", [])))
        #expect(!matches(.oneOf("none", [.null])))
    }

    @Test(arguments: [
        ("milk", true), ("MILK 5", true), ("", true), ("50%", true), ("m%0", true), ("_ilk", true), ("k__0", true),
        ("k__5", false), ("silk", false), ("%x", false), ("0%_", true), ("0%__", false), ("%%%%", true),
    ])
    func containingIsSQLsLike(pattern: String, isMatch: Bool) {
        #expect(matches(.contains("t", pattern)) == isMatch)
    }

    @Test func containingNeedsAText() {
        #expect(!matches(.contains("i", "5")))
        #expect(!matches(.contains("none", "")))
    }

    @Test func groupsAndNegation() {
        #expect(matches(.all([])) && !matches(.any([])))
        #expect(matches(.all([.always, .isNull("none"), .not(.isNull("i"))])))
        #expect(matches(.any([.never, .compareColumns("i", .equal, "r")])))
        #expect(!matches(.all([.always, .never])))
    }

    @Test(arguments: [
        (Condition.all([]), Condition.always), (.any([]), .never), (.not(.all([])), .never),
        (.all([.isNull("a"), .always]), .isNull("a")), (.all([.isNull("a"), .never]), .never),
        (.any([.isNull("a"), .never]), .isNull("a")), (.any([.isNull("a"), .always]), .always),
        (.not(.not(.isNull("a"))), .isNull("a")), (.compare("a", .equal, .null), .never),
        (.not(.compare("a", .notEqual, .null)), .always), (.oneOf("a", [.null]), .never),
        (.oneOf("a", [.null, .integer(1)]), .compare("a", .equal, .integer(1))),
        (.all([.all([.isNull("a"), .isNull("b")]), .isNull("c")]), .all([.isNull("a"), .isNull("b"), .isNull("c")])),
        (.any([.isNull("a"), .any([.isNull("b")])]), .any([.isNull("a"), .isNull("b")])),
    ])
    func constantsFold(condition: Condition, simple: Condition) {
        #expect(condition.simplified() == simple)
        #expect(matches(condition) == matches(simple))
    }

    @Test func textsAreEqualByTheirBytes() {
        #expect(FieldValue.text("é") != .text("e\u{301}"))
        #expect(!matches(.compare("e", .equal, .text("é"))))
        #expect(Entity(name: "E", fields: [Field(name: "K", type: .int)]).field("\u{212A}") == nil)
    }
}
