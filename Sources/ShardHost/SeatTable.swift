internal import PylonBytes
internal import PylonFanout
internal import PylonNet
internal import PylonReplay
internal import PylonSimulation
internal import PylonTime

/// Who has a seat in a shard: every subscriber with a connection, those whose last one went less than the grace ago, and those who were
/// there when the process died from which the shard came back. Belongs to the shard's worker.
struct SeatTable {
    /// 100,000 seats held for those who are away, where the shard itself has no limit.
    static let heldMaximum = 100_000

    /// One subscriber's seat.
    final class Seat {
        let subscriber: SubscriberID
        fileprivate(set) var members: [Member] = []
        /// Connections that have gone and whose clients may come back for the seat.
        fileprivate var lost: [Lost] = []
        /// Until when it is held for one who has no connection.
        fileprivate(set) var heldUntil: Instant?
        /// What it counts against while it is held.
        fileprivate var address: IPAddress?
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
        fileprivate let address: IPAddress?

        fileprivate init(attachment: UInt64, session: Session?, address: IPAddress?) {
            self.attachment = attachment
            self.session = session
            self.address = address
        }
    }

    /// A connection that has gone, and what its client may come back with until when.
    fileprivate struct Lost {
        /// 0 for one of an earlier process.
        let attachment: UInt64
        let token: TokenDigest
        let until: Instant
    }

    /// What belongs to a stream v2.
    final class Session {
        let recipient: MessageRecipient
        let token: TokenDigest
        /// The token that it was taken up with, which is good until the client has said something over this connection: else one whose hello
        /// was lost, with its network or the process, would have none.
        var tokenBefore: TokenDigest?
        /// The newest of the client's numbers that it was told has been applied.
        var acknowledged: UInt64?

        /// Whether its states are its own and carry their acknowledgement.
        let hasOwnState: Bool

        init(recipient: MessageRecipient, token: TokenDigest, tokenBefore: TokenDigest?, hasOwnState: Bool) {
            self.hasOwnState = hasOwnState
            self.recipient = recipient
            self.token = token
            self.tokenBefore = tokenBefore
        }

        fileprivate func has(_ token: TokenDigest) -> Bool { self.token == token || tokenBefore == token }
    }

    private let grace: Duration
    private let cap: AddressCap
    private var seats: [SubscriberID: Seat] = [:]
    private(set) var sessionCount = 0
    /// Seats with something to acknowledge.
    private var awaiting: [Seat] = []
    /// Seats in the order in which they were left; some have been taken again since.
    private var held = Deque<Held>()
    /// The same of those from before a restart, which all end at the same time.
    private var restored = Deque<Held>()
    private(set) var heldCount = 0

    private struct Held {
        let seat: Seat
        let until: Instant

        /// Whether the seat has neither been taken again since, nor left once more.
        var isCurrent: Bool { seat.heldUntil == until }
    }

    /// More than 64 entries of which most are of seats taken again: those are thrown out, so that whoever comes and goes adds nothing.
    private static let heldBeforeSweep = 64

    /// Nobody yet. Seats are held for `grace`, of one address as many as `cap` has for it.
    init(grace: Duration, cap: AddressCap = .unlimited) {
        self.grace = grace
        self.cap = cap
    }

    /// Whether anybody has a stream v2.
    var hasSessions: Bool { sessionCount > 0 }

    func isHeld(_ subscriber: SubscriberID) -> Bool { seats[subscriber]?.heldUntil != nil }

    /// The sessions of those who have a stream v2 by `transport`.
    func sessions(of subscriber: SubscriberID, _ transport: Transports) -> [Session] {
        seats[subscriber]?.members.compactMap { $0.session?.recipient.transport == transport ? $0.session : nil } ?? []
    }

    /// Whether a subscriber has an event stream v2 besides those connections.
    func hasEventStream(_ subscriber: SubscriberID, besides attachments: [UInt64]) -> Bool {
        seats[subscriber]?.members.contains { member in
            member.session?.recipient.transport == .eventStreamV2 && !attachments.contains(member.attachment)
        } ?? false
    }

    // MARK: Coming and going

    /// What a resume token is good for.
    struct Resumption {
        /// The connection that the token was given to.
        let previous: UInt64
        /// Whether that is still there.
        let isThere: Bool
        let token: TokenDigest
    }

    /// What `token` means at the seat of `subscriber`; nil for nothing.
    func resumption(of subscriber: SubscriberID, _ token: TokenDigest?, now: Instant) -> Resumption? {
        guard let token, let seat = seats[subscriber] else { return nil }
        if let member = seat.members.first(where: { $0.session?.has(token) == true }) {
            return Resumption(previous: member.attachment, isThere: true, token: token)
        }
        guard let lost = seat.lost.first(where: { $0.token == token && $0.until > now }) else { return nil }
        return Resumption(previous: lost.attachment, isThere: false, token: token)
    }

    /// The tokens with which the seat of `subscriber` may be taken up.
    func tokens(of subscriber: SubscriberID, now: Instant) -> [TokenDigest] {
        seats[subscriber].map { Self.tokens(of: $0, now) } ?? []
    }

    private static func tokens(of seat: Seat, _ now: Instant) -> [TokenDigest] {
        var tokens = seat.lost.compactMap { $0.until > now ? $0.token : nil }
        for member in seat.members {
            if let before = member.session?.tokenBefore { tokens.append(before) }
            if let session = member.session { tokens.append(session.token) }
        }
        return tokens
    }

    /// All seats with tokens, in any order: what a later process needs to know of them. O(seats).
    func saved(now: Instant) -> [SavedSeat] {
        seats.values.compactMap { seat in
            let tokens = Self.tokens(of: seat, now)
            return tokens.isEmpty ? nil : SavedSeat(subscriber: seat.subscriber, tokens: tokens)
        }
    }

    /// Takes a connection in; returns whether the seat had been held, which it is no longer. Whoever begins anew, with a stream v2 and no token
    /// that is good, ends what others could have come back with.
    mutating func attach(
        _ subscriber: SubscriberID, _ attachment: UInt64, at address: IPAddress?, session: Session?
    ) -> Bool {
        let seat = seats[subscriber] ?? Seat(subscriber: subscriber)
        seats[subscriber] = seat
        seat.members.append(Member(attachment: attachment, session: session, address: address))
        if let session {
            sessionCount += 1
            if let token = session.tokenBefore { seat.lost.removeAll { $0.token == token } } else { seat.lost = [] }
        }
        guard seat.heldUntil != nil else { return false }
        letGo(seat)
        heldCount -= 1
        return true
    }

    /// The client has its hello: the token that it came with is used up. False when there is none, or no more.
    func confirmToken(of subscriber: SubscriberID, _ attachment: UInt64) -> Bool {
        guard let member = seats[subscriber]?.members.first(where: { $0.attachment == attachment }),
            let session = member.session, session.tokenBefore != nil
        else { return false }
        session.tokenBefore = nil
        return true
    }

    /// The seat is no longer held.
    private func letGo(_ seat: Seat) {
        seat.heldUntil = nil
        cap.release(seat.address)
        seat.address = nil
    }

    /// Lets a connection go; returns whether its seat is held from now on, in which case the world is not to be told.
    mutating func detach(_ subscriber: SubscriberID, _ attachment: UInt64, now: Instant, holds: Bool) -> Bool {
        guard let seat = seats[subscriber],
            let index = seat.members.firstIndex(where: { $0.attachment == attachment })
        else { return false }
        let member = seat.members.remove(at: index)
        if member.session != nil { sessionCount -= 1 }
        guard seat.members.isEmpty else { return false }
        guard holds, grace > .zero, heldCount < Self.heldMaximum, cap.admit(member.address) else {
            seats[subscriber] = nil
            return false
        }
        if let session = member.session {
            seat.lost.removeAll { $0.until <= now }
            for token in [session.tokenBefore, session.token].compactMap({ $0 }) {
                seat.lost.append(Lost(attachment: attachment, token: token, until: now + grace))
            }
        }
        seat.heldUntil = now + grace
        seat.address = member.address
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

    /// Holds the seat of one who was there when an earlier process died, to be taken up with one of `tokens` or without. False, and nothing is
    /// held, when too many are. Called before anybody can connect, with the same time for all.
    mutating func restore(_ subscriber: SubscriberID, tokens: [TokenDigest], until: Instant) -> Bool {
        guard heldCount < Self.heldMaximum else { return false }
        let seat = Seat(subscriber: subscriber)
        seat.lost = tokens.map { Lost(attachment: 0, token: $0, until: until) }
        seat.heldUntil = until
        seats[subscriber] = seat
        restored.append(Held(seat: seat, until: until))
        heldCount += 1
        return true
    }

    /// When the next seat that was left here is to be given up; nil when none is held.
    var deadlineNext: Instant? { held.first?.until }

    /// Gives up the seats whose time is over; returns whose they were.
    mutating func takeExpired(now: Instant) -> [SubscriberID] {
        let expired = Self.takeExpired(of: &restored, now) + Self.takeExpired(of: &held, now)
        for seat in expired {
            letGo(seat)
            seats[seat.subscriber] = nil
        }
        heldCount -= expired.count
        return expired.map(\.subscriber)
    }

    private static func takeExpired(of held: inout Deque<Held>, _ now: Instant) -> [Seat] {
        var expired: [Seat] = []
        while let oldest = held.first, oldest.until <= now {
            held.removeFirst()
            guard oldest.isCurrent else { continue }
            // Twice in the queue it is given up once.
            oldest.seat.heldUntil = nil
            expired.append(oldest.seat)
        }
        return expired
    }

    /// Gives up the seat that is held for `subscriber`; returns whether there was one.
    mutating func release(_ subscriber: SubscriberID) -> Bool {
        guard let seat = seats[subscriber], seat.heldUntil != nil else { return false }
        letGo(seat)
        seats[subscriber] = nil
        heldCount -= 1
        return true
    }

    /// Gives up all held seats at once; returns how many those were.
    mutating func forgetHeld() -> Int {
        let count = heldCount
        for held in [held, restored] {
            for index in 0..<held.count where held[index].isCurrent {
                letGo(held[index].seat)
                seats[held[index].seat.subscriber] = nil
            }
        }
        held.removeAll()
        restored.removeAll()
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
