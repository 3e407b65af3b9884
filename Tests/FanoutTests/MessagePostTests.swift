import PylonBytes
import PylonEventLoop
import PylonEventStream
import PylonFanout
import PylonJSON
import PylonNet
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct MessagePostTests {
    private let counters = FanoutCounters()

    /// A connection that is a recipient, with what it is told at its end.
    private func recipient(
        _ server: TestServer, _ endings: Mailbox<String> = Mailbox(), transport: Transports = .webSocketV2,
        receiveBuffer: Int32? = nil
    ) throws -> (client: ClientSocket, recipient: MessageRecipient, connection: OnLoop<Connection>) {
        let (client, connection) = try server.connect(receiveBuffer: receiveBuffer)
        let recipient = MessageRecipient(loop: server.loop, transport: transport)
        try server.on(connection) { connection in
            connection.replaceHandler(
                ScriptedHandler { handler in
                    handler.onEnd = { ending, connection in
                        endings.put(ending.reason)
                        connection.finish()
                    }
                    handler.onClosed = { _ in recipient.end() }
                })
            recipient.begin(connection)
        }
        return (client, recipient, connection)
    }

    private func frame(_ tick: UInt64) -> Frame {
        Array("{}".utf8).withUnsafeBytes { Frame(tick: Tick(tick), payload: $0, for: .webSocketV2) }
    }

    @Test func eachGetsItsOwnInOrderWithTheFrames() throws {
        let server = try TestServer()
        let lanes = LaneSet()
        let post = MessagePost(lanes: lanes, counters: counters)
        let hub = Hub<SnapshotStripe>(lanes: lanes, counters: counters)
        let (a, b) = (try recipient(server), try recipient(server))
        let stripe = hub.admit(on: server.loop, .webSocketV2)
        stripe.perform { stripe.attach(a.connection.value, as: .webSocketV2) }
        for tick in 1...3 {
            post.send(nil, to: a.recipient) { $0.value(tick) }
            post.send(nil, to: b.recipient) { $0.value(tick * 10) }
            post.flush()
            // The loop takes one tick at a time, so that what is lossless overtakes nothing.
            try server.thread.run {}
            hub.publish(frame(UInt64(tick)))
            try server.thread.run {}
        }
        for tick in 1...3 as ClosedRange<UInt8> {
            #expect(try a.client.receive(3) == [0x81, 1, 0x30 + tick])
            #expect(try a.client.receive(13) == [0x82, 11, 2, 0, 0, 0, 0, 0, 0, 0, tick, 0x7B, 0x7D])
            #expect(try b.client.receive(4) == [0x81, 2, 0x30 + tick, 0x30])
        }
        #expect(counters.messagesSent.value == 6 && counters.messageGaps.value == 0)
        try server.thread.run { stripe.remove(a.connection.value, from: .webSocketV2) }
        server.stop()
    }

    @Test func anEventStreamGetsNamedEventsInChunks() throws {
        let server = try TestServer()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let member = try recipient(server, transport: .eventStreamV2)
        post.send(EventName("ack"), to: member.recipient) { $0.value(7) }
        post.flush()
        let expected = Array("14\r\nevent: ack\ndata: 7\n\n\r\n".utf8)
        #expect(try member.client.receive(expected.count) == expected)
        server.stop()
    }

    @Test func whoHasGoneGetsNothing() throws {
        let server = try TestServer()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let (gone, other) = (try recipient(server), try recipient(server))
        post.send(nil, to: gone.recipient) { $0.value(1) }
        post.send(nil, to: other.recipient) { $0.value(2) }
        try server.on(gone.connection) { $0.close() }
        post.flush()
        #expect(try other.client.receive(3) == [0x81, 1, 0x32])
        #expect(try gone.client.receiveToEnd().isEmpty)
        server.stop()
    }

    /// A loop that hangs loses what is over the budget, and the streams of exactly those who miss something end.
    @Test func aLoopThatHangsLosesStreamsAndNoMemory() throws {
        let server = try TestServer()
        let endings = Mailbox<String>()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let (flooded, other) = (try recipient(server, endings), try recipient(server, endings))
        let release = try server.thread.hold()
        let text = String(repeating: "x", count: 64 * 1024)
        for _ in 0..<200 {
            post.send(nil, to: flooded.recipient) { $0.value(text) }
            post.flush()
        }
        release()
        #expect(try endings.next() == "too slow for the events, reconnect with resume")
        #expect(counters.messageGaps.value >= 2)
        post.send(nil, to: other.recipient) { $0.value(1) }
        post.flush()
        #expect(try other.client.receive(3) == [0x81, 1, 0x31])
        #expect(endings.count == 0)
        server.stop()
    }

    @Test func aClientThatNeverReadsIsTooSlow() throws {
        let server = try TestServer()
        let endings = Mailbox<String>()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let stuck = try recipient(server, endings, receiveBuffer: 4096)
        let text = String(repeating: "x", count: 64 * 1024)
        var sent = 0
        while endings.count == 0, sent < 1000 {
            post.send(nil, to: stuck.recipient) { $0.value(text) }
            post.flush()
            try server.thread.run {}
            sent += 1
        }
        #expect(try endings.next() == "too slow for the events, reconnect with resume")
        #expect(sent > Connection.messageBytesMaximum / text.utf8.count)
        #expect(server.counters.eventStreamsOverrun.value == 1)
        server.stop()
    }

    private func sendState(_ number: UInt8, _ post: MessagePost, to recipient: MessageRecipient, size: Int = 1) {
        post.sendState(to: recipient, count: size) { output in
            for _ in 0..<size { output.append(number) }
        }
        post.flushStates()
    }

    @Test func statesOfALoopThatHangsGiveWayToNewerOnes() throws {
        let server = try TestServer()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let (a, b) = (try recipient(server), try recipient(server))
        let release = try server.thread.hold()
        for number in 1...30 as ClosedRange<UInt8> {
            for member in [a, b] {
                post.sendState(to: member.recipient, count: 1) { $0.append(number) }
            }
            post.flushStates()
            // What is lossless waits among them.
            if number == 1 {
                post.send(nil, to: a.recipient) { $0.value(9) }
                post.flush()
            }
        }
        release()
        let numbers = UInt8(31 - Lane.framesMaximum)...30
        let kept = numbers.reduce(into: [UInt8]()) { $0 += [0x82, 1, $1] }
        #expect(try b.client.receive(kept.count) == kept)
        #expect(try a.client.receive(3 + kept.count) == [0x81, 1, 0x39] + kept)
        #expect(counters.laneDrops.value == UInt64(30 - Lane.framesMaximum))
        server.stop()
    }

    @Test func statesOfALoopThatHangsAreBoundedByTheirBytes() throws {
        let server = try TestServer()
        // What an entry takes besides its bytes is a few dozen more.
        let post = MessagePost(lanes: LaneSet(stateBytesMaximum: 4000), counters: counters)
        let member = try recipient(server)
        let release = try server.thread.hold()
        for number in 1...6 as ClosedRange<UInt8> { sendState(number, post, to: member.recipient, size: 1200) }
        #expect(counters.laneDrops.value == 3, "three of 1,200 bytes fit")
        // One that is larger than all that may wait goes alone.
        sendState(7, post, to: member.recipient, size: 5000)
        #expect(counters.laneDrops.value == 6)
        sendState(8, post, to: member.recipient, size: 1200)
        #expect(counters.laneDrops.value == 7)
        sendState(9, post, to: member.recipient, size: 1200)
        release()
        for number in [8, 9] as [UInt8] {
            // A header whose length, 1,200, takes two bytes.
            let message = try member.client.receive(4 + 1200)
            #expect(message == [0x82, 126, 0x04, 0xB0] + [UInt8](repeating: number, count: 1200))
        }
        // Once the loop has drained there is room again.
        for number in 1...3 as ClosedRange<UInt8> { sendState(number, post, to: member.recipient, size: 1200) }
        _ = try member.client.receive(3 * 1204)
        #expect(counters.laneDrops.value == 7)
        server.stop()
    }

    @Test func aSlowClientGetsTheNewestStatesWhole() throws {
        let server = try TestServer()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let member = try recipient(server, receiveBuffer: 4096)
        let size = 60_000
        var number: UInt8 = 0
        while server.counters.snapshotsDropped.value < 20, number < 250 {
            number += 1
            sendState(number, post, to: member.recipient, size: size)
            try server.thread.run {}
        }
        #expect(server.counters.snapshotsDropped.value == 20)
        // Whole messages, rising, the last of them the newest.
        var last: UInt8 = 0
        while last < number {
            #expect(try member.client.receive(4) == [0x82, 126, UInt8(size >> 8), UInt8(size & 0xFF)])
            let body = try member.client.receive(size)
            let next = try #require(body.first)
            #expect(body.allSatisfy { $0 == next } && next > last)
            last = next
        }
        #expect(server.counters.eventStreamsOverrun.value == 0)
        server.stop()
    }

    @Test func oneStreamMayEndAloneBehindItsMessages() throws {
        let server = try TestServer()
        let endings = Mailbox<String>()
        let post = MessagePost(lanes: LaneSet(), counters: counters)
        let (member, other) = (try recipient(server, endings), try recipient(server))
        post.send(nil, to: member.recipient) { $0.value(1) }
        post.end(.replaced, of: member.recipient)
        #expect(try member.client.receiveToEnd() == [0x81, 1, 0x31])
        #expect(try endings.next() == "resumed elsewhere")
        post.send(nil, to: other.recipient) { $0.value(2) }
        post.flush()
        #expect(try other.client.receive(3) == [0x81, 1, 0x32])
        server.stop()
    }

    /// One connection may follow the snapshots of one hub and the events of another.
    @Test func aConnectionHasAPlaceInBothKindsOfStripe() throws {
        let server = try TestServer()
        let lanes = LaneSet()
        let (snapshots, events) = (
            Hub<SnapshotStripe>(lanes: lanes, counters: counters), Hub<EventStripe>(lanes: lanes, counters: counters)
        )
        let (a, b) = (try recipient(server), try recipient(server))
        let states = snapshots.admit(on: server.loop, .webSocketV2)
        let news = events.admit(on: server.loop, .webSocketV2)
        try server.thread.run {
            states.attach(a.connection.value, as: .webSocketV2)
            states.attach(b.connection.value, as: .webSocketV2)
            news.attach(b.connection.value, as: .webSocketV2)
            states.remove(a.connection.value, from: .webSocketV2)
            #expect(a.connection.value.snapshotIndex == -1 && a.connection.value.eventIndex == -1)
            #expect(b.connection.value.snapshotIndex == 0 && b.connection.value.eventIndex == 0)
            news.remove(b.connection.value, from: .webSocketV2)
            #expect(b.connection.value.snapshotIndex == 0 && b.connection.value.eventIndex == -1)
            states.remove(b.connection.value, from: .webSocketV2)
        }
        server.stop()
    }
}
