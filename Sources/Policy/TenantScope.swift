package import PylonSchema

/// Keeps the rows of an entity with a tenant column to the tenant they belong to.
///
/// An entity is scoped when it declares a field `tenantId` or `tenant_id` (spec/data.md 4.6 and 5.2). Every operation of
/// everyone but administrators then has to satisfy ``rule`` as well, which ``PolicySet`` sees to: nobody reads or writes
/// the rows of another tenant, nor any without a tenant of their own. A field `orgId` limits aggregates alone.
package struct TenantScope: Hashable, Sendable {
    /// The names that make a field the tenant's, in order of preference.
    package static let columnNames = ["tenantId", "tenant_id"]
    /// The field that limits aggregates for callers who act for a tenant (spec/data.md 3.6).
    package static let aggregateColumnName = "orgId"
    /// What denials and explanations call the rule.
    package static let ruleName = "tenant_scope"

    /// The field that holds the tenant's id.
    package let column: String
    private let type: FieldType

    /// The scope of an entity; nil for one without a tenant column.
    package init?(_ entity: Entity) {
        for name in Self.columnNames {
            guard let field = entity.field(name) else { continue }
            column = name
            type = field.type
            return
        }
        return nil
    }

    /// The rule in the language of policies.
    package var rule: String { "data.\(column) == auth.tenantId" }

    /// The value to insert: the caller's tenant where the client left it out, else what the client sent, which the rule
    /// then judges. Administrators insert what they send.
    package func stamped(_ value: FieldValue, for identity: PolicyIdentity) -> FieldValue {
        guard !identity.isAdmin, value.isNull || value == .text(""), let tenantID = identity.tenantID else {
            return value
        }
        switch type {
        case .int: return FieldValue.integer(spelledBy: tenantID).map { .integer($0) } ?? value
        case .bool, .float: return value
        case .string, .datetime, .richtext, .reference: return .text(tenantID)
        }
    }

    /// Whether a row with this value in ``column`` is the caller's to write: both images of an update have to be.
    package func admits(_ value: FieldValue, for identity: PolicyIdentity) -> Bool {
        identity.isAdmin
            || FieldValue.compare(value.read(as: type), .equal, identity.tenantID.map { .text($0) }) == .yes
    }

    /// What a read of the entity adds to its conditions.
    package func condition(for identity: PolicyIdentity) -> Condition {
        identity.isAdmin ? .always : Self.condition(column, type, is: identity.tenantID)
    }

    /// What an aggregate over any entity adds besides.
    static func aggregateCondition(_ entity: Entity, for identity: PolicyIdentity) -> Condition {
        guard !identity.isAdmin, let tenantID = identity.tenantID, let field = entity.field(aggregateColumnName) else {
            return .always
        }
        return condition(field.name, field.type, is: tenantID)
    }

    private static func condition(_ column: String, _ type: FieldType, is tenantID: String?) -> Condition {
        let tenant = PolicyScope.Source.constant(tenantID.map { .text($0) } ?? .null)
        return ComparisonFolding(equality: .equal).outcome(tenant, .column(column, type)).whenTrue ?? .never
    }
}
