internal import PylonBytes
internal import PylonEventLoop
internal import PylonJSON
internal import PylonNet
internal import PylonThreading
internal import PylonTime
internal import PylonWebSocket

/// Keeps one shard's stream: opens it, watches it, and opens it again when it is cut.
///
/// On the group's loop, except where it says otherwise.
final class StreamKeeper: StreamLinkOwner, @unchecked Sendable {
    // Safety: everything mutable belongs to the group's loop, which `assertOnLoop` checks where channels are made; `queue` and `view` lock.

    /// A way in that shows nothing for this long is given up.
    static let firstMessageMaximum: Duration = .seconds(4)
    /// A WebSocket of stream v2 that says nothing for so long is dead: it answers pings at least.
    static let silenceMaximum: Duration = .seconds(10)
    static let pingInterval: Duration = .seconds(2)
    /// The first pings come quickly, so that the clock is soon good.
    static let firstPings = 5
    static let firstPingInterval: Duration = .milliseconds(200)

    /// What others see of a connection.
    struct View {
        var status = ShardStatus.connecting
        var hello: ShardHello?
        var replica: Replica?
        var clock = ServerClock()
        var acknowledged: UInt64 = 0
        var tick = Tick(0)
        var transport: ShardTransport?
    }

    let queue: MessageQueue
    let view = Lock(View())
    let group: ClientGroup
    let options: ShardOptions
    private let endpoint: Endpoint
    private let routes: [Route]
    private let loop: EventLoop
    private var session: ShardSession
    private var backoff: Backoff
    private var generator = SystemRandomNumberGenerator()
    /// Told once whether a first stream came to life.
    private var first: ((Result<Void, ClientError>) -> Void)?
    private var choice: RouteChoice
    /// Rises with each attempt, so that what belongs to an earlier one is recognised.
    private var attemptNumber: UInt64 = 0
    private var began = Instant(nanoseconds: 0)
    /// Anything at all came over the present stream.
    private var isUseful = false
    private var isLive = false
    private var isClosed = false
    private var tokenTask: Task<Void, Never>?
    private var connector: Connector?
    private var link: (any StreamLink)?
    private var pingsSent = 0
    private var watchDeadline = Instant.distantFuture
    private var watchArmed = Instant.distantFuture
    private var watchNumber: UInt64 = 0

    init(_ endpoint: Endpoint, _ options: ShardOptions, _ group: ClientGroup) {
        self.endpoint = endpoint
        self.options = options
        self.group = group
        loop = group.loop
        routes = endpoint.routes(options.transport, usesShardPort: options.usesShardPort)
        choice = RouteChoice(count: routes.count)
        session = ShardSession(options: options)
        backoff = options.backoff
        queue = MessageQueue(statesMaximum: options.statesWaitingMaximum, eventsMaximum: options.eventsWaitingMaximum)
    }

    /// Begins. `first` is told once whether a first stream came to life.
    func start(first: @escaping (Result<Void, ClientError>) -> Void) {
        guard !isClosed else { return first(.failure(.closedHere)) }
        group.add(self)
        self.first = first
        tell(.status(.connecting))
        attempt()
    }

    /// Ends it for good.
    func close() {
        finish(.closedHere, .closedHere)
    }

    private func finish(_ ending: ShardEnding, _ error: ClientError) {
        guard !isClosed else { return }
        isClosed = true
        leaveStream()
        setStatus(.closed(ending))
        queue.end()
        first?(.failure(error))
        first = nil
        group.remove(self)
    }

    private func leaveStream() {
        attemptNumber += 1
        watch(nil)
        tokenTask?.cancel()
        tokenTask = nil
        connector?.cancel()
        connector = nil
        link?.close()
        link = nil
        isLive = false
        session.ended()
    }

    // MARK: Opening

    private func attempt() {
        attemptNumber += 1
        let number = attemptNumber
        began = loop.now
        isUseful = false
        switch options.token {
        case .none: resolve(token: nil)
        case .fixed(let token): resolve(token: token)
        case .provider(let ask):
            tokenTask = Task {
                let token: Result<String, ClientError>
                do { token = .success(try await ask()) } catch { token = .failure(.tokenUnavailable("\(error)")) }
                group.submit { self.has(token, for: number) }
            }
        }
    }

    private func has(_ token: Result<String, ClientError>, for number: UInt64) {
        guard number == attemptNumber else { return }
        tokenTask = nil
        do throws(ClientError) {
            let token = try token.get()
            try ShardOptions.check(token: token)
            resolve(token: token)
        } catch {
            ended(.broken(error))
        }
    }

    private func resolve(token: String?) {
        watch(Self.firstMessageMaximum)
        let number = attemptNumber
        endpoint.resolve(port: routes[choice.current].port, in: group) { [self] destination in
            guard number == attemptNumber else { return }
            do throws(ClientError) { open(try destination.get(), token: token) } catch { ended(.broken(error)) }
        }
    }

    private func open(_ destination: Connector.Destination, token: String?) {
        let route = routes[choice.current]
        let isLocal = if case .local = destination { true } else { false }
        let request = StreamRequest(
            shard: session.shard, query: session.query, token: token, host: endpoint.hostField(port: route.port),
            prefersVersion2: options.prefersVersion2, compresses: options.compresses && !isLocal,
            messageBytesMaximum: options.messageBytesMaximum)
        let link: any StreamLink =
            switch route.transport {
            case .webSocket: WebSocketLink(request, owner: self)
            case .serverSentEvents:
                EventStreamLink(request, poster: poster(request, to: destination), owner: self)
            }
        self.link = link
        do throws(SystemError) {
            connector = try Connector.connect(
                to: destination, on: loop, counters: group.counters, deadline: .distantFuture,
                connected: { [unowned self] connection in
                    connector = nil
                    return link.begin(on: connection)
                },
                failed: { [unowned self] error in
                    connector = nil
                    ended(.broken(.unreachable(error.description)))
                })
        } catch {
            ended(.broken(.unreachable(error.description)))
        }
    }

    private func poster(_ request: StreamRequest, to destination: Connector.Destination) -> InputPoster {
        InputPoster(request, to: destination, on: loop, counters: group.counters) { [unowned self] refusal in
            take(.refusal(refusal), bytesCount: 0)
        }
    }

    // MARK: The stream

    func link(_ link: any StreamLink, openedAs isV2: Bool?) {
        guard link === self.link else { return }
        perform(session.opened(isV2: isV2))
    }

    func link(_ link: any StreamLink, received message: Result<IncomingMessage, ClientError>, bytesCount: Int) {
        guard link === self.link else { return }
        switch message {
        case .success(let message): take(message, bytesCount: bytesCount)
        case .failure(let error): tell(.failure(error))
        }
        guard link === self.link else { return }
        isUseful = true
        let isPinged = session.isV2 == true && routes[choice.current].transport == .webSocket
        watch(options.silenceMaximum ?? (isPinged ? Self.silenceMaximum : nil))
    }

    private func take(_ message: IncomingMessage, bytesCount: Int) {
        let steps = session.received(message, bytesCount: bytesCount, at: loop.clock.now())
        // Before anybody reads of it.
        view.withLock { view in
            view.hello = session.hello
            view.replica = session.replica
            view.clock = session.clock
            view.acknowledged = session.acknowledged
        }
        perform(steps)
    }

    private func perform(_ steps: [ShardSession.Step]) {
        let number = attemptNumber
        for step in steps {
            // What an earlier step has ended is over for the later ones, too.
            guard number == attemptNumber else { return }
            switch step {
            case .deliver(.event(let event)):
                guard queue.put(.event(event)) else { return overflow() }
                session.delivered(event: event.sequence)
            case .deliver(let message):
                if case .state(let state) = message { view.withLock { $0.tick = state.tick } }
                tell(message)
            case .send(let bytes, let isText): _ = link?.send(bytes, isText: isText)
            case .sendAgain(let bytes): link?.sendAgain(bytes)
            case .becomeLive: becomeLive()
            case .give(let error): finish(.failed(error), error)
            }
        }
    }

    private func becomeLive() {
        isLive = true
        setStatus(.live)
        first?(.success(()))
        first = nil
        guard session.isV2 == true, routes[choice.current].transport == .webSocket else { return }
        pingsSent = 0
        ping(for: attemptNumber)
    }

    private func ping(for number: UInt64) {
        guard number == attemptNumber, isLive else { return }
        _ = link?.send(session.ping(at: loop.clock.now()), isText: true)
        pingsSent += 1
        let interval = pingsSent < Self.firstPings ? Self.firstPingInterval : Self.pingInterval
        loop.schedule(after: interval) { self.ping(for: number) }
    }

    /// Nobody reads the events: the stream ends, and goes on behind the last that waits once all have been read.
    private func overflow() {
        leaveStream()
        let number = attemptNumber
        tell(.failure(.eventsOverflowed(limit: options.eventsWaitingMaximum)))
        setStatus(.lost)
        queue.whenEventsAreRead { [self] in
            group.submit { if number == self.attemptNumber { self.rest(.zero) } }
        }
    }

    // MARK: Ending

    func link(_ link: any StreamLink, ended ending: StreamEnding) {
        guard link === self.link else { return }
        ended(ending)
    }

    private func ended(_ ending: StreamEnding) {
        guard !isClosed else { return }
        let bye = session.bye
        let lived = isUseful ? loop.now - began : .zero
        leaveStream()
        if ending.losesCursor(bye), session.eventLast != nil {
            session.forgetCursor()
            tell(.failure(.eventsLost))
        }
        let mayChangeToken = if case .provider = options.token { true } else { false }
        let verdict = ending.verdict(bye, mayChangeToken: mayChangeToken)
        guard first == nil || options.waitsForServer else { return endedBeforeFirst(ending) }
        switch verdict {
        case .giveUp(let reason): finish(reason, ending.error)
        case .comeBack where !options.reconnects: finish(bye.map { .bye($0) } ?? .failed(ending.error), ending.error)
        case .comeBack(let wait):
            if bye == nil { tell(.failure(ending.error)) }
            setStatus(.lost)
            if isUseful { choice.succeeded() } else if !ending.isServersWord { choice.failed() }
            rest(backoff.next(lived: lived, retryAfter: wait, using: &generator))
        }
    }

    /// Somebody waits for the first stream: every way in is tried once, at once.
    private func endedBeforeFirst(_ ending: StreamEnding) {
        // The server itself has spoken, and would say the same on another way; or there is none left.
        guard !ending.isServersWord, choice.hasNext else {
            return finish(.failed(ending.error), ending.error)
        }
        choice.advance()
        rest(.zero)
    }

    private func rest(_ wait: Duration) {
        let number = attemptNumber
        loop.schedule(after: wait) { if number == self.attemptNumber, !self.isClosed { self.attempt() } }
    }

    // MARK: Sending

    /// Sends one input and returns its sequence number.
    func send(_ input: JSONValue, tick: Tick?) -> Result<UInt64, ClientError> {
        guard !isClosed else { return .failure(.closedHere) }
        guard isLive, let link else { return .failure(.notConnected) }
        let (sequence, message) = session.input(input, tick: tick)
        guard link.send(message, isText: true) else { return .failure(.congested) }
        session.sent(message, sequence: sequence)
        return .success(sequence)
    }

    /// Sends what is no input and only stream v2 knows.
    func say(_ message: [UInt8]) {
        guard isLive, session.isV2 == true else { return }
        _ = link?.send(message, isText: true)
    }

    // MARK: Telling

    private func tell(_ message: ShardMessage) {
        // Only events can be refused, and they do not come this way.
        _ = queue.put(message)
    }

    private func setStatus(_ status: ShardStatus) {
        let isNew = view.withLock { view in
            view.transport = status == .live ? routes[choice.current].transport : nil
            defer { view.status = status }
            return view.status != status
        }
        if isNew { tell(.status(status)) }
    }

    // MARK: Watching

    /// Gives the stream up unless something is heard within `maximum`; nil watches no longer.
    private func watch(_ maximum: Duration?) {
        watchDeadline = maximum.map { loop.now + $0 } ?? .distantFuture
        armWatch()
    }

    /// One timer at a time, which finds out when it fires whether the deadline has moved.
    private func armWatch() {
        guard watchDeadline < watchArmed else { return }
        watchArmed = watchDeadline
        watchNumber += 1
        let number = watchNumber
        loop.schedule(after: watchDeadline - loop.clock.now()) {
            guard number == self.watchNumber else { return }
            self.watchArmed = .distantFuture
            if self.watchDeadline <= self.loop.now { self.ended(.broken(.timedOut)) } else { self.armWatch() }
        }
    }
}
