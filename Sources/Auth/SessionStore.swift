internal import PylonThreading
package import PylonTime

/// Sessions by their opaque token, in memory: they end with the process until the data plane stores them.
///
/// Bounded: at 100,000 sessions, and no expired ones to make room, new ones are refused.
package final class SessionStore: Sendable {
    package static let sessionsMaximum = 100_000
    /// 30 days, as long as the reference's cookie (spec/auth.md 2.5).
    package static let lifetime: Duration = .seconds(30 * 86_400)

    /// One signed-in client.
    package struct Session: Sendable {
        package let userID: String
        package let isGuest: Bool
        let expires: Instant
    }

    private let sessions = Lock<[String: Session]>([:])
    private let clock: any Clock

    package init(clock: any Clock) {
        self.clock = clock
    }

    /// The number of sessions, expired ones not yet forgotten included.
    package var count: Int { sessions.withLock { $0.count } }

    /// The session of `token`; nil when there is none or it has expired.
    package func session(for token: String) -> Session? {
        let now = clock.now()
        return sessions.withLock { table in
            guard let session = table[token] else { return nil }
            if session.expires > now { return session }
            table[token] = nil
            return nil
        }
    }

    /// Starts a session for a new guest. Nil when the store is full.
    package func startGuest() -> (token: String, userID: String)? {
        let token = "pylon_\(SecureRandom.hex(32))"
        let userID = "guest_\(SecureRandom.hex(16))"
        let now = clock.now()
        let session = Session(userID: userID, isGuest: true, expires: now + Self.lifetime)
        let isStored = sessions.withLock { table in
            if table.count >= Self.sessionsMaximum {
                table = table.filter { $0.value.expires > now }
            }
            guard table.count < Self.sessionsMaximum else { return false }
            table[token] = session
            return true
        }
        return isStored ? (token, userID) : nil
    }
}
