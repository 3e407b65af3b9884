import PylonBytes
import PylonEventLoop
import PylonFanout
import PylonNet
import PylonTestSupport
import PylonTime
import PylonTelemetry
import Testing

@Suite struct SnapshotStripeTests {
    private let counters = FanoutCounters()

    /// A frame whose two forms are one byte each, so that a client can tell what it got.
    private func frame(_ tick: UInt64, _ transports: Transports = .webSocket) -> Frame {
        [UInt8](repeating: UInt8(truncatingIfNeeded: tick), count: 1).withUnsafeBytes {
            Frame(tick: Tick(tick), payload: $0, for: transports)
        }
    }

    /// The ticks in a stream of the WebSocket form above: 2 bytes of header, 8 of tick, 1 of payload.
    private func ticks(_ client: ClientSocket, count: Int) throws -> [UInt64] {
        let bytes = try client.receive(11 * count)
        return stride(from: 0, to: bytes.count, by: 11).map { start in
            bytes[start + 2..<start + 10].reduce(0) { $0 << 8 | UInt64($1) }
        }
    }

    @Test func framesAndActionsAndTheEndComeInOrder() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let events = Mailbox<String>()
        let (client, connection) = try server.connect()
        try server.on(connection) { connection in
            connection.replaceHandler(
                ScriptedHandler { handler in
                    handler.onEnd = { ending, connection in
                        events.put(ending.reason)
                        connection.finish { $0.append(UInt8(0)) }
                    }
                    handler.onClosed = { stripe.remove($0, from: .webSocket) }
                })
        }
        let release = try server.thread.hold()
        stripe.publish(frame(1))
        stripe.perform {
            stripe.attach(connection.value, as: .webSocket, first: nil)
            events.put("attached")
        }
        stripe.publish(frame(2))
        stripe.publish(frame(3))
        stripe.perform { events.put("performed") }
        stripe.end(.finished)
        release()
        #expect(try events.take(3) == ["attached", "performed", "shard finished"])
        #expect(try ticks(client, count: 2) == [2, 3])
        #expect(try client.receiveToEnd() == [0])
        server.stop()
    }

    @Test func theOldestFramesAreDroppedAndCountedButNoAction() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let (client, connection) = try server.connect()
        try server.thread.run { stripe.attach(connection.value, as: .webSocket, first: nil) }
        let performed = Mailbox<Int>()
        let release = try server.thread.hold()
        for tick in 1...30 {
            stripe.publish(frame(UInt64(tick)))
            stripe.perform { performed.put(tick) }
        }
        release()
        #expect(try performed.take(30) == Array(1...30))
        #expect(try ticks(client, count: Lane.framesMaximum) == Array(23...30))
        #expect(counters.laneDrops.value == UInt64(30 - Lane.framesMaximum))
        try server.thread.run { stripe.remove(connection.value, from: .webSocket) }
        server.stop()
    }

    @Test func theFirstFrameGoesToTheNewcomerAlone() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let (old, oldEnd) = try server.connect()
        let (new, newEnd) = try server.connect()
        let first = frame(5)
        try server.thread.run {
            stripe.attach(oldEnd.value, as: .webSocket, first: nil)
            stripe.attach(newEnd.value, as: .webSocket, first: first)
        }
        stripe.publish(frame(6))
        #expect(try ticks(new, count: 2) == [5, 6])
        #expect(try ticks(old, count: 1) == [6])
        try server.thread.run {
            stripe.remove(oldEnd.value, from: .webSocket)
            stripe.remove(newEnd.value, from: .webSocket)
            #expect(oldEnd.value.snapshotIndex == -1)
        }
        #expect(server.counters.snapshotsSent.value == 3)
        #expect(server.counters.bytesSent.value == 33)
        server.stop()
    }

    @Test func eachTransportGetsItsForm() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let (socket, socketEnd) = try server.connect()
        let (stream, streamEnd) = try server.connect()
        try server.thread.run {
            stripe.attach(socketEnd.value, as: .webSocket, first: nil)
            stripe.attach(streamEnd.value, as: .eventStream, first: nil)
        }
        stripe.publish(frame(49, .webSocket))
        stripe.publish(frame(50, [.webSocket, .eventStream]))
        #expect(try ticks(socket, count: 2) == [49, 50])
        let event = "10\r\nid: 50\ndata: 2\n\n\r\n"
        #expect(try stream.receiveText(event.utf8.count) == event)
        try server.thread.run {
            stripe.remove(socketEnd.value, from: .webSocket)
            stripe.remove(streamEnd.value, from: .eventStream)
        }
        server.stop()
    }

    @Test func indicesStayRightUnderAnyOrderOfComingAndGoing() throws {
        let seed = testSeed()
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let ends = try (0..<12).map { _ in try server.connect() }
        let connections = ends.map(\.connection)
        try server.thread.run {
            var generator = SeededGenerator(seed: seed)
            var lists: [Transports.RawValue: [Int]] = [1: [], 2: []]
            for _ in 0..<3000 {
                let index = Int.random(in: 0..<12, using: &generator)
                let connection = connections[index].value
                // Even ones are WebSockets, odd ones event streams.
                let transport: Transports = index.isMultiple(of: 2) ? .webSocket : .eventStream
                var list = lists[transport.rawValue] ?? []
                if let place = list.firstIndex(of: index) {
                    stripe.remove(connection, from: transport)
                    let last = list.removeLast()
                    if place < list.count { list[place] = last }
                    #expect(connection.snapshotIndex == -1)
                } else {
                    stripe.attach(connection, as: transport, first: nil)
                    list.append(index)
                }
                lists[transport.rawValue] = list
                for (place, member) in list.enumerated() {
                    #expect(connections[member].value.snapshotIndex == Int32(place))
                }
            }
            for (transport, list) in lists {
                for member in list { stripe.remove(connections[member].value, from: Transports(rawValue: transport)) }
            }
        }
        server.stop()
        withExtendedLifetime(ends) {}
    }

    @Test func endingMayRemoveSubscribersWhileItGoesOn() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let ends = try (0..<5).map { _ in try server.connect() }
        try server.thread.run {
            for (index, end) in ends.map(\.connection).enumerated() {
                let transport: Transports = index.isMultiple(of: 2) ? .webSocket : .eventStream
                end.value.replaceHandler(
                    ScriptedHandler { handler in
                        handler.onEnd = { _, connection in connection.close() }
                        handler.onClosed = { stripe.remove($0, from: transport) }
                    })
                stripe.attach(end.value, as: transport, first: nil)
            }
        }
        stripe.end(.goingAway)
        for end in ends { #expect(try end.client.receiveToEnd().isEmpty) }
        server.stop()
        #expect(server.counters.open.value == 0)
    }
}
