internal import PylonSchema

/// One part of a rule and what it came to.
package struct PolicyStep: Hashable, Sendable {
    /// How many parts it lies inside of.
    package let depth: Int
    /// The part in the language of policies.
    package let text: String
    /// `true`, `false`, a value as a rule would spell it, `unset`, or `undecided`.
    package let value: String
    /// Whether the value of the whole follows from this part.
    package let isDecisive: Bool

    /// The parts of an expression from the whole inwards, operands that are paths among them.
    static func steps(
        of expression: PolicyExpression, _ evaluator: PolicyEvaluator, isDecisive: Bool
    ) -> [PolicyStep] {
        var steps: [PolicyStep] = []
        collect(expression, 0, isDecisive, evaluator, into: &steps)
        return steps
    }

    private static func collect(
        _ expression: PolicyExpression, _ depth: Int, _ isDecisive: Bool, _ evaluator: PolicyEvaluator,
        into steps: inout [PolicyStep]
    ) {
        let truth = evaluator.truth(of: expression)
        if case .value(.path(let path)) = expression {
            let value = evaluator.value(of: .path(path))
            let text = value?.ruleText ?? truth.text
            // What is no boolean counts as one.
            let counts = if case .bool? = value { "" } else { value == nil ? "" : ", which counts as \(truth.text)" }
            steps.append(PolicyStep(depth: depth, text: path.text, value: text + counts, isDecisive: isDecisive))
            return
        }
        steps.append(
            PolicyStep(depth: depth, text: expression.description, value: truth.text, isDecisive: isDecisive))
        switch expression {
        case .truth(let operand): collect(operand, depth + 1, isDecisive, evaluator, into: &steps)
        case .value, .hasAnyRole: break
        case .not(let inner): collect(inner, depth + 1, isDecisive, evaluator, into: &steps)
        case .compare(.value(let left), _, let right):
            collect(left, depth + 1, isDecisive, evaluator, into: &steps)
            collect(right, depth + 1, isDecisive, evaluator, into: &steps)
        case .compare(let left, _, let right):
            collect(left, depth + 1, isDecisive, evaluator, into: &steps)
            collect(right, depth + 1, isDecisive, evaluator, into: &steps)
        case .all(let parts), .any(let parts):
            // One part that differs from the group's neutral value decides it; without one all of them do.
            var isOpen = isDecisive
            let isAll = if case .all = expression { true } else { false }
            for part in parts {
                let isLike = evaluator.truth(of: part) == truth
                collect(part, depth + 1, isOpen && isLike, evaluator, into: &steps)
                if isLike, truth == (isAll ? .no : .yes) { isOpen = false }
            }
        }
    }

    private static func collect(
        _ operand: PolicyOperand, _ depth: Int, _ isDecisive: Bool, _ evaluator: PolicyEvaluator,
        into steps: inout [PolicyStep]
    ) {
        guard let path = operand.path else { return }
        let value = evaluator.value(of: operand).map(\.ruleText) ?? PolicyTruth.undecided.text
        steps.append(PolicyStep(depth: depth, text: path.text, value: value, isDecisive: isDecisive))
    }
}

extension PolicyTruth {
    /// The word for it.
    package var text: String {
        switch self {
        case .yes: "true"
        case .no: "false"
        case .undecided: "undecided"
        }
    }
}

extension FieldValue {
    /// The value as an explanation shows it.
    fileprivate var ruleText: String {
        switch self {
        case .null: "unset"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let text): PolicyOperand.quoted(text)
        }
    }
}
