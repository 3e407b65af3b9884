internal import PylonSchema

/// `_pylon_sessions`: sessions that outlive the process. Of a token only its hash is stored: whoever reads the file, or a backup of it, is
/// nobody by that. Rows are in the order in which the sessions began.
enum SessionTable {
    static let schema = [
        """
        CREATE TABLE IF NOT EXISTS _pylon_sessions (
          number INTEGER PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL, created_at INTEGER NOT NULL,
          expires_at INTEGER)
        """,
        "CREATE INDEX IF NOT EXISTS _pylon_sessions_user_idx ON _pylon_sessions (user_id)",
    ]
}

/// One session as it is stored.
package struct StoredSession: Hashable, Sendable {
    /// The SHA-256 of the token, 64 hexadecimal digits.
    package let tokenHash: String
    package let userID: String
    /// Seconds since 1970.
    package let createdAt: Int64
    /// Seconds since 1970 at which it ends; nil when it never does.
    package let expiresAt: Int64?
}

extension WriteTransaction {
    /// Stores a session that begins now, by the hash of its token.
    package mutating func insertSession(
        _ tokenHash: String, of userID: String, expiresAt: Int64?
    ) throws(StorageError) {
        try connection.run(
            "INSERT INTO _pylon_sessions (token_hash, user_id, created_at, expires_at) VALUES (?, ?, ?, ?)",
            [
                .text(tokenHash), .text(userID), .integer(Int64(clamping: time / 1_000_000)),
                expiresAt.map { .integer($0) } ?? .null,
            ])
    }

    /// Forgets a session, if it is there.
    package mutating func deleteSession(_ tokenHash: String) throws(StorageError) {
        try connection.run("DELETE FROM _pylon_sessions WHERE token_hash = ?", [.text(tokenHash)])
    }

    /// Forgets every session of a user.
    package mutating func deleteSessions(of userID: String) throws(StorageError) {
        try connection.run("DELETE FROM _pylon_sessions WHERE user_id = ?", [.text(userID)])
    }

    /// Forgets the sessions that have ended by `now`, in seconds since 1970, or began longer than `lifetime` before, in seconds; nil for
    /// ever.
    package mutating func deleteSessions(endedBy now: Int64, lifetime: Int64?) throws(StorageError) {
        try connection.run("DELETE FROM _pylon_sessions WHERE expires_at <= ?", [.integer(now)])
        guard let lifetime else { return }
        try connection.run("DELETE FROM _pylon_sessions WHERE created_at <= ?", [.integer(now - lifetime)])
    }

    /// Forgets every session.
    package mutating func deleteAllSessions() throws(StorageError) {
        try connection.run("DELETE FROM _pylon_sessions")
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// Every session, oldest first.
    package func storedSessions() throws(StorageError) -> [StoredSession] {
        var sessions: [StoredSession] = []
        try connection.rows(
            "SELECT token_hash, user_id, created_at, expires_at FROM _pylon_sessions ORDER BY number"
        ) { row in
            sessions.append(
                StoredSession(
                    tokenHash: row.text(0), userID: row.text(1), createdAt: row.integer(2),
                    expiresAt: row.isNull(3) ? nil : row.integer(3)))
            return true
        }
        return sessions
    }
}
