import PylonJSON
import PylonSchema
import Testing

@testable import PylonPolicy

/// The defects of spec/data.md 8 that the rules themselves settle, by number.
@Suite struct PolicyDefectTests {
    private let user = PolicyIdentity(userID: "u1")
    private let own = Sample.row(["ownerId": .text("u1")])
    private let other = Sample.row(["ownerId": .text("u2")])
    private let ownerless = Sample.row([:])

    /// null == null let everyone without an id pass owner rules where there was no row, or none with an owner.
    @Test(arguments: [ownerRule, "auth.tenantId == data.orgId", "data.ownerId == auth.userId"])
    func defect1MissingOperandsAreNeverEqual(_ rule: String) {
        let policies = Sample.policies(rule)
        for operation in PolicyOperation.allCases {
            #expect(!policies.decide(operation, "Todo", .anonymous).isAllowed)
            #expect(!policies.decide(operation, "Todo", .anonymous, row: ownerless).isAllowed)
            #expect(policies.condition(for: operation, "Todo", .anonymous) == .never)
        }
        #expect(policies.aggregateCondition("Todo", .anonymous) == .never)
    }

    /// Rules such as `data.deletedAt == null` passed without a row and then listed everything.
    @Test(arguments: ["data.due == null", "data.title != 'secret'", "!data.done", "data.count == null || data.done"])
    func defect1RowRulesAreNotDecidedWithoutTheirRow(_ rule: String) {
        let policies = Sample.policies(rule)
        #expect(policies.decide(.read, "Todo", user) == .needsRow)
        #expect(policies.decide(.read, "Todo", .anonymous) == .needsRow)
    }

    /// Lists were all or nothing: refused to owners, unfiltered for others.
    @Test func defect2ListsAreFilteredByTheRule() {
        let policies = Sample.policies("auth.userId != null && auth.userId == data.ownerId")
        #expect(policies.decide(.read, "Todo", user) == .needsRow)
        let condition = policies.condition(for: .read, "Todo", user)
        #expect(condition == .compare("ownerId", .equal, .text("u1")))
        #expect([own, other, ownerless].map { condition?.matches($0) } == [true, false, false])
        // What no condition says is judged row by row.
        let nested = Sample.policies("data.meta.owner == auth.userId")
        #expect(nested.condition(for: .read, "Todo", user) == nil)
        let row = Sample.row(["meta": .text(#"{"owner":"u1"}"#)])
        #expect(nested.decide(.read, "Todo", user, row: row) == .allowed)
        #expect(!nested.decide(.read, "Todo", user, row: own).isAllowed)
    }

    /// Included entities were not checked at all; each has its own rules and its own condition.
    @Test func defect3IncludedRowsAreJudgedByTheirOwnEntity() {
        let policies = PolicySet(
            Sample.manifest([
                PolicyRule(name: "todos", entity: "Todo", allowRead: "true"),
                PolicyRule(name: "self", entity: "User", allowRead: "data.id == auth.userId"),
            ]))
        #expect(policies.condition(for: .read, "Todo", user) == .always)
        #expect(policies.condition(for: .read, "User", user) == .compare("id", .equal, .text("u1")))
        #expect(policies.decide(.read, "User", user, row: Sample.row(["id": .text("u1")])) == .allowed)
        #expect(!policies.decide(.read, "User", user, row: Sample.row(["id": .text("u2")])).isAllowed)
    }

    /// Aggregates ran over all rows once the probe without a row had passed.
    @Test func defect4AggregatesAreLimitedToReadableRows() {
        let caller = PolicyIdentity(userID: "u1", tenantID: "t1")
        let policies = Sample.policies("data.done || \(ownerRule)")
        #expect(
            policies.aggregateCondition("Todo", caller)
                == .all([
                    .any([.compare("done", .equal, .bool(true)), .compare("ownerId", .equal, .text("u1"))]),
                    .compare("orgId", .equal, .text("t1")),
                ]))
        #expect(policies.aggregateCondition("Todo", user) == policies.condition(for: .read, "Todo", user))
        #expect(policies.aggregateCondition("Todo", .admin) == .always)
        // To be refused: no condition says it.
        #expect(Sample.policies("data.meta.x == 'a'").aggregateCondition("Todo", user) == nil)
    }

    /// Links were judged by the insert rule on the request's body.
    @Test func defect5LinksAreUpdatesOfTheStoredRow() {
        let policies = PolicySet(
            Sample.manifest([
                PolicyRule(name: "p", entity: "Todo", allowInsert: "true", allowUpdate: ownerRule)
            ]))
        let linked = Sample.row(["ownerId": .text("u2"), "title": .text("x")])
        #expect(policies.decideUpdate("Todo", .anonymous, from: ownerless, to: own) == .denied(by: "p.allowUpdate"))
        #expect(policies.decideUpdate("Todo", user, from: other, to: linked) == .denied(by: "p.allowUpdate"))
        #expect(policies.decideUpdate("Todo", user, from: own, to: own) == .allowed)
    }

    /// Updates were judged on the old row only.
    @Test func defect6UpdatesAreJudgedOnBothImages() {
        let policies = Sample.policies(ownerRule)
        #expect(policies.decideUpdate("Todo", user, from: own, to: own) == .allowed)
        #expect(policies.decideUpdate("Todo", user, from: own, to: other) == .denied(by: "rule.allow"))
        #expect(policies.decideUpdate("Todo", user, from: own, to: ownerless) == .denied(by: "rule.allow"))
        #expect(policies.decideUpdate("Todo", user, from: other, to: own) == .denied(by: "rule.allow"))
        #expect(policies.decideUpdate("Todo", .admin, from: own, to: other) == .allowed)
    }

    /// An insert without an owner passed for the anonymous.
    @Test func defect7InsertsAreJudgedOnTheNewRow() {
        let policies = Sample.policies(ownerRule)
        #expect(policies.decide(.insert, "Todo", .anonymous, row: ownerless) == .denied(by: "rule.allow"))
        #expect(policies.decide(.insert, "Todo", user, row: ownerless) == .denied(by: "rule.allow"))
        #expect(policies.decide(.insert, "Todo", user, row: other) == .denied(by: "rule.allow"))
        #expect(policies.decide(.insert, "Todo", user, row: own) == .allowed)
    }

    /// No policy meant open, and nobody was told.
    @Test func defect8OpenEntitiesAreNamedAndCanBeDenied() {
        let manifest = Sample.manifest(
            [PolicyRule(name: "p", entity: "Todo", allowRead: "true")], actions: [Operation(name: "free")])
        let open = PolicySet(manifest)
        #expect(open.decide(.insert, "Todo", .anonymous) == .allowed)
        #expect(open.condition(for: .read, "User", .anonymous) == .always)
        #expect(open.openEntities.map(\.name) == ["Todo", "User"])
        let required = PolicySet(manifest, requirePolicies: true)
        #expect(required.decide(.read, "Todo", .anonymous) == .allowed)
        #expect(required.decide(.insert, "Todo", user, row: own) == .denied(by: nil))
        #expect(required.decide(.read, "User", user) == .denied(by: nil))
        #expect(required.condition(for: .read, "User", user) == .never)
        #expect(required.decide(action: "free", user, input: [:]) == .denied(by: nil))
        #expect(required.decide(.read, "User", .admin) == .allowed)
        #expect(required.decide(action: "free", .admin, input: [:]) == .allowed)
    }

    /// `passwordHash` could be read from the user entity.
    @Test func defect8CredentialsAreHidden() {
        let policies = PolicySet(Sample.manifest([], auth: AuthSettings(hide: ["internalNotes"])))
        #expect(policies.hiddenFields(of: "User") == ["passwordHash", "password", "internalNotes", "_score"])
        #expect(policies.secretFields(of: "User") == ["passwordHash", "password"])
        #expect(policies.hiddenFields(of: "Todo") == [])
    }

    /// Guests looked like users who had signed in.
    @Test func defect15GuestsCanBeToldApart() {
        let policies = Sample.policies("auth.userId != null && auth.isGuest == false")
        #expect(policies.decide(.read, "Todo", user) == .allowed)
        #expect(!policies.decide(.read, "Todo", PolicyIdentity(userID: "g", isGuest: true)).isAllowed)
        #expect(!policies.decide(.read, "Todo", .anonymous).isAllowed)
        #expect(Sample.policies("!auth.is_guest").decide(.read, "Todo", user) == .allowed)
    }

    /// Booleans reached rules as `"0"` and `"1"`, so that `== true` never held and a bare 0 was true.
    @Test func defect30BooleansAreBooleans() {
        let row = Sample.row(["done": .bool(true)])
        let opposite = Sample.row(["done": .bool(false)])
        for rule in ["data.done == true", "data.done", "data.done == '1'", "data.done != '0'"] {
            let policies = Sample.policies(rule)
            #expect(policies.decide(.read, "Todo", user, row: row) == .allowed)
            #expect(!policies.decide(.read, "Todo", user, row: opposite).isAllowed)
        }
    }

    /// Rules were parsed again for every row.
    @Test func defect44RulesAreParsedOnce() throws {
        let policies = Sample.policies(ownerRule)
        let rules = try #require(policies.policies(of: "Todo")).rules(for: .read)
        #expect(rules.map(\.expression) == [try PolicyExpression(parsing: ownerRule)])
        // And before anybody asks.
        #expect(Sample.policies("auth.userId ==").problems.map(\.path.text) == ["policies[0].allow"])
    }
}
