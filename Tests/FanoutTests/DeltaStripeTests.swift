import PylonBytes
import PylonNet
import PylonStreamProtocol
import PylonTelemetry
import PylonTestSupport
import PylonTime
import Testing

@testable import PylonFanout

/// Who takes deltas gets what changed since the state it has acknowledged, and the whole state where that is not known.
@Suite struct DeltaStripeTests {
    private let counters = FanoutCounters()

    /// One who takes deltas, and the states it has.
    private final class Taker {
        let client: ClientSocket
        let connection: OnLoop<Connection>
        private(set) var states: [UInt64: [UInt8]] = [:]

        private let transport: Transports

        init(
            _ server: TestServer, _ stripe: SnapshotStripe, first: Frame? = nil,
            as transport: Transports = .webSocketV2Delta
        ) throws {
            self.transport = transport
            (client, connection) = try server.connect()
            let connection = connection
            try server.thread.run { stripe.attach(connection.value, as: transport, first: first) }
        }

        func acknowledge(_ tick: UInt64, _ stripe: SnapshotStripe, _ server: TestServer) throws {
            try server.on(connection) { stripe.acknowledge(Tick(tick), by: $0) }
        }

        func leave(_ server: TestServer, _ stripe: SnapshotStripe) throws {
            let (connection, transport) = (connection, transport)
            try server.thread.run { stripe.remove(connection.value, from: transport) }
        }

        /// Takes the next message; returns its type, its tick and the state it leads to.
        func take() throws -> (type: UInt8, tick: UInt64, state: String) {
            let head = try client.receive(2)
            var count = Int(head[1])
            if count == 126 { count = try client.receive(2).reduce(0) { $0 << 8 | Int($1) } }
            let message = try client.receive(count)
            if message[0] == ServerMessage.keyframeType {
                let tick = message[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
                states[tick] = Array(message[9...])
                return (message[0], tick, String(decoding: message[9...], as: UTF8.self))
            }
            var offset = 1
            let head2 = try #require(message.withUnsafeBytes { StateDelta.Head($0, at: &offset) })
            let base = try #require(states[head2.tick - head2.baseAge])
            let operations = Array(message[offset...])
            let state = try #require(
                operations.withUnsafeBytes { StateDelta.apply($0, to: base, countMaximum: 1 << 20) })
            states[head2.tick] = state
            return (message[0], head2.tick, String(decoding: state, as: UTF8.self))
        }
    }

    private func text(_ number: Int) -> String {
        #"{"list":[\#((0..<100).map(String.init).joined(separator: ","))],"number":\#(number),"end":"what stays as it is"}"#
    }

    private func frame(_ tick: UInt64, _ text: String) -> Frame {
        Array(text.utf8).withUnsafeBytes { Frame(tick: Tick(tick), payload: $0, for: .webSocketV2Delta) }
    }

    private func publish(_ frame: Frame, _ stripe: SnapshotStripe, _ server: TestServer) throws {
        stripe.publish(frame)
        try server.thread.run {}
    }

    @Test func changesComeAgainstWhatWasAcknowledged() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let first = frame(1, text(1))
        let (fast, slow) = (try Taker(server, stripe, first: first), try Taker(server, stripe, first: first))
        #expect(try fast.take() == (2, 1, text(1)))
        #expect(try slow.take() == (2, 1, text(1)))
        try publish(frame(2, text(22)), stripe, server)
        #expect(try fast.take() == (2, 2, text(22)), "nothing is acknowledged")
        #expect(try slow.take() == (2, 2, text(22)))
        try slow.acknowledge(1, stripe, server)
        try fast.acknowledge(2, stripe, server)
        for tick in 3...5 as ClosedRange<UInt64> {
            try publish(frame(tick, text(Int(tick) * 111)), stripe, server)
            #expect(try fast.take() == (5, tick, text(Int(tick) * 111)))
            #expect(try slow.take() == (5, tick, text(Int(tick) * 111)))
        }
        #expect(counters.deltasSent.value == 6 && counters.deltasMade.value == 6, "each had a base of its own")
        try slow.acknowledge(5, stripe, server)
        try fast.acknowledge(5, stripe, server)
        try publish(frame(6, text(6)), stripe, server)
        #expect(try fast.take() == (5, 6, text(6)))
        #expect(try slow.take() == (5, 6, text(6)))
        #expect(counters.deltasMade.value == 7, "one for both")
        #expect(counters.deltaBytesSaved.value > 7 * 300)
        #expect(counters.deltaBaseBytes.value == text(555).utf8.count + text(6).utf8.count + 2 * 13, "ticks 5 and 6")
        for taker in [fast, slow] { try taker.leave(server, stripe) }
        #expect(counters.deltaBaseBytes.value == 0)
        server.stop()
    }

    @Test(arguments: [0, 2, 99, UInt64.max - 1, .max]) func aStateThatIsNotThereIsNoBase(acknowledged: UInt64) throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let taker = try Taker(server, stripe, first: frame(1, text(1)))
        #expect(try taker.take().tick == 1)
        try taker.acknowledge(acknowledged, stripe, server)
        try publish(frame(3, text(3)), stripe, server)
        #expect(try taker.take() == (2, 3, text(3)))
        try taker.acknowledge(3, stripe, server)
        try publish(frame(4, text(4)), stripe, server)
        #expect(try taker.take() == (5, 4, text(4)), "what was said before makes no difference")
        try taker.leave(server, stripe)
        server.stop()
    }

    /// Who reads and never says what it has makes the server keep a few states and no more.
    @Test func withoutAcknowledgementsFewStatesAreKept() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let taker = try Taker(server, stripe)
        for tick in 1...100 as ClosedRange<UInt64> {
            try publish(frame(tick, text(7)), stripe, server)
            #expect(try taker.take().type == 2)
        }
        #expect(counters.deltaBaseBytes.value == StateBases.unacknowledgedMaximum * (text(7).utf8.count + 13))
        try taker.leave(server, stripe)
        server.stop()
    }

    /// An event-driven world may change between its steps, when somebody joins: two states of one tick, and nobody knows which a client has.
    @Test func ofTwoStatesOfOneTickNeitherIsABase() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let early = try Taker(server, stripe, first: frame(1, text(1)))
        let same = try Taker(server, stripe, first: frame(1, text(1)))
        for taker in [early, same] {
            #expect(try taker.take().state == text(1))
            try taker.acknowledge(1, stripe, server)
        }
        try publish(frame(2, text(2)), stripe, server)
        #expect(try early.take().type == 5, "the same state twice is one")
        #expect(try same.take().type == 5)
        let late = try Taker(server, stripe, first: frame(2, text(222)))
        #expect(try late.take().state == text(222))
        for taker in [early, same, late] { try taker.acknowledge(2, stripe, server) }
        try publish(frame(3, text(3)), stripe, server)
        #expect(try late.take() == (2, 3, text(3)))
        for taker in [early, same] { #expect(try taker.take() == (5, 3, text(3)), "from tick 1, which they have, too") }
        for taker in [early, same, late] { try taker.acknowledge(3, stripe, server) }
        try publish(frame(4, text(4)), stripe, server)
        for taker in [early, same, late] { #expect(try taker.take() == (5, 4, text(4))) }
        for taker in [early, same, late] { try taker.leave(server, stripe) }
        server.stop()
    }

    @Test func aWholeStateThatWasAskedForIsABase() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let taker = try Taker(server, stripe)
        let connection = taker.connection
        let whole = frame(1, text(1))
        try server.thread.run { stripe.resend(whole, to: connection.value, as: .webSocketV2Delta) }
        #expect(try taker.take() == (2, 1, text(1)))
        try taker.acknowledge(1, stripe, server)
        try publish(frame(2, text(2)), stripe, server)
        #expect(try taker.take() == (5, 2, text(2)))
        try taker.leave(server, stripe)
        server.stop()
    }

    @Test func statesThatHaveNothingInCommonGoAsTheyAre() throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: counters)
        let taker = try Taker(server, stripe)
        for tick in 1...20 as ClosedRange<UInt64> {
            let text = String(repeating: String(UnicodeScalar(UInt8(64 + tick))), count: 100)
            try publish(frame(tick, text), stripe, server)
            #expect(try taker.take() == (2, tick, text))
            try taker.acknowledge(tick, stripe, server)
        }
        // Looked at no more for a while, though there would be something now.
        try publish(frame(21, text(1)), stripe, server)
        #expect(try taker.take().type == 2)
        try taker.acknowledge(21, stripe, server)
        var types: [UInt8] = []
        for tick in 22...100 as ClosedRange<UInt64> {
            try publish(frame(tick, text(Int(tick))), stripe, server)
            types.append(try taker.take().type)
            try taker.acknowledge(tick, stripe, server)
        }
        #expect(types.first == 2 && types.last == 5)
        try taker.leave(server, stripe)
        server.stop()
    }
}

/// Where the client takes compressed messages, the shorter of the two goes.
extension DeltaStripeTests {
    /// A hundred numbers, of which as many are others as `changed` says.
    private func numbers(_ tick: UInt64, changed: Int) -> Frame {
        var generator = SeededGenerator(seed: 1)
        var numbers = (0..<100).map { _ in Int.random(in: 10_000..<100_000, using: &generator) }
        for index in 0..<changed { numbers[index * (100 / changed)] += Int(tick) }
        let text = "[\(numbers.map { #"{"value":\#($0)}"# }.joined(separator: ","))]"
        return Array(text.utf8).withUnsafeBytes {
            Frame(tick: Tick(tick), payload: $0, for: .webSocketV2DeltaDeflated)
        }
    }

    @Test(arguments: [(1, 0x82), (100, 0xC2)] as [(Int, UInt8)])
    func theShorterGoes(changed: Int, firstByte: UInt8) throws {
        let server = try TestServer()
        let stripe = SnapshotStripe(lane: Lane(loop: server.loop), counters: FanoutCounters())
        let taker = try Taker(
            server, stripe, first: numbers(1, changed: changed), as: .webSocketV2DeltaDeflated)
        let head = try taker.client.receive(4)
        #expect(head[0] == 0xC2 && head[1] == 126)
        _ = try taker.client.receive(Int(head[2]) << 8 | Int(head[3]))
        try taker.acknowledge(1, stripe, server)
        stripe.publish(numbers(2, changed: changed))
        #expect(try taker.client.receive(1) == [firstByte])
        try taker.leave(server, stripe)
        server.stop()
    }
}

@Suite struct StateBasesTests {
    private func message(_ count: Int) -> SharedBytes { SharedBytes(count: count) { _ in } }

    @Test func theOldestGoFirst() {
        var bases = StateBases()
        for tick in 1...100 as ClosedRange<UInt64> { bases.keep(message(10), Tick(tick)) }
        #expect(bases.bytesCount == 10 * StateBases.statesMaximum)
        #expect(bases.message(Tick(100 - UInt64(StateBases.statesMaximum))) == nil)
        #expect(bases.message(Tick(100)) != nil)
        bases.forget(before: Tick(99))
        #expect(bases.bytesCount == 20 && bases.message(Tick(98)) == nil && bases.message(Tick(99)) != nil)
        bases.forget(before: Tick(.max))
        #expect(bases.bytesCount == 0 && bases.message(Tick(100)) == nil)
        for tick in 101...110 as ClosedRange<UInt64> { bases.keep(message(10), Tick(tick), statesMaximum: 3) }
        #expect(bases.bytesCount == 30 && bases.message(Tick(107)) == nil && bases.message(Tick(108)) != nil)
    }

    @Test func largeStatesAreFewer() {
        var bases = StateBases()
        let count = StateBases.bytesMaximum / 2
        for tick in 1...5 as ClosedRange<UInt64> { bases.keep(message(count), Tick(tick)) }
        #expect(bases.bytesCount == 3 * count)
        bases.keep(message(2 * count), Tick(6))
        #expect(bases.message(Tick(6)) != nil, "as long as one may be")
        bases.keep(message(2 * count + 1), Tick(7))
        #expect(bases.message(Tick(7)) == nil && bases.message(Tick(6)) != nil)
        bases.keep(message(1), Tick(8))
        #expect(bases.bytesCount == 2 * count + 1)
    }
}
