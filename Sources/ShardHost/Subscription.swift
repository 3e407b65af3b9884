internal import PylonBytes
internal import PylonFanout
internal import PylonNet
package import PylonSimulation
package import PylonTime

/// One connection's place in a shard. Belongs to the connection's loop.
package final class Subscription: @unchecked Sendable {
    // Safety: the variables are touched on the connection's loop only.

    package let shard: any ShardHandle
    package let subscriber: SubscriberID
    package let caller: Caller
    package let role: SubscriberRole
    let attachment: UInt64
    /// Where refusals behind the queue go.
    let origin: InputOrigin
    private let transport: Transports
    /// Let go of at the end: the connection holds its handler, and that holds this.
    private var connection: ConnectionReference?
    /// How the connection follows its subscriber to another shard.
    private let follow: (@Sendable (any ShardHandle, Passage) -> Void)?
    /// Where the connection is in the list, nil when it is in none.
    private var stripe: Stripe?
    /// The same of the events that a stream v2 carries besides.
    private var eventStripe: Stripe?
    /// Where a stream v2 gets the messages for itself alone.
    let recipient: MessageRecipient?
    /// The hashes of what the subscriber sees.
    private var hashes: SnapshotHashes?
    /// The tick from which on the subscriber has the view that it has.
    private var viewSince: UInt64 = 0
    /// Acknowledgements of earlier ticks may be of another view, or of states that the client has lost.
    private var basesSince: UInt64 = 0
    private var isHeard = false
    /// The same of a state of its own: every how many ticks the shard knows its hash, 0 for never.
    private var hashTicks: UInt64 = 0
    /// Hashes that the worker has not compared yet.
    private var comparing = 0
    /// 8: what a client sends that gets through a stall. More are not compared.
    private static let comparingMaximum = 8

    init(shard: any ShardHandle, attachment: UInt64, request: SubscribeRequest, recipient: MessageRecipient? = nil) {
        self.shard = shard
        self.attachment = attachment
        self.recipient = recipient
        origin = recipient == nil ? .unanswered : .connection(attachment)
        subscriber = request.subscriber
        caller = request.caller
        role = request.role
        transport = request.transport
        connection = request.connection
        follow = request.follow
    }

    /// Leaves the shard. Called when the connection closes; more than once does no harm.
    package func cancel() {
        guard leaveStripes() != nil else { return }
        shard.detach(attachment: attachment)
    }

    /// Follows the subscriber to another shard, behind everything of this one. The worker has let the connection go already.
    func follow(to target: any ShardHandle) {
        (stripe as? EventStripe)?.settle()
        (eventStripe as? EventStripe)?.settle()
        guard let connection = leaveStripes() else { return }
        // No more inputs come here from now on.
        shard.detach(attachment: attachment)
        guard connection.isOpen else { return }
        guard let follow else {
            (connection.handler as? StreamHandler)?.end(.moved(to: target.id), on: connection)
            return
        }
        connection.concludeStream()
        connection.pauseReading()
        follow(target, Passage(source: shard.id, isVouched: true, isStream: true, hops: 0))
    }

    /// Takes the connection out of everything; nil when that has been done.
    private func leaveStripes() -> Connection? {
        guard let connection = self.connection?.onLoop else { return nil }
        self.connection = nil
        stripe?.remove(connection, from: transport)
        stripe = nil
        eventStripe?.remove(connection, from: transport.ofEvents)
        eventStripe = nil
        recipient?.end()
        return connection
    }

    /// Starts a stream of snapshots with its first frame.
    func begin(on stripe: SnapshotStripe, first: Frame) {
        guard let connection = openConnection() else { return }
        self.stripe = stripe
        stripe.attach(connection, as: transport, first: first)
    }

    /// Starts a stream of events with what comes before the next one.
    func begin(on stripe: EventStripe, opening: [SharedBytes]) {
        guard let connection = openConnection() else { return }
        self.stripe = stripe
        stripe.attach(connection, as: transport, opening: opening)
    }

    /// Starts a stream v2: its hello, the state, then the events it misses.
    func begin(_ opening: SessionOpening) {
        guard let connection = openConnection() else { return }
        recipient?.begin(connection)
        forgetAcknowledged(of: connection, before: opening.first?.tick.number ?? 0)
        hashTicks = opening.hashTicks
        connection.write { $0.append(opening.hello.unsafeBytes) }
        if let stripe = opening.stripe {
            self.stripe = stripe
            hashes = opening.hashes
            viewSince = opening.first?.tick.number ?? 0
            stripe.attach(connection, as: transport, first: opening.first)
        }
        eventStripe = opening.eventStripe
        opening.eventStripe?.attach(connection, as: transport.ofEvents, opening: opening.events)
    }

    /// Follows the subscriber into another view. It comes behind `begin` in the lane.
    func move(to next: SnapshotStripe, hashes: SnapshotHashes?, tick: Tick) {
        guard let stripe, let connection = connection?.onLoop else { return }
        stripe.remove(connection, from: transport)
        self.stripe = next
        self.hashes = hashes
        viewSince = tick.number
        // Of this tick it may have been sent the former view already, when it asked for a whole state.
        forgetAcknowledged(of: connection, before: max(tick.number, basesSince + 1))
        next.attach(connection, as: transport, first: nil)
    }

    /// Sends the whole state of now, in its turn among the others.
    func sendState(_ frame: Frame) {
        guard let stripe = stripe as? SnapshotStripe, let connection = connection?.onLoop, connection.isOpen else {
            return
        }
        // Who asks has lost the states that the next ones could lead from.
        forgetAcknowledged(of: connection, before: max(basesSince, frame.tick.number))
        stripe.resend(frame, to: connection, as: transport)
    }

    /// Notes that the client has said something.
    package func noteHeard() {
        guard !isHeard else { return }
        isHeard = true
        if role == .player { shard.noteHeard(self) }
    }

    /// Notes the newest state that the client has. Of use where states are sent as changes.
    package func acknowledge(_ tick: Tick) {
        recipient?.acknowledge(tick)
        guard tick.number >= basesSince, let connection = connection?.onLoop else { return }
        (stripe as? SnapshotStripe)?.acknowledge(tick, by: connection)
    }

    private func forgetAcknowledged(of connection: Connection, before tick: UInt64) {
        connection.stateAcknowledged = 0
        basesSince = tick
    }

    /// Whether the client's state of `tick` was another than the shard's; false as well when that is not known any more.
    package func differs(tick: UInt64, hash: UInt64) -> Bool {
        guard tick >= viewSince, let verdict = hashes?.compare(tick: tick, hash: hash), verdict != .unknown else {
            return false
        }
        shard.countComparison(differs: verdict == .different)
        return verdict == .different
    }

    /// Compares the client's hash of its state of `tick` with the shard's; `differs` is called on the connection's loop if the two are known to
    /// differ: at once for a state that many share, after a while for one of its own, which the worker alone can tell.
    package func compare(tick: UInt64, hash: UInt64, differs: @escaping @Sendable () -> Void) {
        guard hashTicks > 0 else {
            if self.differs(tick: tick, hash: hash) { differs() }
            return
        }
        guard tick % hashTicks == 0, comparing < Self.comparingMaximum else { return }
        comparing += 1
        shard.compare(Tick(tick), hash: hash, of: self) { [self] isAnother in
            comparing -= 1
            if isAnother { differs() }
        }
    }

    private func openConnection() -> Connection? {
        guard let connection = connection?.onLoop else { return nil }
        guard connection.isOpen else {
            // Whoever was answered has closed it.
            cancel()
            return nil
        }
        return connection
    }
}

/// What a stream v2 begins with.
struct SessionOpening: Sendable {
    let hello: SharedBytes
    /// The state, and where the next ones come from; nil for a state of its own, which comes by itself.
    var first: Frame?
    var stripe: SnapshotStripe?
    var hashes: SnapshotHashes?
    /// Every how many ticks the worker knows the hash of a state of its own.
    var hashTicks: UInt64 = 0
    /// The events that it misses, if it follows them.
    var events: [SharedBytes] = []
    var eventStripe: EventStripe?
}
