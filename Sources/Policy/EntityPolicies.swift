internal import PylonSchema

/// What the policies of a manifest say about one entity.
struct EntityPolicies: Sendable {
    let entity: Entity
    let tenantScope: TenantScope?
    let fields: HiddenFields
    /// By operation, in the manifest's order; that of the tenant first.
    private var rules: [PolicyOperation: [CompiledRule]] = [:]
    /// Operations that a policy speaks of.
    private var ruled: Set<PolicyOperation> = []
    /// Policies without an expression for the operation.
    private var skipped: [PolicyOperation: [String]] = [:]

    init(_ entity: Entity, _ auth: AuthSettings, tenantScoping: Bool) {
        self.entity = entity
        tenantScope = tenantScoping ? TenantScope(entity) : nil
        fields = HiddenFields(entity, auth)
        guard let tenantScope else { return }
        let rule = CompiledRule(name: TenantScope.ruleName, source: tenantScope.rule)
        for operation in PolicyOperation.allCases { rules[operation] = [rule] }
    }

    mutating func add(_ policy: PolicyRule, _ compiled: [String: CompiledRule]) {
        for operation in PolicyOperation.allCases {
            if let rule = operation.keys.lazy.compactMap({ compiled[$0] }).first {
                rules[operation, default: []].append(rule)
                ruled.insert(operation)
            } else {
                skipped[operation, default: []].append(policy.name)
            }
        }
    }

    /// Whether no policy speaks of the operation.
    func isOpen(_ operation: PolicyOperation) -> Bool {
        !ruled.contains(operation)
    }

    func rules(for operation: PolicyOperation) -> [CompiledRule] {
        rules[operation, default: []]
    }

    func skippedPolicies(for operation: PolicyOperation) -> [String] {
        skipped[operation, default: []]
    }
}
