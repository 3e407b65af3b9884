internal import PylonBytes
package import PylonJSON
internal import PylonTelemetry
internal import PylonThreading
package import PylonTime

/// A member of a room, as the others see them.
package struct RoomPeer: Sendable {
    package let userID: String
    /// What they say, as JSON text.
    package let data: [UInt8]?
    /// Seconds since 1970.
    package let joinedAt: UInt64

    /// Writes it as clients get it.
    package func write(to json: inout JSONWriter) {
        json.beginObject()
        json.member("user_id", userID)
        json.key("data")
        if let data { json.raw(data) } else { json.null() }
        json.member("joined_at", "\(joinedAt)Z")
        json.endObject()
    }
}

/// Rooms and who is in them, in memory (spec/realtime.md 6).
///
/// A member is a user in a room, however many connections they have. Whoever gives no sign of life for
/// ``RoomLimits/idleMaximum`` leaves with the next ``sweep()``; every call of a member about the room is one. Safe from any thread.
package final class RoomDirectory: Sendable {
    package let limits: RoomLimits
    package let counters = RoomCounters()
    private let clock: any Clock
    private let sink: @Sendable (RoomEvent) -> Void

    private struct State: Sendable {
        var table: RoomTable
        /// Events on their way to the sink, oldest first.
        var events: [RoomEvent] = []
        /// Whether a thread hands events to the sink now.
        var isDelivering = false
    }

    private let state: Lock<State>

    /// `sink` gets every event, one at a time and in the order in which the rooms changed, on a thread of any caller. It must not wait
    /// for anything.
    package init(
        limits: RoomLimits = RoomLimits(), clock: any Clock, sink: @escaping @Sendable (RoomEvent) -> Void
    ) {
        self.limits = limits
        self.clock = clock
        self.sink = sink
        state = Lock(State(table: RoomTable(limits: limits)))
    }

    /// How many rooms there are.
    package var roomCount: Int { state.withLock { $0.table.rooms.count } }
    /// How many members all rooms have together.
    package var membershipCount: Int { state.withLock { $0.table.memberships.count } }

    // MARK: Members

    /// Makes a user a member, or replaces what they say. Returns who was in the room before, in the order in which they joined.
    package func join(_ userID: String, _ room: String, data: [UInt8]?) throws(RoomError) -> [RoomPeer] {
        try check(data)
        let seconds = clock.microsecondsSinceEpoch() / 1_000_000
        let event = RoomEvent(.join, room: room, userID: userID, data: data)
        let (user, name, now) = (ExactText(userID), ExactText(room), clock.now())
        let before = try change { state throws(RoomError) in
            let before = state.table.members(of: name)
            try state.table.join(user, name, data: data, at: now, seconds: seconds)
            state.events.append(event)
            return before
        }
        return Self.peers(before)
    }

    /// Ends a membership. Returns whether there was one.
    package func leave(_ userID: String, _ room: String) -> Bool {
        let (user, name) = (ExactText(userID), ExactText(room))
        return deliver { state in
            guard state.table.leave(user, name) else { return false }
            state.events.append(RoomEvent(.leave, room: room, userID: userID))
            return true
        }
    }

    /// Replaces what a member says. Returns false when they are none.
    package func setPresence(_ userID: String, _ room: String, data: [UInt8]) throws(RoomError) -> Bool {
        try check(data)
        let event = RoomEvent(.presence, room: room, userID: userID, data: data)
        let (user, name, now) = (ExactText(userID), ExactText(room), clock.now())
        return try change { state throws(RoomError) in
            guard try state.table.say(user, name, data, at: now) else { return false }
            state.events.append(event)
            return true
        }
    }

    /// What became of a broadcast.
    package enum Broadcast: Hashable, Sendable {
        case sent
        /// Nobody is in the room.
        case roomEmpty
        /// The sender is not in the room and has to be.
        case notInRoom
    }

    /// Tells everyone in a room something. Only members may, besides whom `mayBeOutside` says so of.
    package func broadcast(
        _ userID: String, _ room: String, topic: String, data: [UInt8]?, mayBeOutside: Bool
    ) throws(RoomError) -> Broadcast {
        try check(data)
        let event = RoomEvent(.broadcast, room: room, userID: userID, topic: topic, data: data)
        let (user, name, now) = (ExactText(userID), ExactText(room), clock.now())
        return deliver { state in
            let isMember = state.table.touch(user, name, at: now)
            guard isMember || mayBeOutside else { return .notInRoom }
            guard state.table.rooms[name] != nil else { return .roomEmpty }
            state.events.append(event)
            return .sent
        }
    }

    // MARK: Looking

    /// Who is in a room, in the order in which they joined: for members, and whom `mayBeOutside` says so of. To others, and where
    /// there is no such room, nobody.
    package func members(of room: String, seenBy userID: String, mayBeOutside: Bool) -> [RoomPeer] {
        let (user, name, now) = (ExactText(userID), ExactText(room), clock.now())
        let members = state.withLock { state in
            let isMember = state.table.touch(user, name, at: now)
            return isMember || mayBeOutside ? state.table.members(of: name) : []
        }
        return Self.peers(members)
    }

    /// The rooms that a user is in, with how many are, in the order of their names. A sign of life in each.
    package func rooms(of userID: String) -> [(name: String, members: Int)] {
        let (user, now) = (ExactText(userID), clock.now())
        let rooms = state.withLock { state in
            state.table.rooms(of: user).map { name in
                _ = state.table.touch(user, name, at: now)
                return (name: name, members: state.table.rooms[name]?.members.count ?? 0)
            }
        }
        return Self.sorted(rooms)
    }

    /// All rooms, with how many are in them, in the order of their names.
    package var allRooms: [(name: String, members: Int)] {
        Self.sorted(
            state.withLock { state in state.table.rooms.map { (name: $0.key, members: $0.value.members.count) } })
    }

    // MARK: Idleness

    /// Members that one ``sweep()`` lets go at most, so that it takes well under a millisecond.
    package static let sweepMaximum = 256

    /// Lets those go that nothing was heard of for too long, and returns how many that were; if they were ``sweepMaximum``, there may
    /// be more.
    @discardableResult
    package func sweep() -> Int {
        let now = clock.now()
        let idle = limits.idleMaximum.wholeNanoseconds
        guard now.nanoseconds >= idle else { return 0 }
        let limit = Instant(nanoseconds: now.nanoseconds - idle)
        let count = deliver { state in
            let gone = state.table.removeIdle(since: limit, atMost: Self.sweepMaximum)
            state.events += gone.map { RoomEvent(.leave, room: $0.room.text, userID: $0.user.text) }
            return gone.count
        }
        counters.evicted.add(count)
        return count
    }

    // MARK: Private detail

    private func check(_ data: [UInt8]?) throws(RoomError) {
        guard data?.count ?? 0 <= limits.dataBytesMaximum else {
            counters.refused.add()
            throw .dataTooLarge(maximum: limits.dataBytesMaximum)
        }
    }

    /// `deliver` for what may be refused.
    private func change<R: Sendable>(
        _ body: (inout State) throws(RoomError) -> R
    ) throws(RoomError) -> R {
        let result = deliver { state -> Result<R, RoomError> in
            do throws(RoomError) {
                return .success(try body(&state))
            } catch {
                return .failure(error)
            }
        }
        if case .failure = result { counters.refused.add() }
        return try result.get()
    }

    /// Runs `body` under the lock, then hands the events to the sink, without it.
    ///
    /// One thread does so at a time, for all: that keeps their order. Whoever comes meanwhile leaves theirs to it.
    private func deliver<R: Sendable>(_ body: (inout State) -> R) -> R {
        let (result, mayDeliver) = state.withLock { state in
            let result = body(&state)
            let mayDeliver = !state.isDelivering && !state.events.isEmpty
            if mayDeliver { state.isDelivering = true }
            return (result, mayDeliver)
        }
        guard mayDeliver else { return result }
        while true {
            let events = state.withLock { state in
                let events = state.events
                state.events = []
                state.isDelivering = !events.isEmpty
                return events
            }
            if events.isEmpty { return result }
            for event in events { sink(event) }
            counters.events.add(events.count)
        }
    }

    private static func peers(_ members: [RoomTable.Membership]) -> [RoomPeer] {
        members.sorted { $0.number < $1.number }.map {
            RoomPeer(userID: $0.user.text, data: $0.data, joinedAt: $0.joinedAt)
        }
    }

    private static func sorted(_ rooms: [(name: ExactText, members: Int)]) -> [(name: String, members: Int)] {
        rooms.sorted { $0.name < $1.name }.map { ($0.name.text, $0.members) }
    }
}
