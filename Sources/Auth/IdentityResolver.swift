/// Turns a credential into an identity: the one place for HTTP, event streams and every WebSocket.
package struct IdentityResolver: Sendable {
    private let adminToken: [UInt8]
    private let sessions: SessionStore

    /// An empty admin token is none at all: nobody becomes admin by presenting nothing (spec/auth.md W2).
    package init(adminToken: String, sessions: SessionStore) {
        self.adminToken = Array(adminToken.utf8)
        self.sessions = sessions
    }

    /// The identity behind `token`. No token, and one that is unknown or expired, is the anonymous (spec/auth.md 2.3).
    package func resolve(_ token: String?) -> Identity {
        guard let token, !token.isEmpty else { return .anonymous }
        if isAdminToken(token) { return .admin }
        guard let session = sessions.session(for: token) else { return .anonymous }
        return Identity(userID: session.userID, isAdmin: false, isGuest: session.isGuest)
    }

    /// Compares in a time that depends on the lengths alone.
    private func isAdminToken(_ token: String) -> Bool {
        let offered = Array(token.utf8)
        guard !adminToken.isEmpty, offered.count == adminToken.count else { return false }
        var difference: UInt8 = 0
        for index in adminToken.indices {
            difference |= adminToken[index] ^ offered[index]
        }
        return difference == 0
    }
}
