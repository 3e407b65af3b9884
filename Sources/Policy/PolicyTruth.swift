/// What a rule or a part of it comes to.
///
/// The logic is Kleene's: what cannot be known makes the whole undecided only where it matters, so that a decision made
/// without the row is the one that any row would get.
package enum PolicyTruth: Hashable, Sendable {
    case yes
    case no
    /// It depends on a row that is not there, or on a name that means nothing.
    case undecided

    init(_ value: Bool) {
        self = value ? .yes : .no
    }

    /// The opposite; the opposite of undecided is undecided.
    static prefix func ! (truth: PolicyTruth) -> PolicyTruth {
        switch truth {
        case .yes: .no
        case .no: .yes
        case .undecided: .undecided
        }
    }

    /// `no` when one part is, without a look at those behind it; `yes` when all are.
    static func all(_ parts: some Sequence<PolicyExpression>, _ truth: (PolicyExpression) -> PolicyTruth) -> PolicyTruth
    {
        var result = PolicyTruth.yes
        for part in parts {
            switch truth(part) {
            case .yes: break
            case .no: return .no
            case .undecided: result = .undecided
            }
        }
        return result
    }

    /// `yes` when one part is, without a look at those behind it; `no` when none is.
    static func any(_ parts: some Sequence<PolicyExpression>, _ truth: (PolicyExpression) -> PolicyTruth) -> PolicyTruth
    {
        !all(parts) { !truth($0) }
    }
}
