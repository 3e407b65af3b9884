extension PolicyExpression: CustomStringConvertible {
    package var description: String { text(inside: .any) }

    /// How tightly a form binds, loosest first, as the grammar has it.
    private enum Binding: Int {
        case any, all, compare, not, primary
    }

    private var binding: Binding {
        switch self {
        case .any: .any
        case .all: .all
        case .compare: .compare
        case .not: .not
        case .value, .truth, .hasAnyRole: .primary
        }
    }

    /// The text, in parentheses where it binds less tightly than its place asks for.
    private func text(inside place: Binding) -> String {
        binding.rawValue < place.rawValue ? "(\(bareText))" : bareText
    }

    private var bareText: String {
        switch self {
        case .value(let operand): operand.description
        case .truth(let operand): "(\(operand))"
        case .hasAnyRole(let roles):
            "auth.\(roles.count == 1 ? "hasRole" : "hasAnyRole")(\(roles.map(PolicyOperand.quoted).joined(separator: ", ")))"
        case .not(let inner): "!\(inner.text(inside: .not))"
        case .compare(let left, let equality, let right): "\(left.text(inside: .not)) \(equality.rawValue) \(right)"
        case .all(let parts): parts.map { $0.text(inside: .compare) }.joined(separator: " && ")
        case .any(let parts): parts.map { $0.text(inside: .all) }.joined(separator: " || ")
        }
    }
}

extension PolicyOperand: CustomStringConvertible {
    package var description: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .text(let text): Self.quoted(text)
        case .path(let path): path.text
        }
    }

    /// A text as a string of the language.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\0": result += "\\0"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
