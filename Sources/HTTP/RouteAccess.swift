/// Who may call a route. Checked before its handler runs and before its body is read.
package enum RouteAccess: Hashable, Sendable {
    /// No credential is needed; a bad one is ignored.
    case anyone
    /// Any user id: sessions, guests, API keys, admins.
    case user
    /// Administrators only.
    case admin
}
