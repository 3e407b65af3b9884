import PylonJSON
import PylonSchema
import Testing

@testable import PylonPolicy

@Suite struct PolicySetTests {
    private let user = PolicyIdentity(userID: "u1")

    /// The operations that a policy with these expressions, `true` or `false` each, allows.
    private func allowed(
        _ allow: String? = nil, read: String? = nil, insert: String? = nil, update: String? = nil,
        delete: String? = nil, write: String? = nil
    ) -> [PolicyOperation] {
        let policies = PolicySet(
            Sample.manifest([
                PolicyRule(
                    name: "p", entity: "Todo", allow: allow, allowRead: read, allowInsert: insert, allowUpdate: update,
                    allowDelete: delete, allowWrite: write)
            ]))
        return PolicyOperation.allCases.filter { policies.decide($0, "Todo", user).isAllowed }
    }

    @Test func operationsFallBackInOrder() {
        #expect(allowed("true") == PolicyOperation.allCases)
        #expect(allowed("false") == [])
        #expect(allowed("false", read: "true") == [.read])
        #expect(allowed("false", write: "true") == [.insert, .update, .delete])
        #expect(allowed("true", write: "false") == [.read])
        #expect(allowed("false", update: "true", write: "false") == [.update])
        #expect(allowed("true", insert: "false", write: "true") == [.read, .update, .delete])
        // Without an expression for the operation the policy is skipped, and nothing else speaks of it.
        #expect(allowed(read: "false") == [.insert, .update, .delete])
        #expect(allowed(delete: "false") == [.read, .insert, .update])
        #expect(allowed("", read: "", write: "false") == [.read])
    }

    @Test func allPoliciesOfATargetMustPass() {
        let policies = PolicySet(
            Sample.manifest([
                PolicyRule(name: "signedIn", entity: "Todo", allow: "auth.userId != null"),
                PolicyRule(name: "owner", entity: "Todo", allowUpdate: ownerRule),
            ]))
        let own = Sample.row(["ownerId": .text("u1")])
        let other = Sample.row(["ownerId": .text("u2")])
        #expect(policies.decide(.read, "Todo", user, row: other) == .allowed)
        #expect(policies.decide(.update, "Todo", user, row: own) == .allowed)
        #expect(policies.decide(.update, "Todo", user, row: other) == .denied(by: "owner.allowUpdate"))
        #expect(policies.decide(.update, "Todo", .anonymous, row: own) == .denied(by: "signedIn.allow"))
        #expect(policies.decide(.update, "Todo", user) == .needsRow)
        #expect(policies.condition(for: .read, "Todo", user) == .always)
        #expect(policies.condition(for: .read, "Todo", .anonymous) == .never)
    }

    /// A rule behind one that needs the row denies at once where it denies every row.
    @Test func aDenialNeedsNoRow() {
        let policies = PolicySet(
            Sample.manifest([
                PolicyRule(name: "done", entity: "Todo", allow: "data.done"),
                PolicyRule(name: "signedIn", entity: "Todo", allow: "auth.userId != null"),
            ]))
        #expect(policies.decide(.read, "Todo", .anonymous) == .denied(by: "signedIn.allow"))
        #expect(policies.decide(.read, "Todo", user) == .needsRow)
    }

    @Test func brokenRulesDenyAllButAdministrators() {
        let policies = Sample.policies("auth.userId = 'u1'")
        #expect(policies.decide(.read, "Todo", user) == .denied(by: "rule.allow"))
        #expect(policies.condition(for: .read, "Todo", user) == .never)
        #expect(policies.decide(.read, "Todo", .admin) == .allowed)
        #expect(policies.condition(for: .read, "Todo", .admin) == .always)
        #expect(policies.problems.map(\.path.text) == ["policies[0].allow"])
        #expect(policies.problems.first?.description.contains("line 1, column 13") == true)
    }

    @Test func unknownEntitiesAreDenied() {
        let policies = Sample.policies("true")
        #expect(policies.decide(.read, "Nope", user) == .denied(by: nil))
        #expect(policies.condition(for: .read, "Nope", user) == .never)
        #expect(policies.aggregateCondition("Nope", user) == .never)
        #expect(policies.hiddenFields(of: "Nope").isEmpty)
    }

    @Test func actionsHaveAnInputAndNoRow() {
        let policies = PolicySet(
            Sample.manifest(
                [
                    PolicyRule(name: "own", action: "toggle", allow: "input.by.id == auth.userId"),
                    PolicyRule(name: "count", action: "toggle", allow: "input.count == '5' || input.force == true"),
                    PolicyRule(name: "row", action: "odd", allow: ownerRule),
                    PolicyRule(name: "none", action: "mute"),
                ], actions: ["toggle", "odd", "mute", "free"].map { Operation(name: $0) }))
        func decide(_ action: String, _ input: JSONValue) -> PolicyDecision {
            policies.decide(action: action, user, input: input)
        }
        #expect(decide("toggle", ["by": ["id": "u1"], "count": 5]) == .allowed)
        #expect(decide("toggle", ["by": ["id": "u1"], "force": true]) == .allowed)
        #expect(decide("toggle", ["by": ["id": "u1"], "count": 5.5]) == .denied(by: "count.allow"))
        #expect(decide("toggle", ["by": ["u1"], "count": 5]) == .denied(by: "own.allow"))
        #expect(decide("toggle", [:]) == .denied(by: "own.allow"))
        #expect(decide("toggle", nil) == .denied(by: "own.allow"))
        #expect(decide("odd", [:]) == .denied(by: "row.allow"))
        #expect(decide("mute", [:]) == .denied(by: "none.allow"))
        #expect(decide("free", [:]) == .allowed)
        #expect(policies.decide(action: "mute", .admin, input: [:]) == .allowed)
        #expect(policies.openActions == ["free"])
        #expect(policies.problems.map(\.path.text) == ["policies[2].allow", "policies[3].allow"])
        #expect(policies.problems.map(\.kind) == [.unknownName, .missingRule])
        #expect(policies.explain(action: "toggle", user, input: [:]).description.contains("run toggle: denied"))
    }

    @Test func aPolicyMayHaveAnEntityAndAnAction() {
        let rule = "auth.userId == data.ownerId || auth.userId == input.ownerId"
        let policies = PolicySet(
            Sample.manifest(
                [PolicyRule(name: "both", entity: "Todo", action: "take", allow: rule)],
                actions: [Operation(name: "take")]))
        #expect(policies.problems == [])
        #expect(policies.decide(.read, "Todo", user, row: Sample.row(["ownerId": .text("u1")])) == .allowed)
        #expect(!policies.decide(.read, "Todo", user, row: Sample.row(["ownerId": .text("u2")])).isAllowed)
        #expect(policies.condition(for: .read, "Todo", user) == .compare("ownerId", .equal, .text("u1")))
        #expect(policies.decide(action: "take", user, input: ["ownerId": "u1"]) == .allowed)
        #expect(!policies.decide(action: "take", user, input: ["ownerId": "u2"]).isAllowed)
    }

    @Test func whatNoRuleSpeaksOfIsListed() {
        let policies = PolicySet(
            Sample.manifest(
                [PolicyRule(name: "p", entity: "Todo", allowRead: "true")], actions: [Operation(name: "free")]))
        #expect(
            policies.openEntities == [
                .init(name: "Todo", operations: [.insert, .update, .delete]),
                .init(name: "User", operations: PolicyOperation.allCases),
            ])
        #expect(policies.openActions == ["free"])
    }

    /// What a rule says about names that it cannot mean.
    @Test(arguments: [
        ("data.ownr == null", "data.ownr: Todo has no field ownr"),
        ("data.count.x == null", "data.count.x: the field count holds no JSON to look into"),
        ("input.x == null", "input.x: only actions have an input"), ("data == null", "data is no known name"),
        ("auth.email == null", "auth.email is no known name"), ("auth.roles", "auth.roles is no known name"),
        ("data.id", nil), ("data.meta.x", nil), ("auth.is_guest", nil),
    ])
    func `names without meaning are reported`(_ rule: String, _ message: String?) {
        let problems = Sample.policies(rule).problems
        #expect(problems.count == (message == nil ? 0 : 1))
        if let message {
            #expect(problems.first?.message.contains(message) == true)
            #expect(problems.first?.kind == .unknownName)
            #expect(problems.first?.description.hasPrefix("policies[0].allow (rule): ") == true)
        }
    }

    @Test func rowsAreReadByTheirTypes() {
        let done = Sample.policies("data.done == true && data.price == '5'")
        let row = Sample.row(["done": .integer(1), "price": .integer(5)])
        #expect(done.decide(.read, "Todo", user, row: row) == .allowed)
    }
}
