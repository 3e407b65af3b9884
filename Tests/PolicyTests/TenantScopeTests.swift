import PylonPolicy
import PylonSchema
import Testing

@Suite struct TenantScopeTests {
    private static let note = Entity(
        name: "Note", fields: [Sample.optional("tenantId", .string), Sample.optional("text", .string)])
    private let policies = PolicySet(
        Sample.manifest([PolicyRule(name: "p", entity: "Note", allow: "auth.userId != null")], entities: [note]))
    private let member = PolicyIdentity(userID: "u1", tenantID: "t1")
    private let mine = Sample.row(["tenantId": .text("t1")])
    private let theirs = Sample.row(["tenantId": .text("t2")])
    private let nobodys = Sample.row([:])

    @Test(arguments: [
        (["tenantId"], "tenantId"), (["tenant_id"], "tenant_id"), (["tenant_id", "tenantId"], "tenantId"),
        (["orgId"], nil), (["tenantID"], nil), ([], nil),
    ])
    func `a tenant column makes a scope`(_ fields: [String], _ column: String?) {
        let entity = Entity(name: "E", fields: fields.map { Sample.optional($0, .string) })
        #expect(TenantScope(entity)?.column == column)
    }

    /// The reference's plugin had no hooks: nothing was stamped, nothing refused.
    @Test func defect12WritesStayWithinTheTenant() throws {
        let scope = try #require(policies.tenantScope(of: "Note"))
        #expect(scope.stamped(.null, for: member) == .text("t1"))
        #expect(scope.stamped(.text(""), for: member) == .text("t1"))
        #expect(scope.stamped(.text("t2"), for: member) == .text("t2"))
        #expect(scope.stamped(.null, for: .anonymous) == .null)
        #expect(scope.stamped(.null, for: .admin) == .null)
        for operation in PolicyOperation.allCases {
            #expect(policies.decide(operation, "Note", member, row: mine) == .allowed)
            #expect(policies.decide(operation, "Note", member, row: theirs) == .denied(by: "tenant_scope"))
            #expect(policies.decide(operation, "Note", member, row: nobodys) == .denied(by: "tenant_scope"))
            #expect(policies.decide(operation, "Note", member) == .needsRow)
            #expect(policies.decide(operation, "Note", .admin, row: theirs) == .allowed)
        }
        #expect(policies.decideUpdate("Note", member, from: mine, to: mine) == .allowed)
        #expect(policies.decideUpdate("Note", member, from: mine, to: theirs) == .denied(by: "tenant_scope"))
        #expect(policies.decideUpdate("Note", member, from: mine, to: nobodys) == .denied(by: "tenant_scope"))
        #expect(policies.decideUpdate("Note", member, from: theirs, to: mine) == .denied(by: "tenant_scope"))
    }

    @Test func defect12CallersWithoutATenantHaveNoRows() {
        let user = PolicyIdentity(userID: "u1")
        for row in [mine, theirs, nobodys] {
            #expect(policies.decide(.insert, "Note", user, row: row) == .denied(by: "tenant_scope"))
        }
        #expect(policies.condition(for: .read, "Note", user) == .never)
        #expect(policies.decide(.read, "Note", user) == .denied(by: "tenant_scope"))
    }

    @Test func readsAreLimitedToTheTenant() throws {
        let scope = try #require(policies.tenantScope(of: "Note"))
        #expect(policies.condition(for: .read, "Note", member) == .compare("tenantId", .equal, .text("t1")))
        #expect(scope.condition(for: member) == .compare("tenantId", .equal, .text("t1")))
        #expect(scope.condition(for: .anonymous) == .never)
        #expect(scope.condition(for: .admin) == .always)
    }

    @Test func admittedValuesAreTheCallersOwn() throws {
        let scope = try #require(policies.tenantScope(of: "Note"))
        #expect(scope.admits(.text("t1"), for: member))
        #expect(!scope.admits(.text("t2"), for: member))
        #expect(!scope.admits(.null, for: member))
        #expect(!scope.admits(.null, for: .anonymous))
        #expect(scope.admits(.text("t2"), for: .admin))
    }

    @Test func aScopeIsNoPolicy() {
        let bare = Sample.manifest([], entities: [Self.note])
        #expect(PolicySet(bare).decide(.read, "Note", member, row: mine) == .allowed)
        #expect(PolicySet(bare).decide(.read, "Note", member, row: theirs) == .denied(by: "tenant_scope"))
        #expect(PolicySet(bare).openEntities.map(\.name).contains("Note"))
        #expect(PolicySet(bare, requirePolicies: true).decide(.read, "Note", member, row: mine) == .denied(by: nil))
        let unscoped = PolicySet(bare, tenantScoping: false)
        #expect(unscoped.decide(.read, "Note", member, row: theirs) == .allowed)
        #expect(unscoped.tenantScope(of: "Note") == nil)
    }

    @Test func tenantsMayBeNumbers() throws {
        let entity = Entity(name: "E", fields: [Sample.optional("tenantId", .int)])
        let scope = try #require(TenantScope(entity))
        let seventh = PolicyIdentity(userID: "u", tenantID: "7")
        #expect(scope.stamped(.null, for: seventh) == .integer(7))
        #expect(scope.stamped(.null, for: member) == .null)
        #expect(scope.admits(.integer(7), for: seventh))
        #expect(scope.condition(for: seventh) == .compare("tenantId", .equal, .integer(7)))
        #expect(scope.condition(for: member) == .never)
    }

    /// The reference limited aggregates by `orgId`, for callers with a tenant (spec/data.md 3.6).
    @Test func organisationsLimitAggregates() {
        let open = PolicySet(Sample.manifest([]))
        #expect(open.aggregateCondition("Todo", member) == .compare("orgId", .equal, .text("t1")))
        #expect(open.aggregateCondition("Todo", PolicyIdentity(userID: "u")) == .always)
        #expect(open.condition(for: .read, "Todo", member) == .always)
        #expect(open.aggregateCondition("User", member) == .always)
    }
}
