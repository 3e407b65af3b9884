package import PylonJSON
package import PylonSchema

/// Why a decision came out as it did: for `pylon policy explain`, never for the client it concerns.
package struct PolicyExplanation: Hashable, Sendable {
    /// What was asked: `read Todo`.
    package let subject: String
    package let decision: PolicyDecision
    /// Why no rule was asked, or which one decided.
    package let reason: String
    /// Every rule for the operation, also those behind the one that decided.
    package let rules: [Rule]
    /// Policies without an expression for the operation.
    package let skippedPolicies: [String]

    /// One rule and what its parts came to.
    package struct Rule: Hashable, Sendable {
        /// `policy.allowRead`.
        package let name: String
        /// As the manifest has it.
        package let source: String
        package let truth: PolicyTruth
        /// Why the source is no rule, if so.
        package let error: PolicyParseError?
        /// Whether the decision follows from this rule.
        package let isDecisive: Bool
        /// The parts from the whole inwards; the first is the rule itself.
        package let steps: [PolicyStep]
    }
}

extension PolicySet {
    /// Why ``decide(_:_:_:row:)`` says what it says; every rule is worked out in full.
    package func explain(
        _ operation: PolicyOperation, _ entity: String, _ identity: PolicyIdentity,
        row: ((String) -> FieldValue)? = nil
    ) -> PolicyExplanation {
        let subject = "\(operation.rawValue) \(entity)"
        let decision = decide(operation, entity, identity, row: row)
        guard let policies = policies(of: entity) else {
            return PolicyExplanation(subject, decision, "the manifest has no entity \(entity)")
        }
        if identity.isAdmin { return PolicyExplanation(subject, decision, "administrators pass every rule") }
        let evaluator = PolicyEvaluator(scope: PolicyScope(identity: identity, entity: policies.entity), row: row)
        return PolicyExplanation(
            subject, decision, isOpen: policies.isOpen(operation), policies.rules(for: operation), evaluator,
            skipped: policies.skippedPolicies(for: operation))
    }

    /// Why ``decide(action:_:input:)`` says what it says.
    package func explain(action: String, _ identity: PolicyIdentity, input: JSONValue) -> PolicyExplanation {
        let subject = "run \(action)"
        let decision = decide(action: action, identity, input: input)
        if identity.isAdmin { return PolicyExplanation(subject, decision, "administrators pass every rule") }
        let rules = rules(of: action)
        let evaluator = PolicyEvaluator(scope: PolicyScope(identity: identity, entity: nil), input: input)
        return PolicyExplanation(subject, decision, isOpen: rules == nil, rules ?? [], evaluator)
    }
}

extension PolicyExplanation {
    /// Without rules.
    fileprivate init(_ subject: String, _ decision: PolicyDecision, _ reason: String) {
        self.subject = subject
        self.decision = decision
        self.reason = reason
        rules = []
        skippedPolicies = []
    }

    fileprivate init(
        _ subject: String, _ decision: PolicyDecision, isOpen: Bool, _ rules: [CompiledRule],
        _ evaluator: PolicyEvaluator, skipped: [String] = []
    ) {
        self.subject = subject
        self.decision = decision
        skippedPolicies = skipped
        self.rules = rules.map { rule in
            let truth = rule.truth(evaluator)
            let isDecisive =
                switch decision {
                case .allowed: true
                case .denied(let name): name == rule.name
                case .needsRow: truth == .undecided
                }
            return Rule(
                name: rule.name, source: rule.source, truth: truth, error: rule.error, isDecisive: isDecisive,
                steps: rule.expression.map { PolicyStep.steps(of: $0, evaluator, isDecisive: isDecisive) } ?? [])
        }
        reason =
            switch decision {
            case .allowed: isOpen ? "no policy speaks of it, and policies are not required" : "every rule is true"
            case .denied(nil): "no policy speaks of it, and policies are required"
            case .denied(let name?): "\(name) is not true"
            case .needsRow: "it depends on the row, and none was given"
            }
    }
}

extension PolicyExplanation: CustomStringConvertible {
    /// Several lines for a terminal; `*` marks what the decision follows from.
    package var description: String {
        var lines = ["\(subject): \(verdict), \(reason)"]
        for rule in rules {
            lines.append("\(rule.isDecisive ? "*" : " ") \(rule.name): \(rule.source)")
            if let error = rule.error { lines.append("      no rule, and so denied: \(error)") }
            lines += rule.steps.map { step in
                let indent = String(repeating: "  ", count: step.depth + 2)
                return "\(step.isDecisive ? "*" : " ") \(indent)\(step.text)  is \(step.value)"
            }
        }
        lines += skippedPolicies.map { "  \($0): has no rule for it" }
        return lines.joined(separator: "\n")
    }

    /// The decision in words.
    var verdict: String {
        switch decision {
        case .allowed: "allowed"
        case .denied: "denied"
        case .needsRow: "needs the row"
        }
    }
}
