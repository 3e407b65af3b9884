internal import PylonBytes
internal import PylonEventLoop
internal import PylonEventStream
internal import PylonFanout
internal import PylonJSON
internal import PylonNet
internal import PylonSimulation
internal import PylonStreamProtocol
internal import PylonTelemetry
internal import PylonTime
internal import Synchronization

/// What a shard does for streams v2 and for seats. On its worker.
extension ShardRunner {
    /// A connection that has been let in, and whose stream begins.
    struct Admission {
        let request: SubscribeRequest
        let attachment: UInt64
        let resumption: SeatTable.Resumption?
        /// The token and the place at the seat of a stream v2; nil for a stream v1.
        let token: ResumeToken?
        let session: SeatTable.Session?

        /// Whether it comes from another shard that vouches for it.
        let isAwaited: Bool

        var isResumed: Bool { resumption != nil || isAwaited }
    }

    /// The names of the messages in event streams.
    enum MessageName {
        static var hello: EventName? { EventName("hello") }
        static var acknowledgement: EventName? { EventName("ack") }
        static var error: EventName? { EventName("error") }
    }

    // MARK: Seats

    /// What the request's resume token is good for; nil for nothing.
    func resumption(of request: SubscribeRequest) -> SeatTable.Resumption? {
        guard case .session(let options) = request.stream else { return nil }
        let table = request.role == .player ? seats : spectatorSeats
        return table.resumption(
            of: request.subscriber, options.resumeToken?.digest, now: worker.clock.now())
    }

    /// The places that others have, held ones included.
    func placesTaken(besides request: SubscribeRequest, _ resumption: SeatTable.Resumption?) -> Int {
        let isPlayer = request.role == .player
        let table = isPlayer ? seats : spectatorSeats
        let own =
            (table.isHeld(request.subscriber) ? 1 : 0)
            + (isPlayer && handoffs.arrivals[request.subscriber] != nil ? 1 : 0)
            + (resumption?.isThere == true ? 1 : 0)
        let held = seats.heldCount + spectatorSeats.heldCount + handoffs.arrivals.count
        return audience.count + keeping.admissionsWaiting + held - own
    }

    /// Takes the subscriber in; the world hears of it unless the seat was held.
    func takeSeat(_ admission: Admission) {
        let (subscriber, role) = (admission.request.subscriber, admission.request.role)
        let (address, session) = (admission.request.address, admission.session)
        attach(subscriber, as: role)
        noteRoles(of: subscriber)
        if session != nil { counters.sessions.add(1) }
        if role == .player { releaseArrival(subscriber) }
        let wasHeld =
            role == .player
            ? seats.attach(subscriber, admission.attachment, at: address, session: session)
            // Only after a restart is anything held for those who only look on.
            : spectatorSeats.attach(subscriber, admission.attachment, at: address, session: session)
        if role == .player, session != nil { noteTokens(of: subscriber) }
        guard wasHeld else { return }
        // The connection that the held seat stood for.
        detach(subscriber, as: role)
        counters.seatsHeld.add(-1)
        counters.seatsResumed.add()
    }

    /// Lets a connection go. The world hears of the last unless the seat is held from now on.
    func leaveSeat(
        _ subscriber: SubscriberID, as role: SubscriberRole, _ attachment: UInt64, holds: Bool = true
    ) {
        defer { noteRoles(of: subscriber) }
        guard role == .player else { return leaveSpectatorSeat(subscriber, attachment) }
        let now = worker.clock.now()
        queue.detach(attachment)
        let sessionsBefore = seats.sessionCount
        let isHeld = seats.detach(subscriber, attachment, now: now, holds: isRunning && holds)
        counters.sessions.add(seats.sessionCount - sessionsBefore)
        if seats.sessionCount != sessionsBefore { noteTokens(of: subscriber) }
        guard isHeld else { return detach(subscriber) }
        counters.seatsHeld.add(1)
        guard !awaitsSeatExpiry, let deadline = seats.deadlineNext else { return }
        awaitsSeatExpiry = true
        worker.schedule(SeatExpiry(runner: self), at: deadline)
    }

    private func leaveSpectatorSeat(_ subscriber: SubscriberID, _ attachment: UInt64) {
        let sessionsBefore = spectatorSeats.sessionCount
        _ = spectatorSeats.detach(subscriber, attachment, now: worker.clock.now(), holds: false)
        counters.sessions.add(spectatorSeats.sessionCount - sessionsBefore)
        detach(subscriber, as: .spectator)
    }

    /// Tells other threads who takes part, after that may have changed.
    func noteRoles(of subscriber: SubscriberID) {
        status.note(subscriber, isPlaying: shard.isAttached(subscriber))
        status.spectators.store(shard.spectatorCount, ordering: .relaxed)
    }

    /// Gives up the seats whose grace is over.
    func expireSeats(now: Instant) -> Instant? {
        let expired = seats.takeExpired(now: now)
        for subscriber in expired {
            detach(subscriber)
            noteRoles(of: subscriber)
        }
        let onlookers = spectatorSeats.takeExpired(now: now)
        for subscriber in onlookers {
            detach(subscriber, as: .spectator)
            noteRoles(of: subscriber)
        }
        let count = expired.count + onlookers.count
        counters.seatsHeld.add(-count)
        counters.seatsExpired.add(count)
        if count > 0, shard.configuration.tickRate.isEventDriven { audience.forgetLatest() }
        let next = isRunning ? seats.deadlineNext : nil
        awaitsSeatExpiry = next != nil
        return next
    }

    /// The worker's reminder of held seats.
    private final class SeatExpiry: TickTask {
        private let runner: ShardRunner

        init(runner: ShardRunner) {
            self.runner = runner
        }

        func run(now: Instant) -> Instant? { runner.expireSeats(now: now) }
    }

    // MARK: Opening

    /// Gives a connection its number and, for a stream v2, its token.
    func admission(
        of request: SubscribeRequest, _ resumption: SeatTable.Resumption?, isAwaited: Bool
    ) -> Admission {
        let attachment = audience.makeAttachment()
        guard case .session = request.stream else {
            return Admission(
                request: request, attachment: attachment, resumption: resumption, token: nil, session: nil,
                isAwaited: isAwaited)
        }
        let token = ResumeToken()
        let session = SeatTable.Session(
            recipient: MessageRecipient(loop: request.connection.loop, transport: request.transport),
            token: token.digest, tokenBefore: resumption?.token,
            hasOwnState: audience.schema(for: request.transport) != nil)
        return Admission(
            request: request, attachment: attachment, resumption: resumption, token: token, session: session,
            isAwaited: isAwaited)
    }

    /// Prepares the beginning of a stream v2; nil for a stream v1.
    func startSession(_ admission: Admission) -> SessionStart? {
        let subscriber = admission.request.subscriber
        guard case .session(let options) = admission.request.stream, let session = admission.session,
            let token = admission.token
        else { return nil }
        // Whoever begins anew counts its inputs anew.
        let acknowledgement = admission.isResumed ? acknowledgement(of: subscriber) : nil
        session.acknowledged = acknowledgement?.clientSequence
        return SessionStart(
            hello: hello(to: admission, options, token, acknowledgement), recipient: session.recipient,
            followsEvents: options.followsEvents,
            sequenceIgnored: admission.isResumed ? nil : shard.acknowledgement(of: subscriber)?.serverSequence)
    }

    private func hello(
        to admission: Admission, _ options: SessionOptions, _ token: ResumeToken,
        _ acknowledgement: ServerMessage.Acknowledgement?
    ) -> SharedBytes {
        let request = admission.request
        var hello = ServerMessage.Hello()
        hello.shard = id
        hello.subscriber = request.subscriber.name
        hello.tick = shard.tick.number
        hello.settings = ServerMessage.Settings(shard.configuration)
        hello.serverMilliseconds = worker.clock.now().milliseconds
        hello.resumeToken = token.text
        hello.isResumed = admission.isResumed
        hello.movedFrom = request.passage?.source
        hello.schema = audience.schema(for: request.transport)
        hello.hasDeltas = options.takesDeltas && hello.schema == nil && request.transport.isWebSocket
        hello.acknowledgement = acknowledgement
        if options.followsEvents { hello.eventSequence = (options.eventCursor ?? audience.eventLast).number }
        var json = JSONWriter()
        ServerMessage.write(hello, into: &json)
        var text = ByteBuffer()
        var message = ByteBuffer()
        json.withUnsafeBytes {
            MessagePost.frame($0, MessageName.hello, for: request.transport, text: &text, into: &message)
        }
        return SharedBytes(message)
    }

    /// Has newcomers to a world of entities sent their first state, all who came at once together.
    func sendFirstStates(_ request: SubscribeRequest) {
        guard !awaitsFirstStates, case .session = request.stream, audience.schema(for: request.transport) != nil
        else { return }
        awaitsFirstStates = true
        worker.submit { [self] in
            awaitsFirstStates = false
            whenShown { [self] in
                if isRunning { audience.publishFirstStates(of: shard) }
            }
        }
    }

    // MARK: Answering

    /// Notes what is to be told to the senders of the step's inputs.
    func noteAnswers(_ inputs: [Shard<World>.QueuedInput]) {
        for failure in shard.failures {
            let error: ShardError =
                failure.error is HandoffUnderWay
                ? .moving : .inputMalformed(reason: inputRefusalReason(failure.error))
            refuse(failure.origin, failure.subscriber, failure.clientSequence, error)
        }
        for input in inputs where input.clientSequence != nil { seats.noteApplied(input.subscriber) }
    }

    /// Tells the senders what became of their inputs: refusals at once, acknowledgements with the state.
    func sendAnswers(acknowledging isDue: Bool) {
        if isDue { acknowledge() }
        audience.post.flush()
    }

    private func acknowledge() {
        seats.forEachAwaiting { subscriber, session in
            // A state of entities has it in its head.
            guard !session.hasOwnState, let acknowledgement = acknowledgement(of: subscriber),
                session.acknowledged != acknowledgement.clientSequence
            else { return }
            session.acknowledged = acknowledgement.clientSequence
            counters.acknowledgements.add()
            audience.post.send(MessageName.acknowledgement, to: session.recipient) {
                ServerMessage.write(acknowledgement, into: &$0)
            }
        }
    }

    private func acknowledgement(of subscriber: SubscriberID) -> ServerMessage.Acknowledgement? {
        guard let newest = shard.acknowledgement(of: subscriber), let number = newest.clientSequence else { return nil }
        return ServerMessage.Acknowledgement(
            clientSequence: number, sequence: newest.serverSequence, tick: newest.tick.number)
    }

    /// Tells whoever sent an input that it was refused behind the queue.
    func refuse(_ origin: InputOrigin, _ subscriber: SubscriberID, _ clientSequence: UInt64?, _ error: ShardError) {
        let recipients: [MessageRecipient] =
            switch origin {
            case .unanswered: []
            case .connection(let attachment): audience.recipient(of: attachment).map { [$0] } ?? []
            case .request: seats.sessions(of: subscriber, .eventStreamV2).map(\.recipient)
            }
        for recipient in recipients {
            audience.post.send(MessageName.error, to: recipient) {
                ServerMessage.writeError(error.streamCode, error.message, clientSequence: clientSequence, into: &$0)
            }
        }
    }

    func countComparison(differs: Bool) {
        counters.hashesCompared.add()
        if differs { counters.desyncs.add() }
    }

    /// 64 hashes that wait to be compared: some milliseconds of the worker's time.
    private static var comparisonsWaitingMaximum: Int { 64 }

    func compare(_ tick: Tick, hash: UInt64, of subscription: Subscription, answer: @escaping @Sendable (Bool) -> Void)
    {
        let (attachment, loop) = (subscription.attachment, subscription.recipient?.loop)
        // All clients come with the same tick at once; those of the others wait for nothing, and for a later one.
        guard comparisonsWaiting.wrappingAdd(1, ordering: .relaxed).newValue <= Self.comparisonsWaitingMaximum else {
            comparisonsWaiting.wrappingSubtract(1, ordering: .relaxed)
            loop?.submit { answer(false) }
            return
        }
        worker.submit { [self] in
            defer { comparisonsWaiting.wrappingSubtract(1, ordering: .relaxed) }
            let known = isRunning ? audience.takeHash(attachment, of: tick, shard) : nil
            if let known { countComparison(differs: known != hash) }
            loop?.submit { answer(known != nil && known != hash) }
        }
    }

    func noteHeard(_ subscription: Subscription) {
        let (attachment, subscriber) = (subscription.attachment, subscription.subscriber)
        worker.submit { [self] in
            if seats.confirmToken(of: subscriber, attachment) { noteTokens(of: subscriber) }
        }
    }

    func resendState(to subscription: Subscription) {
        let attachment = subscription.attachment
        worker.submit { [self] in
            // Where too much waits for the disk the client asks again.
            guard journal?.hasRoom != false else { return }
            whenShown { [self] in
                if isRunning { audience.resendState(to: attachment, shard) }
            }
        }
    }
}

extension ServerMessage.Settings {
    init(_ configuration: ShardConfiguration) {
        self.init()
        tickRateHertz = configuration.tickRate.hertz
        ticksPerSnapshot = configuration.ticksPerSnapshot
        inputDelayTicks = configuration.inputDelayTicks
        inputsPerSecond = configuration.inputsPerSecond
        reconnectGraceMilliseconds = Int(configuration.reconnectGrace.wholeNanoseconds / 1_000_000)
        hashTicks = configuration.hashTicks
    }
}
