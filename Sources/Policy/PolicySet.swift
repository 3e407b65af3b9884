package import PylonJSON
package import PylonSchema

/// The policies of a manifest, parsed once, for any number of threads.
///
/// All rules for an operation have to be true. Administrators pass every rule. An operation without a rule is open to
/// everybody unless policies are required; ``openEntities`` and ``openActions`` say what that concerns.
package struct PolicySet: Sendable {
    /// Whether what no rule speaks of is denied.
    package let requirePolicies: Bool
    /// Rules that cannot be meant; see ``PolicyProblem``.
    package let problems: [PolicyProblem]
    /// Entities with operations that no rule speaks of, in the manifest's order.
    package let openEntities: [OpenEntity]
    /// Actions that no rule speaks of, in the manifest's order.
    package let openActions: [String]

    private let entities: [String: EntityPolicies]
    private let actions: [String: [CompiledRule]]

    /// An entity with operations that no rule speaks of.
    package struct OpenEntity: Hashable, Sendable {
        package let name: String
        package let operations: [PolicyOperation]
    }

    /// Compiles the policies; O(length of the rules).
    ///
    /// `tenantScoping` applies ``TenantScope`` to the entities that have a tenant column.
    package init(_ manifest: Manifest, requirePolicies: Bool = false, tenantScoping: Bool = true) {
        var entities: [String: EntityPolicies] = [:]
        var actions: [String: [CompiledRule]] = [:]
        for entity in manifest.entities {
            entities[entity.name] = EntityPolicies(entity, manifest.auth, tenantScoping: tenantScoping)
        }
        for policy in manifest.policies {
            var compiled: [String: CompiledRule] = [:]
            for (key, text) in policy.expressions {
                compiled[key] = CompiledRule(name: "\(policy.name).\(key)", source: text)
            }
            if let entity = policy.entity { entities[entity]?.add(policy, compiled) }
            if let action = policy.action {
                // Without a rule of its own the empty text is compiled, which is none and denies (spec/data.md 4.3).
                let rule = compiled["allow"] ?? CompiledRule(name: "\(policy.name).allow", source: "")
                actions[action, default: []].append(rule)
            }
        }
        self.requirePolicies = requirePolicies
        self.entities = entities
        self.actions = actions
        problems = manifest.policies.enumerated().flatMap {
            PolicyProblem.problems(of: $0.element, at: $0.offset, in: manifest)
        }
        openEntities = manifest.entities.compactMap { entity in
            let open = PolicyOperation.allCases.filter { entities[entity.name]?.isOpen($0) == true }
            return open.isEmpty ? nil : OpenEntity(name: entity.name, operations: open)
        }
        openActions = manifest.actions.map(\.name).filter { actions[$0] == nil }
    }
}

// MARK: Decisions

extension PolicySet {
    /// Whether somebody may do something to a row, or to rows at all where there is none at hand.
    ///
    /// `row` gives the value of a field or of `id`: of the stored row for reads and deletes, of the new one for inserts,
    /// after the tenant was stamped. Without it the answer is ``PolicyDecision/needsRow`` whenever rows differ. Updates go
    /// through ``decideUpdate(_:_:from:to:)``. Entities that the manifest does not have are denied.
    package func decide(
        _ operation: PolicyOperation, _ entity: String, _ identity: PolicyIdentity,
        row: ((String) -> FieldValue)? = nil
    ) -> PolicyDecision {
        if identity.isAdmin { return .allowed }
        guard let policies = entities[entity] else { return .denied(by: nil) }
        if requirePolicies, policies.isOpen(operation) { return .denied(by: nil) }
        let rules = policies.rules(for: operation)
        if rules.isEmpty { return .allowed }
        let scope = PolicyScope(identity: identity, entity: policies.entity)
        return CompiledRule.decide(rules, PolicyEvaluator(scope: scope, row: row))
    }

    /// Whether somebody may turn one row into another: both have to satisfy the update rules, so that nobody takes a row
    /// that is not theirs, nor gives theirs away.
    package func decideUpdate(
        _ entity: String, _ identity: PolicyIdentity, from old: @escaping (String) -> FieldValue,
        to new: @escaping (String) -> FieldValue
    ) -> PolicyDecision {
        let decision = decide(.update, entity, identity, row: old)
        return decision.isAllowed ? decide(.update, entity, identity, row: new) : decision
    }

    /// Whether somebody may run an action with an input. Never ``PolicyDecision/needsRow``: an action has no row.
    package func decide(action: String, _ identity: PolicyIdentity, input: JSONValue) -> PolicyDecision {
        if identity.isAdmin { return .allowed }
        guard let rules = actions[action] else { return requirePolicies ? .denied(by: nil) : .allowed }
        let scope = PolicyScope(identity: identity, entity: nil)
        return CompiledRule.decide(rules, PolicyEvaluator(scope: scope, input: input))
    }

    /// The rows to which somebody may do something, for the database: `matches` of it is what ``decide(_:_:_:row:)`` says
    /// of each row. Nil where a condition cannot say it, as for steps into JSON; then judge each row.
    ///
    /// For updates it speaks of the stored row alone.
    package func condition(
        for operation: PolicyOperation, _ entity: String, _ identity: PolicyIdentity
    ) -> Condition? {
        if identity.isAdmin { return .always }
        guard let policies = entities[entity] else { return .never }
        if requirePolicies, policies.isOpen(operation) { return .never }
        let scope = PolicyScope(identity: identity, entity: policies.entity)
        return CompiledRule.condition(policies.rules(for: operation), scope)
    }

    /// The rows over which somebody may aggregate: those they may read, of their own organisation where the entity has an
    /// `orgId`. Nil where a condition cannot say it; the aggregate is then to be refused.
    package func aggregateCondition(_ entity: String, _ identity: PolicyIdentity) -> Condition? {
        guard let policies = entities[entity] else { return .never }
        return Condition.conjunction([
            condition(for: .read, entity, identity),
            TenantScope.aggregateCondition(policies.entity, for: identity),
        ])
    }
}

// MARK: Fields and tenants

extension PolicySet {
    /// The fields of an entity that only administrators may read, and those of ``secretFields(of:)``.
    ///
    /// To read is also to filter, sort, group, search or aggregate by a field, and to receive it in an event. Rules may
    /// look at all fields.
    package func hiddenFields(of entity: String) -> Set<String> {
        entities[entity]?.fields.hidden ?? []
    }

    /// The fields of an entity that nobody may read through a data route: password hashes and the like. A full export,
    /// which has to be lossless, has them.
    package func secretFields(of entity: String) -> Set<String> {
        entities[entity]?.fields.secret ?? []
    }

    /// How an entity's rows are kept to their tenants; nil where they are not. The rules contain it already; what is left
    /// to the writer is to stamp inserts.
    package func tenantScope(of entity: String) -> TenantScope? {
        entities[entity]?.tenantScope
    }

    func policies(of entity: String) -> EntityPolicies? {
        entities[entity]
    }

    func rules(of action: String) -> [CompiledRule]? {
        actions[action]
    }
}
