import PylonSchema
import PylonTestSupport
import Testing

@testable import PylonPolicy

@Suite struct RandomRuleTests {
    @Test func printedRulesParseToThemselves() throws {
        var random = RandomRules(seed: testSeed())
        for _ in 0..<3000 {
            let expression = random.expression()
            let text = expression.description
            #expect(try PolicyExpression(parsing: text) == expression, "\(text)")
        }
    }

    /// For every rule, caller and row: the condition matches where the rule is true, its opposite where it is false, and
    /// what is decided without a row is decided so for each.
    @Test func conditionsMatchTheRowsThatRulesAllow() {
        var random = RandomRules(seed: testSeed())
        var expressible = 0
        var allowed = 0
        var total = 0
        for _ in 0..<4000 {
            let expression = random.expression()
            let scope = PolicyScope(identity: random.identity(), entity: RandomRules.entity)
            let outcome = ConditionFolding(scope: scope).outcome(of: expression)
            let blind = PolicyEvaluator(scope: scope).truth(of: expression)
            if outcome.whenTrue != nil { expressible += 1 }
            for _ in 0..<6 {
                let values = random.row()
                let row = Sample.row(values)
                let truth = PolicyEvaluator(scope: scope, row: row).truth(of: expression)
                total += 1
                if truth == .yes { allowed += 1 }
                #expect(outcome.whenTrue.map { $0.matches(row) == (truth == .yes) } ?? true, "\(expression) \(values)")
                #expect(outcome.whenFalse.map { $0.matches(row) == (truth == .no) } ?? true, "\(expression) \(values)")
                #expect(blind == .undecided || blind == truth, "\(expression) \(values)")
            }
        }
        // The comparison above is of something.
        #expect(expressible > 2000 && allowed > total / 10 && allowed < total * 9 / 10)
    }

    /// The same through the door that callers use.
    @Test func decisionsAndConditionsOfSetsAgree() {
        var random = RandomRules(seed: testSeed())
        for _ in 0..<500 {
            let rules = (0..<1 + random.below(2)).map { index in
                PolicyRule(name: "p\(index)", entity: "Row", allow: random.expression(depth: 2).description)
            }
            let policies = PolicySet(Sample.manifest(rules, entities: [RandomRules.entity]))
            let identity = random.identity()
            let condition = policies.condition(for: .read, "Row", identity)
            let blind = policies.decide(.read, "Row", identity)
            for _ in 0..<6 {
                let row = Sample.row(random.row())
                let decision = policies.decide(.read, "Row", identity, row: row)
                #expect(decision != .needsRow)
                #expect(condition.map { $0.matches(row) == decision.isAllowed } ?? true)
                #expect(blind == .needsRow || blind.isAllowed == decision.isAllowed)
                let explanation = policies.explain(.read, "Row", identity, row: row)
                #expect(explanation.decision == decision)
                #expect(explanation.rules.allSatisfy { $0.truth == .yes } == decision.isAllowed)
            }
        }
    }

    /// Comparisons of groups with columns inside each other: work and results stay in proportion to the rule.
    @Test func foldingNestedGroupsIsLinear() throws {
        var text = "data.b1 == data.b2"
        for _ in 0..<31 { text = "(\(text)) == data.b1" }
        let expression = try PolicyExpression(parsing: text)
        let scope = PolicyScope(identity: .anonymous, entity: RandomRules.entity)
        #expect(ConditionFolding(scope: scope).outcome(of: expression).whenTrue == nil)
        #expect(PolicyEvaluator(scope: scope).truth(of: expression) == .undecided)
    }
}
