internal import PylonSchema

/// Turns rules into conditions on rows, the caller's own values folded in.
///
/// Each part of a rule becomes two conditions: when it is true and when it is false. They are each other's opposite but
/// where a name means nothing: then the part is neither, for no row.
struct ConditionFolding {
    let scope: PolicyScope

    /// When an expression is true and when it is false; nil for what a condition cannot say.
    struct Outcome {
        var whenTrue: Condition?
        var whenFalse: Condition?

        /// What no row decides.
        static let undecided = Outcome(whenTrue: .never, whenFalse: .never)
        /// What a condition cannot say.
        static let inexpressible = Outcome(whenTrue: nil, whenFalse: nil)

        static func decided(_ value: Bool) -> Outcome {
            Outcome(whenTrue: value ? .always : .never, whenFalse: value ? .never : .always)
        }

        /// True for the rows that match, false for the others.
        static func decided(_ condition: Condition) -> Outcome {
            Outcome(whenTrue: condition, whenFalse: Condition.not(condition).simplified())
        }

        static prefix func ! (outcome: Outcome) -> Outcome {
            Outcome(whenTrue: outcome.whenFalse, whenFalse: outcome.whenTrue)
        }
    }

    func outcome(of expression: PolicyExpression) -> Outcome {
        switch expression {
        case .value(let operand), .truth(let operand): truth(of: operand)
        case .hasAnyRole(let roles): .decided(scope.identity.hasAnyRole(roles))
        case .not(let inner): !outcome(of: inner)
        case .compare(.value(let left), let equality, let right): compare(left, equality, right)
        case .compare(let left, let equality, let right): compare(truthOf: left, equality, right)
        case .all(let parts): all(parts.map(outcome))
        case .any(let parts): !all(parts.map { !outcome(of: $0) })
        }
    }

    private func all(_ parts: [Outcome]) -> Outcome {
        Outcome(
            whenTrue: Condition.conjunction(parts.map(\.whenTrue)),
            whenFalse: Condition.disjunction(parts.map(\.whenFalse)))
    }

    private func truth(of operand: PolicyOperand) -> Outcome {
        switch scope.source(of: operand) {
        case .constant(let value): .decided(value.isTruthy)
        case .column(let name, .bool): .decided(.compare(name, .equal, .bool(true)))
        case .column(let name, .int), .column(let name, .float): .decided(.not(.isNull(name)))
        case .column(let name, _): .decided(.compare(name, .notEqual, .text("")))
        case .nested: .inexpressible
        case .input, .nothing: .undecided
        }
    }

    private func compare(_ left: PolicyOperand, _ equality: PolicyEquality, _ right: PolicyOperand) -> Outcome {
        if left == .null || right == .null {
            let isNull = nullTest(scope.source(of: left == .null ? right : left))
            return equality == .equal ? isNull : !isNull
        }
        return ComparisonFolding(equality: equality).outcome(scope.source(of: left), scope.source(of: right))
    }

    private func nullTest(_ source: PolicyScope.Source) -> Outcome {
        switch source {
        case .constant(let value): .decided(value.isNull)
        case .column(let name, _): .decided(.isNull(name))
        case .nested: .inexpressible
        case .input, .nothing: .undecided
        }
    }

    /// A comparison whose left side is boolean by its form; it is known when it is the same for true and false.
    private func compare(
        truthOf left: PolicyExpression, _ equality: PolicyEquality, _ right: PolicyOperand
    ) -> Outcome {
        // A boolean is always set.
        if right == .null { return .decided(equality == .notEqual) }
        let source = scope.source(of: right)
        switch source {
        case .constant(let value):
            let ifTrue = FieldValue.compare(.bool(true), equality, value)
            let ifFalse = FieldValue.compare(.bool(false), equality, value)
            if ifTrue == ifFalse { return .decided(ifTrue == .yes) }
            return ifTrue == .yes ? outcome(of: left) : !outcome(of: left)
        case .input, .nothing: return .undecided
        case .nested: return .inexpressible
        case .column: break
        }
        let left = outcome(of: left)
        let comparison = ComparisonFolding(equality: equality)
        let ifTrue = comparison.outcome(.constant(.bool(true)), source)
        let ifFalse = comparison.outcome(.constant(.bool(false)), source)
        switch (left.whenTrue, left.whenFalse) {
        case (.always?, _): return ifTrue
        case (_, .always?): return ifFalse
        case (.never?, .never?):
            return Outcome(
                whenTrue: Condition.conjunction([ifTrue.whenTrue, ifFalse.whenTrue]),
                whenFalse: Condition.conjunction([ifTrue.whenFalse, ifFalse.whenFalse]))
        default: return .inexpressible
        }
    }
}

extension Condition {
    /// That all parts hold; nil, for a part that cannot be said, only matters where none of the others is `never`.
    static func conjunction(_ parts: [Condition?]) -> Condition? {
        if parts.contains(.some(.never)) { return .never }
        let said = parts.compactMap(\.self)
        return said.count == parts.count ? Condition.all(said).simplified() : nil
    }

    /// That one of the parts holds; nil, for a part that cannot be said, only matters where none of the others is `always`.
    static func disjunction(_ parts: [Condition?]) -> Condition? {
        if parts.contains(.some(.always)) { return .always }
        let said = parts.compactMap(\.self)
        return said.count == parts.count ? Condition.any(said).simplified() : nil
    }
}
