package import PylonSchema

extension PolicySet {
    /// What an operator should know about the rules of a manifest that is otherwise valid, as warnings: rules that mean nothing, and
    /// everything that anyone may do for want of a rule.
    package func diagnostics(in manifest: Manifest) -> [Diagnostic] {
        problems.map(\.diagnostic) + (requirePolicies ? [] : openings(in: manifest))
    }

    private func openings(in manifest: Manifest) -> [Diagnostic] {
        var found: [Diagnostic] = []
        for (index, entity) in manifest.entities.enumerated() {
            guard let open = openEntities.first(where: { $0.name == entity.name }) else { continue }
            let keys =
                open.operations.count == PolicyOperation.allCases.count ? ["allow"] : open.operations.map(\.keys[0])
            found.append(
                Diagnostic(
                    .warning, .entityOpen, at: ValuePath().key("entities").index(index),
                    "no policy: anyone may \(open.operations.map(\.rawValue).joined(separator: ", ")) \(entity.name)",
                    hint: "add a policy for \(entity.name) with \(keys.joined(separator: ", ")), or set "
                        + "PYLON_REQUIRE_POLICIES=1 to refuse what no policy allows"))
        }
        for (index, action) in manifest.actions.enumerated() where openActions.contains(action.name) {
            found.append(
                Diagnostic(
                    .warning, .actionOpen, at: ValuePath().key("actions").index(index),
                    "no policy: anyone may run \(action.name)",
                    hint: "add a policy for the action \(action.name) with allow, or set PYLON_REQUIRE_POLICIES=1"))
        }
        return found
    }
}

extension PolicyProblem {
    fileprivate var diagnostic: Diagnostic {
        switch kind {
        case .syntax: Diagnostic(.error, .policyExpressionInvalid, at: path, message)
        case .unknownName:
            Diagnostic(
                .warning, .policyNameUnknown, at: path, message,
                hint: "until it is mended \(policy) denies what depends on it")
        case .missingRule:
            Diagnostic(.warning, .policyRuleMissing, at: path, message, hint: "add \"allow\" to \(policy)")
        }
    }
}
