package import PylonJSON

extension FieldType {
    /// Writes a stored value as JSON of this type: 0 and 1 of a bool as `false` and `true`, unless `boolAsInt` asks for
    /// the numbers (`PYLON_BOOL_AS_INT=1`, for clients of the reference). A value that does not fit the type, left by
    /// an older schema, is written as what it is.
    package func write(_ value: FieldValue, into json: inout JSONWriter, boolAsInt: Bool = false) {
        switch value {
        case .null: json.null()
        case .bool(let value): Self.write(value, into: &json, boolAsInt)
        case .integer(let value):
            if self == .bool { Self.write(value != 0, into: &json, boolAsInt) } else { json.value(value) }
        case .real(let value): json.value(value)
        case .text(let value): json.value(value)
        }
    }

    private static func write(_ value: Bool, into json: inout JSONWriter, _ boolAsInt: Bool) {
        if boolAsInt { json.value(value ? 1 : 0) } else { json.value(value) }
    }
}

extension FieldValue {
    /// The value as JSON, booleans as such.
    package var json: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .integer(let value): .integer(value)
        case .real(let value): .number(value)
        case .text(let value): .string(value)
        }
    }
}
