/// What a field holds.
package enum FieldType: Hashable, Sendable {
    case string
    /// A whole number of 64 bits.
    case int
    /// A finite `Double`.
    case float
    case bool
    /// An instant, as RFC 3339 text.
    case datetime
    /// Text whose edits merge.
    case richtext
    /// The id of a row of another entity: `id(User)` is `.reference("User")`.
    case reference(String)

    /// The words of a manifest for the types without a target.
    package static let plainNames = ["string", "int", "float", "bool", "datetime", "richtext"]

    /// The type that a manifest's word names; nil for unknown words and for `id()` without a target.
    package init?(_ text: String) {
        switch text {
        case "string": self = .string
        case "int": self = .int
        case "float": self = .float
        case "bool": self = .bool
        case "datetime": self = .datetime
        case "richtext": self = .richtext
        default:
            guard text.hasPrefix("id("), text.hasSuffix(")"), text.utf8.count > 4 else { return nil }
            self = .reference(String(text.dropFirst(3).dropLast()))
        }
    }

    /// The manifest's word for it.
    package var text: String {
        switch self {
        case .string: "string"
        case .int: "int"
        case .float: "float"
        case .bool: "bool"
        case .datetime: "datetime"
        case .richtext: "richtext"
        case .reference(let target): "id(\(target))"
        }
    }

    /// Whether values are stored as text.
    package var isText: Bool {
        switch self {
        case .string, .datetime, .richtext, .reference: true
        case .int, .float, .bool: false
        }
    }

    /// Whether values are words for people, which full-text search may index.
    package var isProse: Bool { self == .string || self == .richtext }
}
