internal import PylonThreading
package import PylonTime

/// Sessions by their opaque token, in memory: they end with the process until the data plane stores them.
///
/// Bounded: beyond 100,000 sessions the oldest ends, so that whoever collects sessions locks nobody out.
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

    fileprivate struct State {
        var sessions: [String: Session] = [:]
        /// Tokens in the order in which their sessions began, which is that in which they expire. Those before `oldest` are gone.
        var order: [String] = []
        var oldest = 0
    }

    private let state = Lock(State())
    private let clock: any Clock

    package init(clock: any Clock) {
        self.clock = clock
    }

    /// The number of sessions, expired ones not yet forgotten included.
    package var count: Int { state.withLock { $0.sessions.count } }

    /// The session of `token`; nil when there is none or it has expired.
    package func session(for token: String) -> Session? {
        let now = clock.now()
        return state.withLock { state in
            guard let session = state.sessions[token], session.expires > now else { return nil }
            return session
        }
    }

    /// Starts a session for a new guest. O(1), and forgets up to two old ones on the way.
    package func startGuest() -> (token: String, userID: String) {
        let token = "pylon_\(SecureRandom.hex(32))"
        let userID = "guest_\(SecureRandom.hex(16))"
        let now = clock.now()
        let session = Session(userID: userID, isGuest: true, expires: now + Self.lifetime)
        state.withLock { state in
            for _ in 0..<2 { state.forgetOldest(ifExpiredAt: now, orMoreThan: Self.sessionsMaximum - 1) }
            state.sessions[token] = session
            state.order.append(token)
        }
        return (token, userID)
    }
}

extension SessionStore.State {
    fileprivate mutating func forgetOldest(ifExpiredAt now: Instant, orMoreThan maximum: Int) {
        guard oldest < order.count else { return }
        let token = order[oldest]
        guard sessions.count > maximum || (sessions[token].map { $0.expires <= now } ?? true) else { return }
        sessions[token] = nil
        oldest += 1
        // The forgotten half is given back now and then.
        if oldest > 1024, oldest * 2 > order.count {
            order.removeFirst(oldest)
            oldest = 0
        }
    }
}
