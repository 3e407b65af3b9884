import CAllocationCounter
import PylonBytes
import PylonEventLoop
import PylonFanout
import PylonNet
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

/// A frame on its way to a subscriber allocates nothing: what is allocated is per frame, however many receive it.
@Suite(.enabled(if: allocation_counter_is_active(), "sanitizers bring their own allocator"))
struct FanoutAllocationTests {
    @Test func deliveringAllocatesNothingPerSubscriber() throws {
        let few = try Audience(count: 4)
        let many = try Audience(count: 64)
        let toFew = countAllocations { few.deliver(frames: 20) }
        let toMany = countAllocations { many.deliver(frames: 20) }
        #expect(many.framesSent == 64 * 40, "a frame went the slow way, so nothing was shown")
        #expect(toMany == toFew)
    }
}

/// A stripe with subscribers over real sockets, run on the test's own thread.
private final class Audience {
    private let loop: EventLoop
    private let stripe: SnapshotStripe
    private let counters = NetCounters()
    private let listener: Listener
    private let clients: [TestSocket]
    private let frames: [Frame]

    init(count: Int) throws {
        let loop = try EventLoop(index: 0, clock: SystemClock())
        let (descriptors, port) = try ListeningSocket.open(address: .v4(0x7F00_0001), port: 0, count: 1)
        var accepted: [Connection] = []
        listener = Listener(descriptor: descriptors[0], loop: loop, counters: counters) { connection in
            accepted.append(connection)
            if accepted.count == count { loop.stop() }
            return ConnectionHandler()
        }
        try listener.start()
        clients = try (0..<count).map { _ in try TestSocket(port: port) }
        loop.run()
        stripe = SnapshotStripe(lane: Lane(loop: loop), counters: FanoutCounters())
        for connection in accepted { stripe.attach(connection, as: .webSocket, first: nil) }
        self.loop = loop
        let payload = [UInt8](repeating: 0x78, count: 512)
        frames = payload.withUnsafeBytes { bytes in
            (1...20).map { Frame(tick: Tick($0), payload: bytes, for: .webSocket) }
        }
    }

    /// Snapshots that the kernel took whole.
    var framesSent: UInt64 { counters.snapshotsSent.value }

    /// Publishes one frame a turn.
    func deliver(frames count: Int) {
        for frame in frames.prefix(count) {
            stripe.publish(frame)
            stripe.lane.runOnLoop()
        }
    }
}
