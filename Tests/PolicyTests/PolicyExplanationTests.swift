import PylonPolicy
import PylonSchema
import Testing

@Suite struct PolicyExplanationTests {
    private let user = PolicyIdentity(userID: "u1")
    private let policies = PolicySet(
        Sample.manifest([
            PolicyRule(name: "signedIn", entity: "Todo", allow: "auth.userId != null"),
            PolicyRule(
                name: "owner", entity: "Todo", allowUpdate: "data.done == false && (data.ownerId == auth.userId)"),
            PolicyRule(name: "reader", entity: "Todo", allowRead: "true"),
        ]))

    @Test func theDecidingPartIsMarked() {
        let row = Sample.row(["ownerId": .text("u2"), "done": .bool(false)])
        let explanation = policies.explain(.update, "Todo", user, row: row)
        #expect(explanation.decision == .denied(by: "owner.allowUpdate"))
        #expect(
            explanation.description == """
                update Todo: denied, owner.allowUpdate is not true
                  signedIn.allow: auth.userId != null
                      auth.userId != null  is true
                        auth.userId  is "u1"
                * owner.allowUpdate: data.done == false && (data.ownerId == auth.userId)
                *     data.done == false && data.ownerId == auth.userId  is false
                        data.done == false  is true
                          data.done  is false
                *       data.ownerId == auth.userId  is false
                *         data.ownerId  is "u2"
                *         auth.userId  is "u1"
                  reader: has no rule for it
                """)
    }

    @Test func missingRowsAreSaid() {
        let explanation = policies.explain(.update, "Todo", user)
        #expect(explanation.decision == .needsRow)
        #expect(explanation.reason == "it depends on the row, and none was given")
        #expect(explanation.rules.map(\.truth) == [.yes, .undecided])
        #expect(explanation.rules.map(\.isDecisive) == [false, true])
        #expect(explanation.rules[1].steps.contains { $0.text == "data.done" && $0.value == "undecided" })
        let unset = policies.explain(.update, "Todo", user, row: Sample.row([:]))
        #expect(unset.rules[1].steps.contains { $0.text == "data.done" && $0.value == "unset" })
    }

    @Test func answersWithoutRulesHaveAReason() {
        #expect(policies.explain(.read, "Todo", .admin).reason == "administrators pass every rule")
        #expect(policies.explain(.read, "Nope", user).reason == "the manifest has no entity Nope")
        let open = policies.explain(.read, "User", user)
        #expect(open.decision == .allowed && open.reason == "no policy speaks of it, and policies are not required")
        let required = PolicySet(Sample.manifest([]), requirePolicies: true)
        #expect(required.explain(.read, "User", user).reason == "no policy speaks of it, and policies are required")
        #expect(policies.explain(.read, "Todo", user).reason == "every rule is true")
    }

    @Test func brokenRulesAreShownWithTheirError() {
        let explanation = Sample.policies("data.count > '5'").explain(.read, "Todo", user, row: Sample.row([:]))
        #expect(explanation.rules.first?.error?.column == 12)
        #expect(explanation.description.contains("no rule, and so denied: line 1, column 12: '>' is not part"))
    }

    @Test func oneTruePartDecidesAlternatives() {
        let explanation = Sample.policies("data.done || auth.userId != null || data.count")
            .explain(.read, "Todo", user, row: Sample.row(["count": .integer(1)]))
        #expect(
            explanation.rules[0].steps.filter { $0.depth == 1 }.map(\.isDecisive) == [false, true, false])
        #expect(
            explanation.rules[0].steps.filter { $0.depth == 1 }.map(\.value)
                == ["unset, which counts as false", "true", "1, which counts as true"])
    }
}
