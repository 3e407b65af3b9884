import PylonBytes
import PylonEventLoop
import PylonFanout
import PylonJSON
import PylonNet
import PylonShardHost
import PylonSimulation
import PylonTestSupport
import PylonTime

/// A registry with one worker that the test itself runs, on a clock that the test moves, and a server for subscribers.
final class ShardFixture: Sendable {
    let clock = ManualClock()
    let worker: TickWorker
    let registry: ShardRegistry
    let server: TestServer

    init(
        kinds: [ShardKind] = [LedgerWorld.kind], shardsMaximum: Int = 100, keepers: ShardKeepers = ShardKeepers()
    ) throws {
        worker = TickWorker(index: 0, clock: clock)
        registry = ShardRegistry(
            kinds: kinds, workers: [worker], shardsMaximum: shardsMaximum, clock: clock, random: { 42 },
            keepers: keepers)
        server = try TestServer()
    }

    /// Makes a shard and lets it begin: one of a fixed rate stands at tick 1 then.
    func create(_ config: JSONValue = [:], id: String = "s", kind: String = "ledger") throws -> any ShardHandle {
        let shard = try registry.create(id: id, kind: kind, config: config)
        _ = worker.runDue()
        return shard
    }

    /// Moves the clock, then lets the worker do what is due.
    @discardableResult
    func advance(_ duration: Duration) -> Instant {
        clock.advance(by: duration)
        return worker.runDue()
    }

    /// One subscriber's connection.
    struct Member {
        let name: String
        let client: ClientSocket
        let connection: OnLoop<Connection>
        /// What `subscribe` answered; nil until it has.
        let subscription: OnLoop<Subscription>?
        let events: Mailbox<String>

        /// Reads `count` messages of stream v2: texts as they are, but events as `event` and their JSON, a state as its tick and JSON.
        func messages(_ count: Int) throws -> [String] {
            try (0..<count).map { _ in
                let head = try client.receive(2)
                guard head.count == 2 else { throw DeadlinePassed(description: "no message: \(head)") }
                var length = Int(head[1])
                if length == 126 { length = try client.receive(2).reduce(0) { $0 << 8 | Int($1) } }
                let body = try client.receive(length)
                guard head[0] == 0x82 else {
                    let text = String(decoding: body, as: UTF8.self)
                    return try JSONParser.parse(text)["event"].map { "event \($0.text)" } ?? text
                }
                guard body[0] == 2 else { throw DeadlinePassed(description: "a message of type \(body[0])") }
                let number = body[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
                return "\(number) \(String(decoding: body[9...], as: UTF8.self))"
            }
        }

        /// Reads a text message of stream v2 as JSON.
        func json() throws -> JSONValue { try JSONParser.parse(try messages(1)[0]) }

        /// Reads `count` frames: tick and payload.
        func frames(_ count: Int) throws -> [(tick: UInt64, text: String)] {
            try (0..<count).map { _ in
                let head = try client.receive(2)
                guard head.count == 2, head[0] == 0x82 else { throw DeadlinePassed(description: "no frame: \(head)") }
                let body = try client.receive(Int(head[1]))
                return (
                    body.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                    String(decoding: body.dropFirst(8), as: UTF8.self)
                )
            }
        }
    }

    /// Connects a client and subscribes it; throws what the shard answers.
    func join(
        _ shard: any ShardHandle, as name: String, isAdmin: Bool = false, userID: String? = nil,
        stream: ShardStream = .snapshots, address: IPAddress? = nil
    ) throws -> Member {
        let (client, connection) = try server.connect()
        let answer = Mailbox<Result<OnLoop<Subscription>, ShardError>>()
        let events = Mailbox<String>()
        let caller = Caller(userID: userID ?? name, isAdmin: isAdmin)
        try request(shard, name, caller, connection, events, stream, address: address) { answer.put($0) }
        _ = worker.runDue()
        return Member(
            name: name, client: client, connection: connection, subscription: try answer.next().get(), events: events)
    }

    /// Asks for a subscription, from the connection's loop; its handler leaves the shard when the connection closes.
    func request(
        _ shard: any ShardHandle, _ name: String, _ caller: Caller, _ connection: OnLoop<Connection>,
        _ events: Mailbox<String>, _ stream: ShardStream = .snapshots, role: SubscriberRole = .player,
        address: IPAddress? = nil,
        answer: @escaping @Sendable (Result<OnLoop<Subscription>, ShardError>) -> Void
    ) throws {
        try server.on(connection) { connection in
            let handler = SubscribedHandler(events: events)
            connection.replaceHandler(handler)
            let reference = OnLoop(handler)
            shard.subscribe(
                SubscribeRequest(
                    subscriber: SubscriberID(name), caller: caller, transport: stream.transport, stream: stream,
                    role: role, connection: connection, address: address
                ) { result in
                    if case .success(let subscription) = result { reference.value.subscription = subscription }
                    answer(result.map { OnLoop($0) })
                })
        }
    }

    /// Has the member send an input over its connection.
    @discardableResult
    func push(
        _ input: JSONValue, from member: Member, client: UInt64? = nil, tick: UInt64? = nil, bytesCount: Int = 0
    ) throws -> UInt64 {
        guard let subscription = member.subscription else { throw DeadlinePassed(description: "not subscribed") }
        return try server.thread.run {
            let message = InputMessage(
                input: input, clientSequence: client, tick: tick, bytesCount: bytesCount)
            return try subscription.value.shard.push(message, from: subscription.value)
        }
    }

    /// Sends an input by request; the answer comes once the worker has run.
    func request(
        _ shard: any ShardHandle, _ input: JSONValue, as name: String, userID: String? = nil, isAdmin: Bool = false,
        client: UInt64? = nil
    ) throws -> Result<UInt64, ShardError> {
        let answer = Mailbox<Result<UInt64, ShardError>>()
        shard.push(
            InputRequest(
                subscriber: SubscriberID(name), caller: Caller(userID: userID ?? name, isAdmin: isAdmin),
                message: InputMessage(input: input, clientSequence: client, bytesCount: 0)
            ) { answer.put($0) })
        _ = worker.runDue()
        return try answer.next()
    }

    /// The member's client says something, which shows that it has its hello.
    func say(_ member: Member) throws {
        guard let subscription = member.subscription else { throw DeadlinePassed(description: "not subscribed") }
        try server.thread.run { subscription.value.noteHeard() }
        _ = worker.runDue()
    }

    /// Closes a member's connection and lets the worker hear of it.
    func leave(_ member: Member) throws {
        try server.on(member.connection) { $0.close() }
        _ = worker.runDue()
    }

    func stop() { server.stop() }
}

/// The protocol of a subscribed connection.
final class SubscribedHandler: StreamHandler {
    var subscription: Subscription?
    private let events: Mailbox<String>

    init(events: Mailbox<String>) {
        self.events = events
        super.init()
    }

    override func end(_ ending: StreamEnding, on connection: Connection) {
        events.put(ending.reason)
        connection.finish()
    }

    override func closed(on connection: Connection) {
        subscription?.cancel()
        // Whoever reads this finds the shard told.
        events.put("closed")
    }
}

extension ShardStream {
    /// A stream v2.
    static func v2(events: Bool = false, after cursor: UInt64? = nil, resume: String? = nil) -> ShardStream {
        var options = SessionOptions()
        options.followsEvents = events
        options.eventCursor = cursor.map { EventCursor($0) }
        options.resumeToken = resume.flatMap { ResumeToken($0) }
        return .session(options)
    }

    /// A stream v2 whose states may come as what changed.
    static var v2Deltas: ShardStream {
        var options = SessionOptions()
        options.takesDeltas = true
        return .session(options)
    }

    /// The WebSocket that it is asked for by.
    fileprivate var transport: Transports {
        guard case .session(let options) = self else { return .webSocket }
        return options.takesDeltas ? .webSocketV2Delta : .webSocketV2
    }
}
