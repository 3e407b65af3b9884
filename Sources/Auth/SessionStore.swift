internal import PylonBytes
internal import PylonCrypto
package import PylonStorage
internal import PylonThreading
package import PylonTime

/// Sessions by their opaque token: all in memory, and in the app's database where there is one, so that they outlive the process.
///
/// Of a token only its hash is kept (spec/auth.md W12). A session is durable before anybody hears of it, and its end before it is confirmed.
/// Bounded: beyond 100,000 sessions of guests, and as many of others, the oldest of theirs ends: whoever collects sessions locks nobody
/// out, and guests, whom nobody vouches for, end no one else's. Safe from any thread; memory and database
/// change in the same order, that of the commits.
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

        init(userID: String, expires: Instant) {
            self.userID = userID
            self.isGuest = userID.hasPrefix(SessionStore.guestPrefix)
            self.expires = expires
        }
    }

    /// A session that has just begun.
    package struct Beginning: Sendable {
        /// The credential: whoever has it is the user.
        package let token: String
        package let userID: String
        /// Seconds since 1970 at which it ends; nil when it never does.
        package let expiresAt: Int64?
    }

    /// 256 sessions that are being stored at a time: whoever signs in as many guests leaves the database to others.
    package static let startsUnderWayMaximum = 256

    private struct State {
        var index = SessionIndex()
        /// Sessions that go for newer ones as soon as that is stored.
        var leaving: [SessionIndex.Key: Session] = [:]
        /// Nil for sessions that end with the process.
        var database: Database?
        var startsUnderWay = 0

        /// Takes up to two old sessions out of the index, to make room for one like `session`; those are its database's to forget.
        mutating func makeRoom(for session: Session, now: Instant) -> [SessionIndex.Key] {
            (0..<2).compactMap { _ in
                let oldest = index.takeOldest(session.isGuest, ifExpiredAt: now, orMoreThan: sessionsMaximum - 1)
                guard let oldest else { return nil }
                if database != nil { leaving[oldest.key] = oldest.session }
                return oldest.key
            }
        }

        /// Those that were to go stay, but for those that have been ended meanwhile.
        mutating func putBack(_ keys: [SessionIndex.Key]) {
            for key in keys {
                if let session = leaving.removeValue(forKey: key) { index.begin(session, key) }
            }
        }
    }

    private let state = Lock(State())
    private let clock: any Clock

    package init(clock: any Clock) {
        self.clock = clock
    }

    /// Brings back the sessions in `database`, and stores them there from now on. None lasts longer than `lifetime` from its beginning, nil
    /// for as long as it was given. Called once, before there are any.
    package func open(_ database: Database, lifetime: Duration?) async throws(StorageError) {
        let (now, seconds) = (clock.now(), secondsSinceEpoch)
        let longest = lifetime?.components.seconds
        let stored = try await database.write { transaction throws(StorageError) in
            try transaction.deleteSessions(endedBy: seconds, lifetime: longest)
            return try transaction.storedSessions()
        }
        state.withLock { state in
            state.database = database
            for session in stored {
                guard let bytes = Hex.decode(session.tokenHash), let key = SHA256.Digest(bytes) else { continue }
                let last = longest.map { session.createdAt + $0 }
                let end = [session.expiresAt, last].compactMap { $0 }.min()
                let expires = end.map { now + .seconds($0 - seconds) } ?? .distantFuture
                state.index.begin(Session(userID: session.userID, expires: expires), key)
            }
        }
    }

    /// Forgets the sessions in `database`, for a process that stores none: what is ended in it must not be there again with the next.
    package static func forgetStored(in database: Database) async throws(StorageError) {
        try await database.write { transaction throws(StorageError) in try transaction.deleteAllSessions() }
    }

    /// The number of sessions, expired ones not yet forgotten included.
    package var count: Int { state.withLock { $0.index.count } }

    /// The session of `token`; nil when there is none or it has expired.
    package func session(for token: String) -> Session? {
        let key = SHA256.hash(token)
        guard let session = state.withLock({ $0.index.session(key) }), session.expires > clock.now() else { return nil }
        return session
    }

    // MARK: Beginning

    /// Starts a session for a new guest; see ``start(for:lifetime:)``.
    package func startGuest(lifetime: Duration? = lifetime) async throws(StorageError) -> Beginning {
        try await start(for: Self.guestPrefix + SecureRandom.hex(16), lifetime: lifetime)
    }

    /// Starts a session, which ends after `lifetime`, in whole seconds; nil for never. One for a guest's id is a guest's session.
    ///
    /// Forgets up to two old ones on the way. Throws when it cannot be stored, `overloaded` when ``startsUnderWayMaximum`` are being; nothing has
    /// changed then.
    package func start(
        for userID: String, lifetime: Duration? = lifetime
    ) async throws(StorageError) -> Beginning {
        let token = "pylon_\(SecureRandom.hex(32))"
        let key = SHA256.hash(token)
        let now = clock.now()
        let session = Session(userID: userID, expires: lifetime.map { now + $0 } ?? .distantFuture)
        let expiresAt = lifetime.map { secondsSinceEpoch + $0.components.seconds }
        let (forgotten, database) = try state.withLock { (state) throws(StorageError) in
            guard state.startsUnderWay < Self.startsUnderWayMaximum else { throw .overloaded }
            let forgotten = state.makeRoom(for: session, now: now)
            if state.database == nil { state.index.begin(session, key) } else { state.startsUnderWay += 1 }
            return (forgotten, state.database)
        }
        guard let database else { return Beginning(token: token, userID: userID, expiresAt: expiresAt) }
        defer { state.withLock { $0.startsUnderWay -= 1 } }
        do throws(StorageError) {
            try await database.write { transaction throws(StorageError) in
                for key in forgotten { try transaction.deleteSession(key.hex) }
                try transaction.insertSession(key.hex, of: userID, expiresAt: expiresAt)
                transaction.afterCommit {
                    self.state.withLock { state in
                        state.index.begin(session, key)
                        for key in forgotten { state.leaving[key] = nil }
                    }
                }
            }
        } catch {
            state.withLock { $0.putBack(forgotten) }
            throw error
        }
        return Beginning(token: token, userID: userID, expiresAt: expiresAt)
    }

    // MARK: Ending

    /// Ends the session of `token`. Returns whether there was one. Throws when that cannot be stored; it has not ended then.
    @discardableResult
    package func end(_ token: String) async throws(StorageError) -> Bool {
        let key = SHA256.hash(token)
        let (isThere, database) = state.withLock { state in
            let isThere = state.index.session(key) != nil || state.leaving[key] != nil
            if state.database == nil { _ = state.index.end(key) }
            return (isThere, state.database)
        }
        // Nobody makes the database work by ending what is not there.
        guard isThere, let database else { return isThere }
        try await database.write { transaction throws(StorageError) in
            try transaction.deleteSession(key.hex)
            transaction.afterCommit {
                self.state.withLock { state in
                    _ = state.index.end(key)
                    state.leaving[key] = nil
                }
            }
        }
        return true
    }

    /// Ends every session of a user; how many. Throws like ``end(_:)``.
    package func endAll(of userID: String) async throws(StorageError) -> Int {
        guard let database = state.withLock({ $0.database }) else {
            return state.withLock { $0.index.endAll(of: userID) }
        }
        let ended = Lock(0)
        try await database.write { transaction throws(StorageError) in
            try transaction.deleteSessions(of: userID)
            transaction.afterCommit {
                let count = self.state.withLock { state in
                    state.leaving = state.leaving.filter { $0.value.userID != userID }
                    return state.index.endAll(of: userID)
                }
                ended.withLock { $0 = count }
            }
        }
        return ended.withLock { $0 }
    }

    private var secondsSinceEpoch: Int64 { Int64(clamping: clock.microsecondsSinceEpoch() / 1_000_000) }
}

extension SHA256.Digest {
    /// As it is stored.
    fileprivate var hex: String { Hex.encode(bytes) }
}
