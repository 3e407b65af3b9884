/// What somebody wants to do to the rows of an entity.
package enum PolicyOperation: String, Hashable, Sendable, CaseIterable {
    case read
    case insert
    case update
    case delete

    /// The keys of a policy whose expression counts, the first that is set (spec/data.md 4.3).
    package var keys: [String] {
        switch self {
        case .read: ["allowRead", "allow"]
        case .insert: ["allowInsert", "allowWrite", "allow"]
        case .update: ["allowUpdate", "allowWrite", "allow"]
        case .delete: ["allowDelete", "allowWrite", "allow"]
        }
    }
}

/// What the rules say.
package enum PolicyDecision: Hashable, Sendable {
    case allowed
    /// By the rule of that name (`policy.allowRead`); nil where there is no rule and rules are required. For the log only:
    /// the answer to a client never names a rule.
    case denied(by: String?)
    /// It depends on the row, and none was given. Not an answer: judge each row, or ask for the condition.
    case needsRow

    /// Whether this is ``allowed``; ``needsRow`` is not.
    package var isAllowed: Bool { self == .allowed }
}
