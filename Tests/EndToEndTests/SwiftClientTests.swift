internal import Glibc
internal import PylonClient
internal import PylonTestSupport
internal import Testing

/// The Swift client (docs/clients.md) against the real server.
@Suite(.blocking) struct SwiftClientTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func url(_ server: ServerHarness) -> String { "http://127.0.0.1:\(server.port)" }

    /// Connects as an administrator, who may be anybody.
    private func connect(
        _ url: String, _ shard: String, as subscriber: String, _ change: (inout ShardOptions) -> Void = { _ in }
    ) throws -> ShardConnection {
        var options = ShardOptions(shard: shard, subscriber: subscriber, token: .fixed(ServerHarness.adminToken))
        options.backoff = Backoff(minimum: .milliseconds(20), maximum: .milliseconds(100))
        change(&options)
        let asked = options
        return try waiting { try await ShardConnection(url: url, options: asked) }
    }

    /// Reads on to the first message that `pick` makes something of.
    private func next<Value: Sendable>(
        _ shard: ShardConnection, _ pick: @escaping @Sendable (ShardMessage) -> Value?
    ) throws -> Value {
        let messages = shard.messages
        let found: Value? = try waiting {
            for await message in messages {
                if let value = pick(message) { return value }
            }
            return nil
        }
        return try #require(found, "the messages ended")
    }

    /// Reads on to a state of a counter with this total.
    private func state(_ shard: ShardConnection, total: Int) throws -> ShardState {
        try next(shard) { message in
            guard case .state(let state) = message, (try? state.json()["total"]?.int) == total else { return nil }
            return state
        }
    }

    private func status(_ shard: ShardConnection, _ wanted: ShardStatus) throws {
        try next(shard) { if case .status(wanted) = $0 { () } else { nil } }
    }

    @discardableResult
    private func send(_ shard: ShardConnection, add: Int) throws -> UInt64 {
        try waiting { try await shard.send(["add": .integer(Int64(add))]) }
    }

    // MARK: Streams

    @Test func aGuestWatchesAndPlays() throws {
        try server.createShard("swift-guest", "counter", #"{"tick_rate_hz":50}"#)
        let url = url(server)
        let guest = try waiting { try await GuestSession.signIn(url: url) }
        #expect(guest.userID.hasPrefix("guest_"))
        let shard = try waiting { try await ShardConnection(url: url, shard: "swift-guest", token: guest.token) }
        let first = try state(shard, total: 0)
        #expect(try send(shard, add: 3) == 1)
        #expect(try send(shard, add: 4) == 2)
        let last = try state(shard, total: 7)
        #expect(last.tick > first.tick)
        #expect(try last.json()["acks"]?[guest.userID] == 2, "the server knows the numbers")
        #expect(shard.transport == .webSocket)
        shard.close()
        try status(shard, .closed(.closedHere))
        #expect(try server.eventually { try server.subscribers(of: "swift-guest") == 0 })
    }

    @Test(arguments: [true, false]) func bothVersionsCarryStatesAndInputs(isV2: Bool) throws {
        let id = "swift-\(isV2)"
        try server.createShard(id, "counter", #"{"tick_rate_hz":50}"#)
        let shard = try connect(url(server), id, as: "ann") { $0.prefersVersion2 = isV2 }
        let sequence = try send(shard, add: 3)
        let state = try state(shard, total: 3)
        #expect(state.acknowledged == (isV2 ? sequence : 0))
        #expect((shard.hello != nil) == isV2)
        guard isV2 else { return }
        #expect(shard.hello?.tickRate == TickRate(hertz: 50))
        #expect(server.eventually { shard.clock.roundTrip != nil })
        let tick = try #require(shard.clock.tick(at: SystemClock().now()))
        #expect(tick >= Double(state.tick.number) - 1)
    }

    /// Most of a state of 4 KiB stays as it is, and is not sent again; what the client makes of the rest is what the server would have sent.
    @Test(arguments: [true, false]) func whatChangedOfAStateIsEnough(compresses: Bool) throws {
        let id = "swift-deltas-\(compresses)"
        try server.createShard(id, "fanout", #"{"tick_rate_hz":50,"payload_bytes":4096}"#)
        let shard = try connect(url(server), id, as: "ann") { $0.compresses = compresses }
        let plain = try connect(url(server), id, as: "bob") { $0.takesDeltas = false }
        #expect(try next(shard) { if case .hello(let hello) = $0 { hello.json["deltas"]?.bool } else { nil } } == true)
        let small = try next(shard) { message in
            if case .state(let state) = message, state.bytesCount < 100 { state } else { nil }
        }
        let text = try small.json().text
        #expect(text.utf8.count == 4096)
        #expect(try small.json()["tick"]?.int == Int(small.tick.number))
        let whole = try next(plain) { message in
            if case .state(let state) = message, state.tick >= small.tick { state } else { nil }
        }
        #expect(whole.bytesCount == 4096 + 9)
        #expect(try whole.json()["pad"] == small.json()["pad"])
        #expect(try server.metric("pylon_stream_deltas_sent_total").map { $0 > 0 } == true)
        shard.close()
        try status(shard, .closed(.closedHere))
    }

    /// Defect 18: inputs are acknowledged, and refused with their number.
    @Test func inputsAreAcknowledgedAndRefusedByNumber() throws {
        try server.createShard("swift-acks", "counter", #"{"tick_rate_hz":50}"#)
        let shard = try connect(url(server), "swift-acks", as: "ann")
        let malformed = try waiting { try await shard.send("nonsense") }
        let refusal = try next(shard) { if case .refused(let refusal) = $0 { refusal } else { nil } }
        #expect((refusal.code, refusal.clientSequence) == ("INPUT_REJECTED", malformed))
        let sequence = try send(shard, add: 1)
        let acknowledgement = try next(shard) { if case .acknowledged(let newest) = $0 { newest } else { nil } }
        #expect(acknowledgement.clientSequence == sequence)
        #expect(shard.acknowledged == sequence)
    }

    @Test func aLostStreamIsResumedAndNothingIsAppliedTwice() throws {
        try server.createShard("swift-resumed", "counter", #"{"tick_rate_hz":0,"reconnect_grace_ms":30000}"#)
        // Only every 200 ms there is a pong to be heard: each stream is given up before.
        let shard = try connect(url(server), "swift-resumed", as: "ann") { $0.silenceMaximum = .milliseconds(120) }
        var resumed = 0
        for total in 1...4 {
            try status(shard, .lost)
            let hello = try next(shard) { if case .hello(let hello) = $0 { hello } else { nil } }
            if hello.isResumed { resumed += 1 }
            try send(shard, add: 1)
            _ = try state(shard, total: total)
        }
        #expect(resumed == 4)
    }

    @Test func statesAreOfTheGamesOwnType() throws {
        struct Counter: Decodable {
            let tick: UInt64
            let total: Int
        }
        struct Add: Encodable { let add: Int }
        try server.createShard("swift-typed", "counter", #"{"tick_rate_hz":50}"#)
        let shard = try connect(url(server), "swift-typed", as: "ann")
        #expect(try waiting { try await shard.send(Add(add: 5)) } == 1)
        let counter = try state(shard, total: 5).decode(as: Counter.self)
        #expect(counter.total == 5)
        #expect(counter.tick > 0)
    }

    @Test func everyTickArrivesWhileTheyAreRead() throws {
        try server.createShard("swift-fan", "fanout", #"{"tick_rate_hz":100,"payload_bytes":4096}"#)
        let shard = try connect(url(server), "swift-fan", as: "ann") { $0.takesDeltas = false }
        var last: UInt64?
        for _ in 0..<30 {
            let state = try next(shard) { if case .state(let state) = $0 { state } else { nil } }
            if let last { #expect(state.tick.number > last) }
            #expect(state.bytesCount == 4096 + 9)
            #expect(try state.json()["tick"]?.int.map { UInt64($0) } == state.tick.number)
            last = state.tick.number
        }
    }

    @Test func eventsOfTheServerCarryTheSame() throws {
        try server.createShard("swift-sse", "counter", #"{"tick_rate_hz":50}"#)
        let shard = try connect(url(server), "swift-sse", as: "bob") { $0.transport = .serverSentEvents }
        for _ in 1...3 { try send(shard, add: 2) }
        #expect(try state(shard, total: 6).json()["acks"]?["bob"] == 3)
        #expect(shard.transport == .serverSentEvents)
        let malformed = try waiting { try await shard.send("nonsense") }
        let refusal = try next(shard) { if case .refused(let refusal) = $0 { refusal } else { nil } }
        #expect(refusal.code == "INPUT_REJECTED")
        #expect(refusal.clientSequence == malformed)
    }

    @Test(arguments: [ShardTransport.webSocket, .serverSentEvents]) func aUnixSocketWillDo(transport: ShardTransport)
        throws
    {
        let path = "/tmp/pylon-client-\(getpid())-\(UInt64.random(in: 0...UInt64.max)).sock"
        let server = try ServerHarness(["--unix-socket", path])
        try server.createShard("zone", "counter", #"{"tick_rate_hz":50}"#)
        let url = "unix:\(path)"
        let shard = try connect(url, "zone", as: "zone2") { $0.transport = transport }
        try send(shard, add: 9)
        _ = try state(shard, total: 9)
        #expect(try waiting { try await GuestSession.signIn(url: url) }.userID.hasPrefix("guest_"))
    }

    // MARK: Entities

    @Test func entitiesComeMoveAndGo() throws {
        try server.createShard("swift-herd", "herd", #"{"tick_rate_hz":50,"animals":2000,"seed":7,"hash_ticks":4}"#)
        let events = Mailbox<ReplicaEvent>()
        let shard = try connect(url(server), "swift-herd", as: "ann") { $0.onReplicaEvent = { events.put($0) } }
        #expect(shard.hello?.stateKind == .entities)
        _ = try waiting { try await shard.send(["x": 500, "y": 500]) }
        var bytes: [Int] = []
        var isThere = false
        for _ in 0..<200 where !isThere || bytes.count < 20 {
            let state = try next(shard) { if case .state(let state) = $0 { state } else { nil } }
            let replica = try #require(state.replica)
            #expect(replica === shard.replica)
            let mine = replica.withEntities { decoder in
                (0..<decoder.count).map { decoder[$0] }.filter(\.isOwned).map(\.position)
            }
            #expect(mine.count == 1)
            isThere = abs(mine[0].x - 500) < 0.1 && abs(mine[0].y - 500) < 0.1 && state.acknowledged == 1
            if isThere { bytes.append(state.bytesCount) }
        }
        #expect(isThere)
        let count = try #require(shard.replica).count
        #expect(count > 10 && count < 500, "what is within 100 m of 1,000")
        // A keyframe of them would take more than 5 bytes for each.
        #expect(bytes.suffix(10).allSatisfy { $0 < count * 5 }, "changes only: \(bytes)")
        #expect(events.count > count)
        // It says what it has by itself, and it has what the server says.
        #expect(try server.eventually { try server.metric("pylon_state_hashes_compared_total") ?? 0 >= 10 })
        #expect(try server.metric("pylon_desyncs_total") == 0)
    }

    // MARK: Refusals

    @Test func aShardThatIsNotThereIsTold() throws {
        #expect(throws: ClientError.self) { try connect(url(server), "nowhere", as: "ann") }
        do {
            _ = try connect(url(server), "nowhere", as: "ann")
        } catch ClientError.refused(let status, let code, _) {
            #expect((status, code) == (404, "SHARD_NOT_FOUND"))
        }
    }

    @Test func aServerThatIsAwaitedMayComeLater() throws {
        let first = try ServerHarness()
        let port = first.port
        #expect(first.stop() == 0)
        let url = "http://127.0.0.1:\(port)"
        let connecting = Mailbox<ShardConnection>()
        var options = ShardOptions(shard: "late", subscriber: "ann", token: .fixed(ServerHarness.adminToken))
        options.waitsForServer = true
        options.backoff = Backoff(minimum: .milliseconds(20), maximum: .milliseconds(100))
        let asked = options
        let task = Task { connecting.put(try await ShardConnection(url: url, options: asked)) }
        let second = try ServerHarness(port: port)
        try second.createShard("late", "counter", "{}")
        _ = try state(try connecting.next(), total: 0)
        task.cancel()
    }

    // MARK: Restarts

    @Test(arguments: [SIGTERM, SIGKILL], [ShardTransport.webSocket, .serverSentEvents])
    func aServerThatIsRestartedIsFoundAgain(signal: Int32, transport: ShardTransport) throws {
        let first = try ServerHarness()
        try first.createShard("zone", "counter", #"{"tick_rate_hz":50}"#)
        let shard = try connect(url(first), "zone", as: "ann") { $0.transport = transport }
        try send(shard, add: 1)
        _ = try state(shard, total: 1)
        first.signal(signal)
        #expect(first.waitForExit() != nil)
        try status(shard, .lost)
        let second = try ServerHarness(port: first.port)
        // Until it is made again the shard is not found, and asked for again.
        try second.createShard("zone", "counter", #"{"tick_rate_hz":50}"#)
        try status(shard, .live)
        _ = try state(shard, total: 0)
        try send(shard, add: 2)
        _ = try state(shard, total: 2)
    }

    /// What had not been acknowledged is sent again, whatever became of it: nothing is lost and nothing applied twice.
    @Test(arguments: [ShardTransport.webSocket, .serverSentEvents])
    func inputsOutliveTheProcessOfAStoredShard(transport: ShardTransport) throws {
        let folder = try AppFolder(manifest: PersistenceTests.manifest)
        var server = try ServerHarness(folder.flags)
        try server.createShard("zone", "counter", #"{"tick_rate_hz":20,"checkpoint_ticks":20,"journal":true}"#)
        let shard = try connect(url(server), "zone", as: "ann") { $0.transport = transport }
        var total = 0
        for round in 1...4 {
            for number in 1...20 {
                total += number * round
                try send(shard, add: number * round)
            }
            // Some have been applied by now, and some have not.
            server.signal(SIGKILL)
            #expect(server.waitForExit() == 128 + SIGKILL)
            try status(shard, .lost)
            server = try ServerHarness(folder.flags, port: server.port)
            let hello = try next(shard) { if case .hello(let hello) = $0 { hello } else { nil } }
            #expect(hello.isResumed)
            let sum = total
            let settled =
                try next(shard) { message in
                    guard case .state(let state) = message, state.acknowledged == UInt64(round * 20) else { return nil }
                    return try? state.json()["total"]?.int
                } as Int
            #expect(settled == sum)
        }
    }
}
