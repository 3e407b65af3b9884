internal import PylonBytes
internal import PylonFanout
internal import PylonSimulation
internal import PylonTime

/// Who has a seat in a shard: every subscriber with a connection, and those whose last one went less than the grace ago. Belongs to the
/// shard's worker.
struct SeatTable {
    /// 100,000 seats held for those who are away, where the shard itself has no limit.
    static let heldMaximum = 100_000

    /// One subscriber's seat.
    final class Seat {
        let subscriber: SubscriberID
        fileprivate(set) var members: [Member] = []
        /// The connection that went last, while the seat is held.
        fileprivate var lost: Member?
        /// Until when it is held for one who has no connection.
        fileprivate(set) var heldUntil: Instant?
        /// Whether something of this subscriber was applied since its acknowledgement was last sent.
        fileprivate(set) var awaitsAcknowledgement = false

        fileprivate init(subscriber: SubscriberID) {
            self.subscriber = subscriber
        }
    }

    /// One connection at a seat.
    final class Member {
        let attachment: UInt64
        /// Nil for streams v1, which get neither tokens nor messages.
        let session: Session?

        fileprivate init(attachment: UInt64, session: Session?) {
            self.attachment = attachment
            self.session = session
        }
    }

    /// What belongs to a stream v2.
    final class Session {
        let recipient: MessageRecipient
        let token: ResumeToken
        /// The newest of the client's numbers that it was told has been applied.
        var acknowledged: UInt64?

        /// Whether its states are its own and carry their acknowledgement.
        let hasOwnState: Bool

        init(recipient: MessageRecipient, token: ResumeToken, acknowledged: UInt64?, hasOwnState: Bool) {
            self.hasOwnState = hasOwnState
            self.recipient = recipient
            self.token = token
            self.acknowledged = acknowledged
        }
    }

    private let grace: Duration
    private var seats: [SubscriberID: Seat] = [:]
    private(set) var sessionCount = 0
    /// Seats with something to acknowledge.
    private var awaiting: [Seat] = []
    /// Seats in the order in which they were left; some have been taken again since.
    private var held = Deque<Held>()
    private(set) var heldCount = 0

    private struct Held {
        let seat: Seat
        let until: Instant

        /// Whether the seat has neither been taken again since, nor left once more.
        var isCurrent: Bool { seat.heldUntil == until }
    }

    /// More than 64 entries of which most are of seats taken again: those are thrown out, so that whoever comes and goes adds nothing.
    private static let heldBeforeSweep = 64

    /// Nobody yet. Seats are held for `grace`.
    init(grace: Duration) {
        self.grace = grace
    }

    /// Whether anybody has a stream v2.
    var hasSessions: Bool { sessionCount > 0 }

    func isHeld(_ subscriber: SubscriberID) -> Bool { seats[subscriber]?.heldUntil != nil }

    /// The sessions of those who have a stream v2 by `transport`.
    func sessions(of subscriber: SubscriberID, _ transport: Transports) -> [Session] {
        seats[subscriber]?.members.compactMap { $0.session?.recipient.transport == transport ? $0.session : nil } ?? []
    }

    // MARK: Coming and going

    /// What a resume token is good for.
    struct Resumption {
        /// The connection that the token was given to.
        let previous: UInt64
        /// Whether that is still there.
        let isThere: Bool
    }

    /// What `token` means at the seat of `subscriber`; nil for nothing.
    func resumption(of subscriber: SubscriberID, _ token: ResumeToken?) -> Resumption? {
        guard let token, let seat = seats[subscriber] else { return nil }
        if let member = seat.members.first(where: { $0.session?.token == token }) {
            return Resumption(previous: member.attachment, isThere: true)
        }
        guard let lost = seat.lost, lost.session?.token == token else { return nil }
        return Resumption(previous: lost.attachment, isThere: false)
    }

    /// The tokens that are good at the seat of `subscriber`.
    func tokens(of subscriber: SubscriberID) -> [ResumeToken] {
        guard let seat = seats[subscriber] else { return [] }
        return (seat.members + (seat.lost.map { [$0] } ?? [])).compactMap { $0.session?.token }
    }

    /// Takes a connection in; returns whether the seat had been held, which it is no longer.
    mutating func attach(_ subscriber: SubscriberID, _ attachment: UInt64, session: Session?) -> Bool {
        let seat = seats[subscriber] ?? Seat(subscriber: subscriber)
        seats[subscriber] = seat
        seat.members.append(Member(attachment: attachment, session: session))
        if session != nil { sessionCount += 1 }
        guard seat.heldUntil != nil else { return false }
        seat.heldUntil = nil
        seat.lost = nil
        heldCount -= 1
        return true
    }

    /// Lets a connection go; returns whether its seat is held from now on, in which case the world is not to be told.
    mutating func detach(_ subscriber: SubscriberID, _ attachment: UInt64, now: Instant, holds: Bool) -> Bool {
        guard let seat = seats[subscriber],
            let index = seat.members.firstIndex(where: { $0.attachment == attachment })
        else { return false }
        let member = seat.members.remove(at: index)
        if member.session != nil { sessionCount -= 1 }
        guard seat.members.isEmpty else { return false }
        guard holds, grace > .zero, heldCount < Self.heldMaximum else {
            seats[subscriber] = nil
            return false
        }
        seat.lost = member
        seat.heldUntil = now + grace
        held.append(Held(seat: seat, until: now + grace))
        heldCount += 1
        if held.count > max(Self.heldBeforeSweep, heldCount * 2) { sweepHeld() }
        return true
    }

    private mutating func sweepHeld() {
        var current = Deque<Held>()
        for index in 0..<held.count where held[index].isCurrent { current.append(held[index]) }
        held = current
    }

    /// When the next held seat is to be given up; nil when none is held.
    var deadlineNext: Instant? { held.first?.until }

    /// Gives up the seats whose time is over; returns whose they were.
    mutating func takeExpired(now: Instant) -> [SubscriberID] {
        var expired: [SubscriberID] = []
        while let oldest = held.first, oldest.until <= now {
            held.removeFirst()
            guard oldest.isCurrent else { continue }
            oldest.seat.heldUntil = nil
            seats[oldest.seat.subscriber] = nil
            expired.append(oldest.seat.subscriber)
        }
        heldCount -= expired.count
        return expired
    }

    /// Gives up the seat that is held for `subscriber`; returns whether there was one.
    mutating func release(_ subscriber: SubscriberID) -> Bool {
        guard let seat = seats[subscriber], seat.heldUntil != nil else { return false }
        seat.heldUntil = nil
        seat.lost = nil
        seats[subscriber] = nil
        heldCount -= 1
        return true
    }

    /// Gives up all held seats at once; returns how many those were.
    mutating func forgetHeld() -> Int {
        let count = heldCount
        for index in 0..<held.count where held[index].isCurrent { seats[held[index].seat.subscriber] = nil }
        held.removeAll()
        heldCount = 0
        return count
    }

    // MARK: Acknowledging

    /// Notes that an input of `subscriber` was applied.
    mutating func noteApplied(_ subscriber: SubscriberID) {
        guard let seat = seats[subscriber], !seat.awaitsAcknowledgement else { return }
        seat.awaitsAcknowledgement = true
        awaiting.append(seat)
    }

    /// Calls `body` for each stream v2 whose subscriber had something applied since the last call.
    mutating func forEachAwaiting(_ body: (SubscriberID, Session) -> Void) {
        for seat in awaiting {
            seat.awaitsAcknowledgement = false
            for member in seat.members {
                if let session = member.session { body(seat.subscriber, session) }
            }
        }
        awaiting.removeAll(keepingCapacity: true)
    }
}
