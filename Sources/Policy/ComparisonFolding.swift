internal import PylonSchema

/// Turns one `==` or `!=` into a condition whose operands have the types of their columns.
struct ComparisonFolding {
    let equality: PolicyEquality

    private var comparison: Comparison { equality == .equal ? .equal : .notEqual }

    func outcome(_ left: PolicyScope.Source, _ right: PolicyScope.Source) -> ConditionFolding.Outcome {
        switch (left, right) {
        case (.constant(.null), _), (_, .constant(.null)): .decided(false)
        case (.nothing, let other), (let other, .nothing), (.input, let other), (let other, .input):
            // Neither true nor false, unless the other operand is missing.
            ConditionFolding.Outcome(whenTrue: .never, whenFalse: isMissing(other))
        case (.nested, _), (_, .nested): .inexpressible
        case (.constant(let left), .constant(let right)): .decided(FieldValue.compare(left, equality, right) == .yes)
        case (.constant(let value), .column(let name, let type)), (.column(let name, let type), .constant(let value)):
            .decided(compare(name, type, value))
        case (.column(let left, let leftType), .column(let right, let rightType)):
            compare(left, leftType, right, rightType)
        }
    }

    private func isMissing(_ source: PolicyScope.Source) -> Condition? {
        switch source {
        case .constant(let value): value.isNull ? .always : .never
        case .column(let name, _): .isNull(name)
        case .nested: nil
        case .input, .nothing: .never
        }
    }

    /// A column and a value that is not null: the value in the column's type or, where it has none there, whether the
    /// column is set at all.
    private func compare(_ name: String, _ type: FieldType, _ value: FieldValue) -> Condition {
        guard let operand = Self.operand(value, as: type) else {
            return equality == .equal ? .never : .not(.isNull(name))
        }
        return .compare(name, comparison, operand)
    }

    /// The one value of a type that is the same as a constant; nil where there is none.
    private static func operand(_ value: FieldValue, as type: FieldType) -> FieldValue? {
        switch (type, value) {
        case (.bool, .bool): value
        case (.bool, .text(let text)): FieldValue.bool(spelledBy: text).map { .bool($0) }
        case (.int, .text(let text)): FieldValue.integer(spelledBy: text).map { .integer($0) }
        case (.float, .text(let text)): FieldValue.real(spelledBy: text).map { .real($0) }
        case (_, .bool(let value)) where type.isText: .text(value ? "1" : "0")
        case (_, .text) where type.isText: value
        // Numbers are no constants: the language has none, and an identity neither.
        default: nil
        }
    }

    private func compare(
        _ left: String, _ leftType: FieldType, _ right: String, _ rightType: FieldType
    ) -> ConditionFolding.Outcome {
        switch (leftType, rightType) {
        case (.bool, .int), (.bool, .float), (.int, .bool), (.float, .bool):
            // Never the same.
            .decided(equality == .equal ? .never : .all([.not(.isNull(left)), .not(.isNull(right))]))
        case _ where leftType.isText == rightType.isText: .decided(.compareColumns(left, comparison, right))
        // A text and a number or boolean that it may spell.
        default: .inexpressible
        }
    }
}
