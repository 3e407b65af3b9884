/// Who makes a request or holds a connection, as resolved once by `IdentityResolver`.
package struct Identity: Hashable, Sendable {
    /// The user's or guest's id, `__admin__` for the admin token; nil for the anonymous.
    package let userID: String?
    package let isAdmin: Bool
    package let isGuest: Bool

    package static let anonymous = Identity(userID: nil, isAdmin: false, isGuest: false)
    /// Whoever presents the admin token (spec/auth.md 2.1).
    package static let admin = Identity(userID: "__admin__", isAdmin: true, isGuest: false)

    package init(userID: String?, isAdmin: Bool, isGuest: Bool) {
        self.userID = userID
        self.isAdmin = isAdmin
        self.isGuest = isGuest
    }
}
