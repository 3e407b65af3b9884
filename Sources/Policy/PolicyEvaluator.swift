internal import PylonJSON
internal import PylonSchema

/// Decides rules for one caller and, where there is one, one row or one action's input.
struct PolicyEvaluator {
    let scope: PolicyScope
    /// The row's values by column; nil without a row.
    var row: ((String) -> FieldValue)?
    /// What an action was called with; nil where there is none.
    var input: JSONValue?

    /// What the expression comes to. Operators stop at the first part that decides.
    func truth(of expression: PolicyExpression) -> PolicyTruth {
        switch expression {
        case .value(let operand), .truth(let operand):
            value(of: operand).map { PolicyTruth($0.isTruthy) } ?? .undecided
        case .hasAnyRole(let roles): PolicyTruth(scope.identity.hasAnyRole(roles))
        case .not(let inner): !truth(of: inner)
        case .compare(let left, let equality, let right): compare(left, equality, right)
        case .all(let parts): .all(parts, truth)
        case .any(let parts): .any(parts, truth)
        }
    }

    /// The value of an operand, null where it is not set; nil where it cannot be known.
    func value(of operand: PolicyOperand) -> FieldValue? {
        switch scope.source(of: operand) {
        case .constant(let value): value
        case .column(let name, let type): row.map { $0(name).read(as: type) }
        case .nested(let name, let steps): row.map { Self.value(at: steps, inJSON: $0(name)) }
        case .input(let steps): input.map { Self.value(at: steps, in: $0) }
        case .nothing: nil
        }
    }

    private func compare(
        _ left: PolicyExpression, _ equality: PolicyEquality, _ right: PolicyOperand
    ) -> PolicyTruth {
        guard case .value(let left) = left else { return compare(truthOf: left, equality, right) }
        if left == .null { return nullTest(right, equality) }
        if right == .null { return nullTest(left, equality) }
        return FieldValue.compare(value(of: left), equality, value(of: right))
    }

    /// A comparison with the word `null` asks whether the value is set.
    private func nullTest(_ operand: PolicyOperand, _ equality: PolicyEquality) -> PolicyTruth {
        value(of: operand).map { PolicyTruth($0.isNull == (equality == .equal)) } ?? .undecided
    }

    /// A comparison whose left side is boolean by its form; it is known when it is the same for true and false.
    private func compare(
        truthOf left: PolicyExpression, _ equality: PolicyEquality, _ right: PolicyOperand
    ) -> PolicyTruth {
        // A boolean is always set.
        if right == .null { return PolicyTruth(equality == .notEqual) }
        let value = value(of: right)
        let ifTrue = FieldValue.compare(.bool(true), equality, value)
        let ifFalse = FieldValue.compare(.bool(false), equality, value)
        if ifTrue == ifFalse { return ifTrue }
        return switch truth(of: left) {
        case .yes: ifTrue
        case .no: ifFalse
        case .undecided: .undecided
        }
    }

    /// What lies at the end of the steps into a text that is JSON; null where it is none.
    private static func value(at steps: [String], inJSON value: FieldValue) -> FieldValue {
        guard let text = value.text, let json = try? JSONParser.parse(text) else { return .null }
        return Self.value(at: steps, in: json)
    }

    /// What lies at the end of the steps into objects: null for missing members, arrays and objects.
    private static func value(at steps: [String], in json: JSONValue) -> FieldValue {
        var json = json
        for step in steps {
            guard let next = json[step] else { return .null }
            json = next
        }
        return switch json {
        case .null, .array, .object: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .number(let value): .real(value)
        case .string(let text): .text(text)
        }
    }
}
