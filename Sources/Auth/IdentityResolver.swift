internal import PylonCrypto

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

    private func isAdminToken(_ token: String) -> Bool {
        !adminToken.isEmpty && ConstantTime.areEqual(adminToken, Array(token.utf8))
    }
}
