/// What a filter or a policy asks of a row.
///
/// It is two-valued: a comparison with a null operand is false, also `notEqual`, and `.not` of it is true. Columns are
/// field names or `id`. Operands are of the column's type, so that the database and ``matches(_:)`` agree: whoever makes
/// a condition sees to that.
package indirect enum Condition: Hashable, Sendable {
    case always
    case never
    case isNull(String)
    case compare(String, Comparison, FieldValue)
    case compareColumns(String, Comparison, String)
    /// Whether the column equals one of the values; never for none.
    case oneOf(String, [FieldValue])
    /// The wire's `$like`: whether the text column matches SQL's `LIKE '%' || text || '%'`. In the text, `%` stands for
    /// any run and `_` for any one code point; there is no escape, and ASCII letters match in either case.
    case contains(String, String)
    case not(Condition)
    case all([Condition])
    case any([Condition])
}

/// How two values are compared.
package enum Comparison: Hashable, Sendable, CaseIterable {
    case equal
    case notEqual
    case less
    case lessOrEqual
    case greater
    case greaterOrEqual

    /// Whether it holds between two values; false when either is null. Values without an order (text and a number) are
    /// unequal and neither less nor greater.
    package func holds(_ left: FieldValue, _ right: FieldValue) -> Bool {
        if left.isNull || right.isNull { return false }
        guard let order = left.compared(to: right) else { return self == .notEqual }
        return switch self {
        case .equal: order == 0
        case .notEqual: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }
}

extension Condition {
    /// Whether a row satisfies it; `value` gives the row's value of a column.
    package func matches(_ value: (String) -> FieldValue) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .isNull(let column): value(column).isNull
        case .compare(let column, let comparison, let operand): comparison.holds(value(column), operand)
        case .compareColumns(let left, let comparison, let right): comparison.holds(value(left), value(right))
        case .oneOf(let column, let operands):
            operands.contains { [stored = value(column)] in Comparison.equal.holds(stored, $0) }
        case .contains(let column, let text):
            value(column).text.map { LikePattern(containing: text).matches($0) } ?? false
        case .not(let inner): !inner.matches(value)
        case .all(let parts): parts.allSatisfy { $0.matches(value) }
        case .any(let parts): parts.contains { $0.matches(value) }
        }
    }

    /// An equivalent condition without constants inside others, nested groups of one kind, groups of one and doubled
    /// negations.
    package func simplified() -> Condition {
        switch self {
        case .compare(_, _, .null): .never
        case .oneOf(let column, let operands): Self.oneOf(column, amongNonNull: operands.filter { !$0.isNull })
        case .not(let inner): Self.negation(of: inner.simplified())
        case .all(let parts): Self.conjunction(parts)
        case .any(let parts): Self.disjunction(parts)
        case .always, .never, .isNull, .compare, .compareColumns, .contains: self
        }
    }

    private static func oneOf(_ column: String, amongNonNull operands: [FieldValue]) -> Condition {
        switch operands.count {
        case 0: .never
        case 1: .compare(column, .equal, operands[0])
        default: .oneOf(column, operands)
        }
    }

    private static func negation(of condition: Condition) -> Condition {
        switch condition {
        case .always: .never
        case .never: .always
        case .not(let inner): inner
        default: .not(condition)
        }
    }

    private static func conjunction(_ parts: [Condition]) -> Condition {
        var kept: [Condition] = []
        for part in parts {
            switch part.simplified() {
            case .always: break
            case .never: return .never
            case .all(let inner): kept += inner
            case let other: kept.append(other)
            }
        }
        if kept.isEmpty { return .always }
        return kept.count == 1 ? kept[0] : .all(kept)
    }

    private static func disjunction(_ parts: [Condition]) -> Condition {
        var kept: [Condition] = []
        for part in parts {
            switch part.simplified() {
            case .never: break
            case .always: return .always
            case .any(let inner): kept += inner
            case let other: kept.append(other)
            }
        }
        if kept.isEmpty { return .never }
        return kept.count == 1 ? kept[0] : .any(kept)
    }
}
