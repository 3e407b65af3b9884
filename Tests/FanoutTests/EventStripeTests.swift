import PylonBytes
import PylonEventLoop
import PylonFanout
import PylonNet
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@Suite struct EventStripeTests {
    private let counters = FanoutCounters()

    /// One connection, whose handler says goodbye with a message of number 0.
    private struct Subscriber {
        let client: ClientSocket
        let connection: OnLoop<Connection>
        let transport: Transports
        let endings = Mailbox<String>()

        /// Every message to the end of the stream.
        func messages() throws -> [EventMessage] {
            try #require(EventMessage.all(in: try client.receiveToEnd()), "a torn frame")
        }

        /// The next `count` messages of 9 bytes of payload each.
        func next(_ count: Int) throws -> [UInt64] {
            try #require(EventMessage.all(in: try client.receive(11 * count))).map(\.number)
        }
    }

    private static let goodbye: [UInt8] = [0x82, 8, 0, 0, 0, 0, 0, 0, 0, 0]
    private static let goodbyeMessage = EventMessage(0, "")

    private func subscriber(
        _ server: TestServer, of stripe: EventStripe, _ transport: Transports = .webSocket, receiveBuffer: Int32? = nil
    ) throws -> Subscriber {
        let (client, connection) = try server.connect(receiveBuffer: receiveBuffer)
        let subscriber = Subscriber(client: client, connection: connection, transport: transport)
        let endings = subscriber.endings
        try server.on(connection) { connection in
            connection.replaceHandler(
                ScriptedHandler { handler in
                    handler.onEnd = { ending, connection in
                        endings.put(ending.reason)
                        connection.finish { $0.append(Self.goodbye) }
                    }
                    handler.onClosed = { if $0.eventIndex >= 0 { stripe.remove($0, from: transport) } }
                })
        }
        return subscriber
    }

    /// Has the subscriber attached in the lane's order.
    private func attach(_ subscriber: Subscriber, to stripe: EventStripe, opening: [SharedBytes] = []) {
        let (connection, transport) = (subscriber.connection, subscriber.transport)
        stripe.perform { stripe.attach(connection.value, as: transport, opening: opening) }
    }

    private func log() -> EventLog { EventLog(start: EventCursor(100), eventsMaximum: 1000) }

    @Test func eventsActionsAndTheEndComeInOrder() throws {
        let server = try TestServer()
        let stripe = EventStripe(lane: Lane(loop: server.loop), counters: counters)
        let early = try subscriber(server, of: stripe)
        let late = try subscriber(server, of: stripe)
        var log = log()
        let release = try server.thread.hold()
        attach(early, to: stripe)
        stripe.publish(log.append(["1"]))
        attach(late, to: stripe, opening: try log.opening(after: EventCursor(100), for: .webSocket))
        stripe.publish(log.append(["2", "3"]))
        let endings = early.endings
        stripe.perform { endings.put("performed") }
        stripe.end(.finished)
        stripe.publish(log.append(["4"]))
        release()
        #expect(try early.messages() == [.init(101, "1"), .init(102, "2"), .init(103, "3"), Self.goodbyeMessage])
        #expect(
            try late.messages() == [
                .init(100, ""), .init(101, "1"), .init(102, "2"), .init(103, "3"), Self.goodbyeMessage,
            ])
        #expect(try endings.take(2) == ["performed", "shard finished"])
        server.stop()
    }

    @Test func whatComesInOneTurnLeavesInOneWrite() throws {
        let server = try TestServer()
        let stripe = EventStripe(lane: Lane(loop: server.loop), counters: counters)
        let socket = try subscriber(server, of: stripe)
        let stream = try subscriber(server, of: stripe, .eventStream)
        attach(socket, to: stripe)
        attach(stream, to: stripe)
        var log = log()
        let release = try server.thread.hold()
        for number in 1...5 { stripe.publish(log.append(["\(number)"])) }
        release()
        let sockets = try socket.client.receiveSome()
        #expect(EventMessage.all(in: sockets) == (1...5).map { EventMessage(100 + $0, "\($0)") })
        let chunks = (101...105).map { "11\r\nid: \($0)\ndata: \($0 - 100)\n\n\r\n" }.joined()
        #expect(try stream.client.receiveText(chunks.utf8.count) == chunks)
        try server.thread.turn()
        #expect(server.counters.eventBatchesSent.value == 2)
        #expect(server.counters.bytesSent.value == UInt64(sockets.count + chunks.utf8.count))
        server.stop()
    }

    @Test func newcomersMissNothingAndGetNothingTwice() throws {
        var generator = SeededGenerator(seed: testSeed())
        let server = try TestServer()
        let stripe = EventStripe(lane: Lane(loop: server.loop), counters: counters)
        var log = log()
        var subscribers: [(subscriber: Subscriber, cursor: UInt64)] = []
        var release: (() -> Void)?
        for _ in 0..<300 {
            if let held = release, Int.random(in: 0..<4, using: &generator) == 0 {
                held()
                release = nil
            } else if release == nil, Bool.random(using: &generator), subscribers.count < 40 {
                let isSocket = Bool.random(using: &generator)
                let one = try subscriber(server, of: stripe, isSocket ? .webSocket : .eventStream)
                release = try server.thread.hold()
                stripe.publish(log.append(["1"]))
                let known = UInt64.random(in: log.oldest.number - 1...log.last.number, using: &generator)
                let opening = try log.opening(after: EventCursor(known), for: one.transport)
                attach(one, to: stripe, opening: opening)
                subscribers.append((one, known))
            }
            let count = Int.random(in: 1...3, using: &generator)
            stripe.publish(log.append([String](repeating: "1", count: count)))
        }
        release?()
        stripe.end(.finished)
        for (one, cursor) in subscribers {
            let bytes = try one.client.receiveToEnd()
            let numbers =
                one.transport == .webSocket
                ? try #require(EventMessage.all(in: bytes)).dropLast().map(\.number)
                : bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
                    .compactMap { $0.hasPrefix("id: ") ? UInt64($0.dropFirst(4)) : nil }
            #expect(numbers == Array(cursor...log.last.number))
        }
        #expect(subscribers.count > 10 && counters.eventGaps.value == 0)
        server.stop()
    }

    // MARK: Merging

    /// A clock that stands still but for jumps, each taken by one reading.
    private final class JumpingClock: Clock {
        private let inner = ManualClock()
        private let jumps = Mailbox<Duration>()

        func now() -> Instant {
            if jumps.count > 0, let jump = try? jumps.next() { inner.advance(by: jump) }
            return inner.now()
        }

        func microsecondsSinceEpoch() -> UInt64 { inner.microsecondsSinceEpoch() }

        /// The readings that follow find so much more time gone.
        func plan(_ durations: [Duration]) { durations.forEach { jumps.put($0) } }

        func advance(by duration: Duration) { inner.advance(by: duration) }
    }

    /// A stripe with a subscriber in a window of 5 ms that an event of number 101 opened.
    private func openWindow(
        _ body: (TestServer, EventStripe, Subscriber, inout EventLog, JumpingClock) throws -> Void
    ) throws {
        let clock = JumpingClock()
        let server = try TestServer(clock: clock)
        let stripe = EventStripe(lane: Lane(loop: server.loop), counters: counters)
        let first = try subscriber(server, of: stripe)
        var log = log()
        let release = try server.thread.hold()
        attach(first, to: stripe)
        // Asked for the wait and the start, then for the end: a flush of 20 ms.
        stripe.perform { clock.plan([.zero, .zero, .milliseconds(20)]) }
        stripe.publish(log.append(["1"]))
        release()
        #expect(try first.next(1) == [101])
        try server.thread.turn()
        try body(server, stripe, first, &log, clock)
        server.stop()
    }

    @Test func eventsOfABusyStripeWaitForTheWindowAndLeaveTogether() throws {
        try openWindow { server, stripe, first, log, clock in
            for number in 2...4 {
                stripe.publish(log.append(["\(number)"]))
                try server.thread.turn()
            }
            #expect(server.counters.eventBatchesSent.value == 1, "left before the window was over")
            clock.advance(by: .milliseconds(5))
            server.loop.wake()
            #expect(try first.next(3) == [102, 103, 104])
            try server.thread.turn()
            #expect(server.counters.eventBatchesSent.value == 2)
        }
    }

    @Test func aNewcomerInAWindowGetsWhatWaitsOnce() throws {
        try openWindow { server, stripe, first, log, clock in
            stripe.publish(log.append(["2"]))
            try server.thread.turn()
            let newcomer = try subscriber(server, of: stripe)
            attach(newcomer, to: stripe, opening: try log.opening(after: EventCursor(101), for: .webSocket))
            // One more, who is gone before the window is over.
            let gone = try subscriber(server, of: stripe)
            attach(gone, to: stripe)
            try server.on(gone.connection) { $0.close() }
            stripe.publish(log.append(["3"]))
            try server.thread.turn()
            #expect(server.counters.eventBatchesSent.value == 3, "more has left than the two parts of the opening")
            clock.advance(by: .milliseconds(5))
            server.loop.wake()
            #expect(try first.next(2) == [102, 103])
            stripe.publish(log.append(["4"]))
            stripe.end(.finished)
            #expect(try first.next(1) == [104])
            #expect(try first.messages() == [Self.goodbyeMessage])
            #expect(
                try newcomer.messages() == [
                    .init(101, ""), .init(102, "2"), .init(103, "3"), .init(104, "4"), Self.goodbyeMessage,
                ])
        }
    }

    @Test func theEndComesBehindWhatWaitsInAWindow() throws {
        try openWindow { server, stripe, first, log, clock in
            stripe.publish(log.append(["2"]))
            try server.thread.turn()
            stripe.end(.stopped)
            #expect(try first.messages() == [.init(102, "2"), Self.goodbyeMessage])
        }
    }

    // MARK: Too slow

    @Test func aLoopThatIsTooSlowEndsTheStreamsThereAreAndNoLaterOnes() throws {
        let server = try TestServer()
        let stripe = EventStripe(lane: Lane(loop: server.loop), counters: counters)
        let socket = try subscriber(server, of: stripe)
        let stream = try subscriber(server, of: stripe, .eventStream)
        let later = try subscriber(server, of: stripe)
        attach(socket, to: stripe)
        attach(stream, to: stripe)
        var log = log()
        stripe.publish(log.append(["1"]))
        #expect(try socket.next(1) == [101])
        let release = try server.thread.hold()
        let large = "\"" + String(repeating: "x", count: 1_000_000) + "\""
        // Both forms count: eight of them fit.
        for _ in 0..<9 { stripe.publish(log.append([large])) }
        #expect(counters.eventGaps.value == 1)
        let opening = try log.opening(after: nil, for: .webSocket)
        attach(later, to: stripe, opening: opening)
        stripe.publish(log.append(["2"]))
        release()
        #expect(try socket.endings.next() == StreamEnding.tooSlow.reason)
        #expect(try stream.endings.next() == StreamEnding.tooSlow.reason)
        #expect(try socket.messages() == [Self.goodbyeMessage])
        #expect(Array(try stream.client.receiveToEnd().suffix(Self.goodbye.count)) == Self.goodbye)
        stripe.publish(log.append(["3"]))
        stripe.end(.finished)
        #expect(try later.messages() == [.init(110, ""), .init(111, "2"), .init(112, "3"), Self.goodbyeMessage])
        #expect(server.counters.eventStreamsOverrun.value == 2)
        server.stop()
    }

    @Test func whoIsTooSlowForTheLastEventsIsNotToldThatItHasAll() throws {
        let server = try TestServer()
        let stripe = EventStripe(lane: Lane(loop: server.loop), counters: counters)
        let slow = try subscriber(server, of: stripe, receiveBuffer: 4096)
        let other = try subscriber(server, of: stripe)
        attach(slow, to: stripe)
        attach(other, to: stripe)
        try server.on(slow.connection) { connection in
            let filler = SharedBytes([UInt8](repeating: 0, count: 500_000))
            while connection.sendEvents(filler) {}
            _ = connection.sendEvents(filler)
        }
        var log = log()
        let text = "\"" + String(repeating: "x", count: 200_000) + "\""
        let release = try server.thread.hold()
        stripe.publish(log.append([text]))
        stripe.end(.finished)
        release()
        #expect(try slow.endings.next() == StreamEnding.tooSlow.reason)
        #expect(try other.endings.next() == StreamEnding.finished.reason)
        #expect(try other.messages() == [.init(101, text), Self.goodbyeMessage])
        server.stop()
    }
}
