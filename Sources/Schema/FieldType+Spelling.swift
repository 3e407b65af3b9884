package import PylonJSON

extension FieldType {
    /// The value that a text stands for where all values are texts, as in paths and among the keys of facets: numbers in digits,
    /// bools as `true`, `false`, `1` or `0`. Nil when it stands for none of the type.
    package func json(spelledBy text: String) -> JSONValue? {
        switch self {
        case .int: Int64(text).map { .integer($0) }
        case .float: Double(text).flatMap { $0.isFinite ? .number($0) : nil }
        case .bool:
            switch text {
            case "true", "1": .bool(true)
            case "false", "0": .bool(false)
            default: nil
            }
        case .string, .datetime, .richtext, .reference: .string(text)
        }
    }
}
