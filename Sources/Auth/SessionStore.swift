internal import PylonBytes
internal import PylonCrypto
internal import PylonThreading
package import PylonTime

/// Sessions by their opaque token, in memory: they end with the process.
///
/// Bounded: beyond 100,000 sessions of guests, and as many of others, the oldest of theirs ends: whoever collects sessions locks nobody
/// out, and guests, whom nobody vouches for, end no one else's. Safe from any thread; all operations but ``endAll(of:)`` are O(1).
package final class SessionStore: Sendable {
    package static let sessionsMaximum = 100_000
    /// 30 days, as long as the reference's cookie (spec/auth.md 2.5). A manifest may say otherwise.
    package static let lifetime: Duration = .seconds(30 * 86_400)
    /// Bytes of a user's id.
    package static let userIDBytesMaximum = 256
    /// What the ids of guests begin with (spec/auth.md 2.1).
    package static let guestPrefix = "guest_"

    /// One signed-in client.
    package struct Session: Sendable {
        package let userID: String
        package let isGuest: Bool
        let expires: Instant
    }

    /// A session that has just begun.
    package struct Beginning: Sendable {
        /// The credential: whoever has it is the user.
        package let token: String
        package let userID: String
        /// Seconds since 1970 at which it ends; nil when it never does.
        package let expiresAt: Int64?
    }

    private struct Entry {
        let token: String
        let session: Session
    }

    /// Where the entry of a session is.
    private struct Place {
        let isGuest: Bool
        let handle: Int
    }

    private struct State {
        var places: [String: Place] = [:]
        /// In the order in which they began, which is that in which they expire.
        private var guests = RecencyList<Entry>()
        private var users = RecencyList<Entry>()

        subscript(isGuest: Bool) -> RecencyList<Entry> {
            get { isGuest ? guests : users }
            _modify { if isGuest { yield &guests } else { yield &users } }
        }

        var count: Int { guests.count + users.count }

        func session(_ token: String) -> Session? {
            places[token].flatMap { self[$0.isGuest][$0.handle]?.session }
        }

        mutating func begin(_ session: Session, _ token: String) {
            let handle = self[session.isGuest].insert(Entry(token: token, session: session))
            places[token] = Place(isGuest: session.isGuest, handle: handle)
        }

        mutating func end(_ token: String) -> Bool {
            guard let place = places.removeValue(forKey: token) else { return false }
            self[place.isGuest].remove(place.handle)
            return true
        }

        mutating func endOldest(_ isGuest: Bool, ifExpiredAt now: Instant, orMoreThan maximum: Int) {
            guard let oldest = self[isGuest].oldest, let entry = self[isGuest][oldest] else { return }
            guard self[isGuest].count > maximum || entry.session.expires <= now else { return }
            _ = end(entry.token)
        }
    }

    private let state = Lock(State())
    private let clock: any Clock

    package init(clock: any Clock) {
        self.clock = clock
    }

    /// The number of sessions, expired ones not yet forgotten included.
    package var count: Int { state.withLock { $0.count } }

    /// The session of `token`; nil when there is none or it has expired.
    package func session(for token: String) -> Session? {
        let now = clock.now()
        return state.withLock { state in
            guard let session = state.session(token), session.expires > now else { return nil }
            return session
        }
    }

    /// Starts a session for a new guest; see ``start(for:lifetime:)``.
    package func startGuest(lifetime: Duration? = lifetime) -> Beginning {
        start(for: Self.guestPrefix + SecureRandom.hex(16), lifetime: lifetime)
    }

    /// Starts a session, which ends after `lifetime`; nil for never. One for a guest's id is a guest's session.
    ///
    /// Forgets up to two old ones on the way.
    package func start(for userID: String, lifetime: Duration? = lifetime) -> Beginning {
        let token = "pylon_\(SecureRandom.hex(32))"
        let now = clock.now()
        let session = Session(
            userID: userID, isGuest: userID.hasPrefix(Self.guestPrefix),
            expires: lifetime.map { now + $0 } ?? .distantFuture)
        state.withLock { state in
            for _ in 0..<2 {
                state.endOldest(session.isGuest, ifExpiredAt: now, orMoreThan: Self.sessionsMaximum - 1)
            }
            state.begin(session, token)
        }
        let seconds = Int64(clock.microsecondsSinceEpoch() / 1_000_000)
        return Beginning(token: token, userID: userID, expiresAt: lifetime.map { seconds + $0.components.seconds })
    }

    /// Ends every session of a user; how many. O(sessions held), in stretches, so that requests are not kept waiting: for administrators.
    package func endAll(of userID: String) -> Int {
        let isGuest = userID.hasPrefix(Self.guestPrefix)
        var handle = 0
        var ended = 0
        while true {
            let isAtEnd = state.withLock { state in
                let end = handle + Self.stretch
                // Looked at each time: the list gives its memory back with its last session.
                while handle < min(end, state[isGuest].endHandle) {
                    if let entry = state[isGuest][handle], entry.session.userID == userID {
                        ended += state.end(entry.token) ? 1 : 0
                    }
                    handle += 1
                }
                return handle >= state[isGuest].endHandle
            }
            if isAtEnd { return ended }
        }
    }

    /// Sessions that are looked at in one stretch: some microseconds.
    private static let stretch = 500

    /// Ends the session of `token`. Returns whether there was one.
    @discardableResult
    package func end(_ token: String) -> Bool {
        state.withLock { $0.end(token) }
    }
}
