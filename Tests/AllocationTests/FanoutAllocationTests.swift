import CAllocationCounter
import PylonBytes
import PylonEventLoop
import PylonFanout
import PylonJSON
import PylonNet
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// Encoding a snapshot and delivering it allocates nothing once warm, however many receive it and however slow some of them are.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct FanoutAllocationTests {
    @Test(
        arguments: [
            Transports.webSocket, .eventStream, [.webSocket, .eventStream], .webSocketV2, .eventStreamV2,
            [.webSocket, .eventStream, .webSocketV2, .eventStreamV2],
        ], [1, 64])
    func publishingAndDeliveringAllocateNothing(transports: Transports, count: Int) throws {
        let audience = try Audience(transports, count: count)
        let expected = UInt64(count * 200)
        #expect(countAllocations { audience.tick(100) } == 0)
        #expect(audience.counters.snapshotsSent.value == expected, "a frame went the slow way, so nothing was shown")
    }

    /// Acknowledgements of every subscriber at every tick: the worker allocates nothing, and each connection makes the buffer that it
    /// gives back at the end of the turn.
    @Test func messagesForSingleConnectionsAllocateOnTheLoopAlone() throws {
        let audience = try Audience(.webSocketV2, count: 16)
        #expect(countAllocations { audience.tick(100, acknowledges: true) } == 16 * 100)
        #expect(audience.fanout.messagesSent.value == 16 * 200)
        #expect(audience.counters.snapshotsDropped.value == 0)
    }

    /// States of entities: one for each subscriber.
    @Test func statesOfTheirOwnAllocateNothing() throws {
        let audience = try Audience(.webSocketV2, count: 16)
        #expect(countAllocations { audience.tickAlone(100) } == 0)
        #expect(audience.counters.snapshotsSent.value == 16 * 200 && audience.counters.snapshotsDropped.value == 0)
    }

    @Test func aClientThatNeverReadsAddsNone() throws {
        let audience = try Audience([.webSocket, .eventStream], count: 6, payloadBytes: 20_000, stuck: 2)
        while audience.counters.snapshotsDropped.value < 100 { audience.tick(1) }
        let dropped = audience.counters.snapshotsDropped.value
        #expect(countAllocations { audience.tick(100) } == 0)
        #expect(
            audience.counters.snapshotsDropped.value == dropped + 2 * 200, "nobody was too slow, so nothing was shown")
        #expect(audience.snapshotsWaiting <= 2 * (SnapshotRing.framesMaximum + 1))
    }

    @Test func framesThatCatchUpInOneTurnAllocateNothing() throws {
        let audience = try Audience([.webSocket, .eventStream], count: 6)
        #expect(countAllocations { for _ in 0..<50 { audience.tick(4, inOneTurn: true) } } == 0)
        #expect(audience.counters.snapshotsDropped.value == 0)
    }
}

/// A stripe with subscribers over real sockets and the pool of its view, run on the test's own thread.
private final class Audience {
    let counters = NetCounters()
    let fanout = FanoutCounters()
    private let loop: EventLoop
    private let stripe: SnapshotStripe
    private let listener: Listener
    private let transports: Transports
    private let clients: [TestSocket]
    private let connections: [Connection]
    private let stuck: Int
    private let payload: [UInt8]
    private var pool = FramePool()
    private let post: MessagePost
    private let recipients: [MessageRecipient]
    private var latest: Frame?
    private var last: UInt64 = 1_000_000

    /// `count` subscribers, the transports taking turns; the first `stuck` of them never read.
    init(_ transports: Transports, count: Int, payloadBytes: Int = 512, stuck: Int = 0) throws {
        let loop = try EventLoop(index: 0, clock: SystemClock())
        let (descriptors, port) = try ListeningSocket.open(address: .v4(0x7F00_0001), port: 0, count: 1)
        var accepted: [Connection] = []
        listener = Listener(descriptor: descriptors[0], loop: loop, counters: counters) { connection in
            accepted.append(connection)
            if accepted.count == count { loop.stop() }
            return ConnectionHandler()
        }
        try listener.start()
        clients = try (0..<count).map {
            try TestSocket(port: port, receiveBufferBytes: $0 < stuck ? 4096 : nil)
        }
        loop.run()
        let lanes = LaneSet()
        stripe = SnapshotStripe(lane: lanes.lane(to: loop), counters: fanout)
        post = MessagePost(lanes: lanes, counters: fanout)
        recipients = accepted.map { connection in
            let recipient = MessageRecipient(loop: loop, transport: .webSocketV2)
            recipient.begin(connection)
            return recipient
        }
        let all = [Transports.webSocket, .eventStream, .webSocketV2, .eventStreamV2]
        let kinds = all.filter { transports.contains($0) }
        for (index, connection) in accepted.enumerated() {
            stripe.attach(connection, as: kinds[index % kinds.count], first: nil)
        }
        connections = accepted
        payload = [UInt8](repeating: 0x78, count: payloadBytes)
        self.loop = loop
        self.transports = transports
        self.stuck = stuck
    }

    /// Snapshots that wait for those who do not read.
    var snapshotsWaiting: Int { connections.reduce(0) { $0 + $1.snapshotsWaiting } }

    /// Encodes and publishes `count` frames, one a turn or all in one.
    func tick(_ count: Int, inOneTurn: Bool = false, acknowledges: Bool = false) {
        for _ in 0..<count {
            last += 1
            if acknowledges { acknowledge() }
            let frame = payload.withUnsafeBytes { pool.encode(tick: Tick(last), payload: $0, for: transports) }
            latest = frame
            stripe.publish(frame)
            if !inOneTurn { deliver() }
        }
        if inOneTurn { deliver() }
    }

    private func acknowledge() {
        for index in recipients.indices {
            post.send(nil, to: recipients[index]) { [last] json in
                json.beginObject()
                json.member("client_seq", last)
                json.endObject()
            }
        }
        post.flush()
    }

    /// Sends each subscriber a state of its own, `count` times.
    func tickAlone(_ count: Int) {
        for _ in 0..<count {
            for index in recipients.indices {
                post.sendState(to: recipients[index], count: 100) { output in
                    for _ in 0..<100 { output.append(7 as UInt8) }
                }
            }
            post.flushStates()
            deliver()
        }
    }

    private func deliver() {
        // One turn: the loop has been stopped before.
        loop.run()
        for index in stuck..<clients.count { clients[index].discard() }
    }
}
