extension Condition {
    /// The columns it looks at.
    package var columns: Set<String> {
        switch self {
        case .always, .never: []
        case .isNull(let column), .compare(let column, _, _), .oneOf(let column, _), .contains(let column, _): [column]
        case .compareColumns(let left, _, let right): [left, right]
        case .not(let condition): condition.columns
        case .all(let conditions), .any(let conditions): conditions.reduce(into: []) { $0.formUnion($1.columns) }
        }
    }
}
