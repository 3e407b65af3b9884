internal import PylonBytes
internal import PylonCrypto
internal import PylonTime

/// The sessions that there are, by the hash of their token. Those of guests and those of others are bounded each by itself.
struct SessionIndex {
    typealias Key = SHA256.Digest

    private struct Entry {
        let key: Key
        let session: SessionStore.Session
    }

    /// Where the entry of a session is.
    private struct Place {
        let isGuest: Bool
        let handle: Int
    }

    private var places: [Key: Place] = [:]
    private var keysOfUsers: [String: Set<Key>] = [:]
    /// In the order in which they began, which is that in which they expire as long as the lifetime stays the same.
    private var guests = RecencyList<Entry>()
    private var users = RecencyList<Entry>()

    private subscript(isGuest: Bool) -> RecencyList<Entry> {
        get { isGuest ? guests : users }
        _modify { if isGuest { yield &guests } else { yield &users } }
    }

    /// The number of sessions, expired ones not yet forgotten included.
    var count: Int { guests.count + users.count }

    /// The session of a token, expired or not; nil when there is none.
    func session(_ key: Key) -> SessionStore.Session? {
        places[key].flatMap { self[$0.isGuest][$0.handle]?.session }
    }

    mutating func begin(_ session: SessionStore.Session, _ key: Key) {
        let handle = self[session.isGuest].insert(Entry(key: key, session: session))
        places[key] = Place(isGuest: session.isGuest, handle: handle)
        keysOfUsers[session.userID, default: []].insert(key)
    }

    /// Returns whether there was one.
    mutating func end(_ key: Key) -> Bool {
        guard let place = places.removeValue(forKey: key) else { return false }
        let userID = self[place.isGuest].remove(place.handle).session.userID
        keysOfUsers[userID]?.remove(key)
        if keysOfUsers[userID]?.isEmpty == true { keysOfUsers[userID] = nil }
        return true
    }

    /// Takes the oldest of the guests' or of the others' sessions out if it has expired or there are more than `maximum`.
    mutating func takeOldest(
        _ isGuest: Bool, ifExpiredAt now: Instant, orMoreThan maximum: Int
    ) -> (key: Key, session: SessionStore.Session)? {
        guard let oldest = self[isGuest].oldest, let entry = self[isGuest][oldest] else { return nil }
        guard self[isGuest].count > maximum || entry.session.expires <= now else { return nil }
        return end(entry.key) ? (entry.key, entry.session) : nil
    }

    /// Ends every session of a user; how many. O(their sessions).
    mutating func endAll(of userID: String) -> Int {
        let keys = keysOfUsers[userID] ?? []
        for key in keys { _ = end(key) }
        return keys.count
    }
}
