internal import PylonBytes
internal import PylonTime

/// Who is in which room. Its owner holds the lock; every operation is O(1) but those that say otherwise.
struct RoomTable {
    struct Membership: Sendable {
        let room: ExactText
        let user: ExactText
        /// In the order of all joins.
        let number: UInt64
        let joinedAt: UInt64
        var data: [UInt8]?
        var lastSeen: Instant
    }

    /// One room, which has members as long as it is there.
    struct Room: Sendable {
        /// Handles of memberships.
        var members: [ExactText: Int] = [:]
        var bytes = 0
    }

    private let limits: RoomLimits
    private(set) var rooms: [ExactText: Room] = [:]
    /// Rooms by their members.
    private var roomsOfUsers: [ExactText: Set<ExactText>] = [:]
    /// The first is the one that nothing was heard of for longest.
    private(set) var memberships = RecencyList<Membership>()
    private(set) var bytes = 0
    private var numberLast: UInt64 = 0

    init(limits: RoomLimits) {
        self.limits = limits
    }

    func membership(_ user: ExactText, _ room: ExactText) -> Membership? {
        rooms[room]?.members[user].flatMap { memberships[$0] }
    }

    /// The rooms of a user; O(their number).
    func rooms(of user: ExactText) -> Set<ExactText> { roomsOfUsers[user] ?? [] }

    /// Who is in a room; O(members). Nobody where there is no such room.
    func members(of room: ExactText) -> [Membership] {
        rooms[room]?.members.values.compactMap { memberships[$0] } ?? []
    }

    /// Makes somebody a member, or replaces what they say.
    mutating func join(
        _ user: ExactText, _ room: ExactText, data: [UInt8]?, at now: Instant, seconds: UInt64
    ) throws(RoomError) {
        if try say(user, room, data, at: now) { return }
        guard rooms[room] != nil || rooms.count < limits.roomsMaximum else {
            throw .tooManyRooms(maximum: limits.roomsMaximum)
        }
        guard rooms[room]?.members.count ?? 0 < limits.membersMaximum else { throw .roomFull }
        guard rooms(of: user).count < limits.roomsPerUserMaximum else {
            throw .tooManyRoomsOfUser(maximum: limits.roomsPerUserMaximum)
        }
        guard memberships.count < limits.membershipsMaximum else { throw .outOfRoom }
        try checkGrowth(data?.count ?? 0, of: room)
        numberLast += 1
        let handle = memberships.insert(
            Membership(room: room, user: user, number: numberLast, joinedAt: seconds, data: data, lastSeen: now))
        rooms[room, default: Room()].members[user] = handle
        roomsOfUsers[user, default: []].insert(room)
        grow(data?.count ?? 0, of: room)
    }

    /// Replaces what a member says. False when they are none.
    mutating func say(
        _ user: ExactText, _ room: ExactText, _ data: [UInt8]?, at now: Instant
    ) throws(RoomError) -> Bool {
        guard let handle = rooms[room]?.members[user] else { return false }
        let growth = (data?.count ?? 0) - (memberships[handle]?.data?.count ?? 0)
        try checkGrowth(growth, of: room)
        memberships.update(handle) {
            $0.data = data
            $0.lastSeen = now
        }
        memberships.touch(handle)
        grow(growth, of: room)
        return true
    }

    /// Notes a sign of life. False when they are no member.
    mutating func touch(_ user: ExactText, _ room: ExactText, at now: Instant) -> Bool {
        guard let handle = rooms[room]?.members[user] else { return false }
        memberships.update(handle) { $0.lastSeen = now }
        memberships.touch(handle)
        return true
    }

    /// Ends a membership. False when there was none.
    mutating func leave(_ user: ExactText, _ room: ExactText) -> Bool {
        guard let handle = rooms[room]?.members[user] else { return false }
        remove(handle)
        return true
    }

    /// Ends memberships that nothing was heard of since `limit`, at most so many, and returns them.
    mutating func removeIdle(since limit: Instant, atMost maximum: Int) -> [Membership] {
        var removed: [Membership] = []
        while removed.count < maximum, let oldest = memberships.oldest,
            let membership = memberships[oldest], membership.lastSeen <= limit
        {
            remove(oldest)
            removed.append(membership)
        }
        return removed
    }

    private mutating func remove(_ handle: Int) {
        let gone = memberships.remove(handle)
        grow(-(gone.data?.count ?? 0), of: gone.room)
        rooms[gone.room]?.members[gone.user] = nil
        if rooms[gone.room]?.members.isEmpty == true { rooms[gone.room] = nil }
        roomsOfUsers[gone.user]?.remove(gone.room)
        if roomsOfUsers[gone.user]?.isEmpty == true { roomsOfUsers[gone.user] = nil }
    }

    private func checkGrowth(_ growth: Int, of room: ExactText) throws(RoomError) {
        if growth <= 0 { return }
        guard (rooms[room]?.bytes ?? 0) + growth <= limits.roomBytesMaximum else { throw .roomFull }
        guard bytes + growth <= limits.bytesMaximum else { throw .outOfRoom }
    }

    private mutating func grow(_ growth: Int, of room: ExactText) {
        rooms[room]?.bytes += growth
        bytes += growth
    }
}
