package import PylonJSON

extension FieldType {
    /// The stored form of a written value (spec/data.md 2.1, defects 30 and 31). Null is refused; ``Field/value(from:)``
    /// knows where it is allowed.
    ///
    /// - bool: `true`, `false`, and 0 and 1, as the reference's exports have them.
    /// - int: a whole number; one spelled with fraction or exponent, up to 2^53, as only so far it is exact.
    /// - float: any number.
    /// - datetime: RFC 3339, kept in UTC; see `DateTimeText`.
    /// - texts and references: any string without NUL.
    package func value(from json: JSONValue) throws(FieldProblem) -> FieldValue {
        if json.isNull { throw .isNull }
        switch self {
        case .bool: return .bool(try Self.bool(json))
        case .int: return .integer(try Self.integer(json))
        case .float:
            guard let number = json.double else { throw wrongType(json) }
            return .real(number)
        case .datetime:
            guard let text = DateTimeText.normalized(try text(json)) else { throw .notADateTime }
            return .text(text)
        case .string, .richtext, .reference: return .text(try text(json))
        }
    }

    /// What a value of this type is called in messages.
    package var expectation: String {
        switch self {
        case .bool: "true or false"
        case .int: "a whole number"
        case .float: "a number"
        case .datetime: "a date and time"
        case .string, .richtext: "a string"
        case .reference(let target): "the id of \(target)"
        }
    }

    private static func bool(_ json: JSONValue) throws(FieldProblem) -> Bool {
        if let value = json.bool { return value }
        switch json.int {
        case 0: return false
        case 1: return true
        default: throw FieldType.bool.wrongType(json)
        }
    }

    private static func integer(_ json: JSONValue) throws(FieldProblem) -> Int64 {
        switch json {
        case .integer(let value): return value
        case .number(let value):
            guard value.magnitude <= 0x1p53, let whole = Int64(exactly: value) else { throw .notAWholeNumber }
            return whole
        default: throw FieldType.int.wrongType(json)
        }
    }

    private func text(_ json: JSONValue) throws(FieldProblem) -> String {
        guard let text = json.string else { throw wrongType(json) }
        if text.utf8.contains(0) { throw .containsNUL }
        return text
    }

    func wrongType(_ json: JSONValue) -> FieldProblem {
        .wrongType(expected: expectation, found: json.kind)
    }
}

extension Field {
    /// The stored form of a written value; null only where the field is optional.
    package func value(from json: JSONValue) throws(FieldProblem) -> FieldValue {
        if json.isNull, isOptional { return .null }
        return try type.value(from: json)
    }
}
