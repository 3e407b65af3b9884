/// A dotted name in a rule, such as `data.ownerId`.
package struct PolicyPath: Hashable, Sendable {
    /// As written: `[A-Za-z_][A-Za-z0-9_.]*`.
    package let text: String
    /// What it reaches for.
    package let root: Root

    /// What the first word of a path stands for, with the steps behind it.
    package enum Root: Hashable, Sendable {
        case userID
        case tenantID
        case isAdmin
        case isGuest
        /// A member of the row, and further steps into it; never empty.
        case data([String])
        /// A member of an action's input, and further steps into it; never empty.
        case input([String])
        /// A name that the language does not know.
        case unknown
    }

    /// A path as the lexer found it.
    init(_ text: String) {
        self.text = text
        root = Self.root(of: text)
    }

    private static func root(of text: String) -> Root {
        switch text {
        case "auth.userId", "auth.user_id": return .userID
        case "auth.tenantId", "auth.tenant_id": return .tenantID
        case "auth.isAdmin", "auth.is_admin": return .isAdmin
        case "auth.isGuest", "auth.is_guest": return .isGuest
        default: break
        }
        let words = text.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard words.count > 1 else { return .unknown }
        return switch words[0] {
        case "data": .data(Array(words.dropFirst()))
        case "input": .input(Array(words.dropFirst()))
        default: .unknown
        }
    }
}
