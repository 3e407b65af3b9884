package import PylonSchema

/// Something in a manifest's policies that cannot be meant, for the log at start-up and for `pylon schema check`.
package struct PolicyProblem: Hashable, Sendable, CustomStringConvertible {
    /// What follows from it.
    package enum Kind: Hashable, Sendable {
        /// The text is no rule: it denies everyone but administrators.
        case syntax(PolicyParseError)
        /// A name in the rule has no value, ever: what depends on it is undecided, and an undecided rule denies.
        case unknownName
        /// The policy of an action has no `allow`: it denies everyone but administrators.
        case missingRule
    }

    package let kind: Kind
    /// Where in the file: `policies[2].allowRead`.
    package let path: ValuePath
    /// The policy's name.
    package let policy: String
    /// What is wrong, for a person to read.
    package let message: String

    package var description: String { "\(path) (\(policy)): \(message)" }

    /// Everything wrong with the policy at a place in the manifest.
    static func problems(of policy: PolicyRule, at index: Int, in manifest: Manifest) -> [PolicyProblem] {
        let entity = policy.entity.flatMap { manifest.entity($0) }
        var found: [PolicyProblem] = []
        func report(_ kind: Kind, _ key: String, _ message: String) {
            found.append(
                PolicyProblem(
                    kind: kind, path: ValuePath().key("policies").index(index).key(key), policy: policy.name,
                    message: message))
        }
        for (key, text) in policy.expressions {
            do throws(PolicyParseError) {
                var scopes: [Entity?] = entity.map { [$0] } ?? []
                if key == "allow", policy.action != nil { scopes.append(nil) }
                for path in try PolicyExpression(parsing: text).paths where !isKnown(path, in: scopes) {
                    report(.unknownName, key, complaint(about: path, entity))
                }
            } catch {
                report(.syntax(error), key, error.description)
            }
        }
        if policy.action != nil, policy.allow == nil {
            report(.missingRule, "allow", "the policy of an action needs an allow rule; without it nobody may run it")
        }
        return found
    }

    private static func isKnown(_ path: PolicyPath, in scopes: [Entity?]) -> Bool {
        // A policy without a known target decides nothing; that is the manifest's error.
        scopes.isEmpty
            || scopes.contains { entity in
                let scope = PolicyScope(identity: .anonymous, entity: entity)
                if case .nothing = scope.source(of: path) { return false }
                return true
            }
    }

    private static func complaint(about path: PolicyPath, _ entity: Entity?) -> String {
        switch path.root {
        case .data(let steps):
            guard let entity else { return "\(path.text): an action has no row; what it is called with is input.*" }
            return entity.columnType(steps[0]) == nil
                ? "\(path.text): \(entity.name) has no field \(steps[0])"
                : "\(path.text): the field \(steps[0]) holds no JSON to look into"
        case .input: return "\(path.text): only actions have an input; the row's fields are data.*"
        case .userID, .tenantID, .isAdmin, .isGuest, .unknown:
            return "\(path.text) is no known name; there are auth.userId, auth.tenantId, auth.isAdmin, auth.isGuest, "
                + "data.<field> and input.<name>"
        }
    }
}
