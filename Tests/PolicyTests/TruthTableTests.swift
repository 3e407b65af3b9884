import PylonPolicy
import PylonSchema
import Testing

@Suite struct TruthTableTests {
    private func word(_ decision: PolicyDecision) -> String {
        switch decision {
        case .allowed: "allowed"
        case .denied: "denied"
        case .needsRow: "needs the row"
        }
    }

    @Test(arguments: TruthTable.lines)
    func `lines of the table hold`(_ line: TruthTable.Line) throws {
        let policies = Sample.policies(line.rule)
        let caller = try #require(Sample.callers[line.caller])
        let row = try Sample.row(json: line.row)
        for operation in PolicyOperation.allCases {
            #expect(word(policies.decide(operation, "Todo", caller)) == line.withoutRow)
            #expect(word(policies.decide(operation, "Todo", caller, row: row)) == line.withRow)
            let condition = policies.condition(for: operation, "Todo", caller)
            #expect((condition == nil) == line.rule.contains("data.meta.team"))
            if let condition { #expect(condition.matches(row) == (line.withRow == "allowed")) }
        }
    }

    @Test func conditionsAreOfTheColumnsTypes() {
        func condition(_ rule: String, _ caller: String) -> Condition? {
            Sample.policies(rule).condition(for: .read, "Todo", Sample.callers[caller] ?? .anonymous)
        }
        #expect(condition(ownerRule, "u1") == .compare("ownerId", .equal, .text("u1")))
        #expect(condition(ownerRule, "nobody") == .never)
        #expect(condition(ownerRule, "admin") == .always)
        #expect(condition("data.ownerId != auth.userId", "u1") == .compare("ownerId", .notEqual, .text("u1")))
        #expect(condition("data.count == '5'", "u1") == .compare("count", .equal, .integer(5)))
        #expect(condition("data.count == 'five'", "u1") == .never)
        #expect(condition("data.count != 'five'", "u1") == .not(.isNull("count")))
        #expect(condition("data.price == '5'", "u1") == .compare("price", .equal, .real(5)))
        #expect(condition("data.done == '0'", "u1") == .compare("done", .equal, .bool(false)))
        #expect(condition("data.title == true", "u1") == .compare("title", .equal, .text("1")))
        #expect(condition("data.title", "u1") == .compare("title", .notEqual, .text("")))
        #expect(condition("data.count", "u1") == .not(.isNull("count")))
        #expect(condition("data.ownerId == null", "u1") == .isNull("ownerId"))
        #expect(condition("data.title == data.ownerId", "u1") == .compareColumns("title", .equal, "ownerId"))
        #expect(condition("data.title == data.count", "u1") == nil)
        #expect(condition("data.meta.x == 'a' && false", "u1") == .never)
        #expect(condition("data.meta.x == 'a' || true", "u1") == .always)
        #expect(
            condition("auth.userId != null && (data.done || data.ownerId == auth.userId)", "u1")
                == .any([.compare("done", .equal, .bool(true)), .compare("ownerId", .equal, .text("u1"))]))
    }
}
