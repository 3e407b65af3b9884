internal import PylonSchema

/// Who asks, as far as rules can see.
package struct PolicyIdentity: Hashable, Sendable {
    /// The user's or guest's id; nil for the anonymous.
    package let userID: String?
    /// Whether every rule is passed over.
    package let isAdmin: Bool
    /// Whether ``userID`` is that of a guest, who has it and is nobody in particular.
    package let isGuest: Bool
    /// The tenant the caller acts for; nil for none.
    package let tenantID: String?
    package let roles: [String]

    package static let anonymous = PolicyIdentity(userID: nil)
    /// Whoever presents the admin token (spec/data.md 3.0).
    package static let admin = PolicyIdentity(userID: "__admin__", isAdmin: true, roles: ["admin"])

    package init(
        userID: String?, isAdmin: Bool = false, isGuest: Bool = false, tenantID: String? = nil, roles: [String] = []
    ) {
        self.userID = userID
        self.isAdmin = isAdmin
        self.isGuest = isGuest
        self.tenantID = tenantID
        self.roles = roles
    }

    /// Whether the caller has one of the roles, by their exact bytes; administrators have all.
    package func hasAnyRole(_ wanted: [String]) -> Bool {
        isAdmin || roles.contains { role in wanted.contains { FieldValue.text(role) == .text($0) } }
    }
}
