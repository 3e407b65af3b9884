internal import PylonSchema

/// One expression of a policy, parsed once.
struct CompiledRule: Sendable {
    /// `policy.allowRead`: the policy and the key whose expression this is.
    let name: String
    /// As the manifest has it.
    let source: String
    /// Nil where the source is no rule; such a rule denies.
    let expression: PolicyExpression?
    let error: PolicyParseError?

    init(name: String, source: String) {
        self.name = name
        self.source = source
        do throws(PolicyParseError) {
            expression = try PolicyExpression(parsing: source)
            error = nil
        } catch {
            expression = nil
            self.error = error
        }
    }

    func truth(_ evaluator: PolicyEvaluator) -> PolicyTruth {
        expression.map(evaluator.truth) ?? .no
    }

    /// Whether a row could make a difference.
    private func readsRow(in scope: PolicyScope) -> Bool {
        expression?.paths.contains { path in
            switch scope.source(of: path) {
            case .column, .nested: true
            case .constant, .input, .nothing: false
            }
        } ?? false
    }

    /// What the rules say together: all have to be true.
    static func decide(_ rules: [CompiledRule], _ evaluator: PolicyEvaluator) -> PolicyDecision {
        var needsRow = false
        for rule in rules {
            switch rule.truth(evaluator) {
            case .yes: break
            case .undecided where evaluator.row == nil && rule.readsRow(in: evaluator.scope):
                // A rule behind this one may deny whatever the row is.
                needsRow = true
            case .no, .undecided: return .denied(by: rule.name)
            }
        }
        return needsRow ? .needsRow : .allowed
    }

    /// The rows that the rules allow together; nil where a condition cannot say it.
    static func condition(_ rules: [CompiledRule], _ scope: PolicyScope) -> Condition? {
        let folding = ConditionFolding(scope: scope)
        return Condition.conjunction(
            rules.map { rule in
                rule.expression.map { folding.outcome(of: $0).whenTrue } ?? .never
            })
    }
}
