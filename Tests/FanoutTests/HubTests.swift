import PylonFanout
import PylonTestSupport
import PylonTime
import PylonEventLoop
import PylonBytes
import PylonNet
import PylonTelemetry
import Testing

@Suite struct HubTests {
    private let counters = FanoutCounters()

    @Test func transportsAreThoseOfTheSubscribersThere() throws {
        let first = try LoopThread(index: 0)
        let second = try LoopThread(index: 1)
        let hub = Hub<SnapshotStripe>(lanes: LaneSet(), counters: counters)
        #expect(hub.isEmpty && hub.transports == [])
        _ = hub.admit(on: first.loop, .webSocket)
        #expect(!hub.isEmpty && hub.transports == .webSocket)
        _ = hub.admit(on: second.loop, .eventStream)
        _ = hub.admit(on: second.loop, .eventStream)
        #expect(hub.transports == [.webSocket, .eventStream])
        hub.dismiss(from: first.loop, .webSocket)
        #expect(hub.transports == .eventStream)
        hub.dismiss(from: second.loop, .eventStream)
        #expect(hub.transports == .eventStream)
        hub.dismiss(from: second.loop, .eventStream)
        #expect(hub.isEmpty && hub.transports == [])
        first.stop()
        second.stop()
    }

    @Test func aLoopHasOneStripe() throws {
        let first = try LoopThread(index: 0)
        let second = try LoopThread(index: 1)
        let hub = Hub<SnapshotStripe>(lanes: LaneSet(), counters: counters)
        let stripe = hub.admit(on: first.loop, .webSocket)
        #expect(hub.admit(on: first.loop, .eventStream) === stripe)
        #expect(hub.admit(on: second.loop, .webSocket) !== stripe)
        hub.dismiss(from: first.loop, .webSocket)
        hub.dismiss(from: first.loop, .eventStream)
        #expect(hub.admit(on: first.loop, .webSocket) === stripe)
        first.stop()
        second.stop()
    }

    @Test func aFrameReachesTheSubscribersOfEveryLoop() throws {
        let servers = try (0..<2).map { try TestServer(index: $0) }
        let hub = Hub<SnapshotStripe>(lanes: LaneSet(), counters: counters)
        let ends = try servers.map { server in
            let end = try server.connect()
            let stripe = hub.admit(on: server.loop, .webSocket)
            try server.on(end.connection) { connection in
                connection.replaceHandler(
                    ScriptedHandler { handler in
                        handler.onEnd = { ending, connection in connection.finish { $0.append(ending.reason) } }
                        handler.onClosed = { stripe.remove($0, from: .webSocket) }
                    })
                stripe.attach(connection, as: .webSocket, first: nil)
            }
            return end
        }
        let payload: [UInt8] = [1, 2, 3]
        hub.publish(payload.withUnsafeBytes { Frame(tick: Tick(9), payload: $0, for: hub.transports) })
        hub.end(.stopped)
        for end in ends {
            let expected = [0x82, 11, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3] + Array("shard stopped".utf8)
            #expect(try end.client.receiveToEnd() == expected)
        }
        #expect(counters.framesBuilt.value == 1)
        servers.forEach { $0.stop() }
    }
}
