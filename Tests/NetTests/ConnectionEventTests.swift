import PylonBytes
import PylonEventLoop
import PylonNet
import PylonTelemetry
import PylonTestSupport
import PylonThreading
import PylonTime
import Testing

/// Events beside bytes and snapshots over real sockets.
@Suite struct ConnectionEventTests {
    /// Something that can be recognised in a stream: its kind, number and length, then as many bytes derived from the number.
    private enum Item: Hashable {
        case events(Int)
        case snapshot(Int)
        case byte(UInt8)
    }

    private static func shared(_ mark: UInt8, _ number: Int, length: Int) -> SharedBytes {
        var bytes = [mark]
        for value in [number, length] {
            for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: value >> shift)) }
        }
        bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: number &* 7), count: length)
        return SharedBytes(bytes)
    }

    private static func events(_ number: Int, length: Int) -> SharedBytes { shared(0xE0, number, length: length) }
    private static func snapshot(_ number: Int, length: Int) -> SharedBytes { shared(0xF0, number, length: length) }

    /// Takes the items in `bytes` apart; throws at a torn one.
    private static func items(in bytes: [UInt8]) throws -> [Item] {
        var items: [Item] = []
        var rest = bytes[...]
        while let mark = rest.popFirst() {
            guard mark >= 0xE0 else {
                items.append(.byte(mark))
                continue
            }
            try #require(rest.count >= 8, "torn in a head")
            let number = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let length = rest.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | Int($1) }
            let body = rest.dropFirst(8).prefix(length)
            try #require(body.count == length && body.allSatisfy { $0 == UInt8(truncatingIfNeeded: number &* 7) })
            rest = rest.dropFirst(8 + length)
            items.append(mark == 0xE0 ? .events(number) : .snapshot(number))
        }
        return items
    }

    private static func eventNumbers(_ items: [Item]) -> [Int] {
        items.compactMap { if case .events(let number) = $0 { number } else { nil } }
    }

    private static func snapshotNumbers(_ items: [Item]) -> [Int] {
        items.compactMap { if case .snapshot(let number) = $0 { number } else { nil } }
    }

    /// Sends events until the kernel takes no more of them; the number of the next one.
    private func fill(_ server: TestServer, _ connection: OnLoop<Connection>, length: Int) throws -> Int {
        try server.on(connection) { connection in
            var number = 0
            while connection.sendEvents(Self.events(number, length: length)) { number += 1 }
            return number + 1
        }
    }

    @Test func eventsLeaveAtOnceWhenNothingWaits() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect()
        let batch = Self.events(3, length: 5)
        try server.on(connection) { connection in
            #expect(connection.sendEvents(batch))
            // Within the turn: the client need not wait for its end.
            let received = try client.receive(batch.count)
            #expect(received.count == batch.count)
        }
        // Who sends to many counts at once for all of them.
        #expect(server.counters.bytesSent.value == 0 && server.counters.eventBatchesSent.value == 0)
        server.stop()
    }

    @Test func queuedEventsLeaveInOneWriteAtTheEndOfTheTurn() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect()
        try server.on(connection) { connection in
            for number in 0..<3 { connection.queueOpening(Self.events(number, length: 0)) }
            #expect(!connection.sendEvents(Self.events(3, length: 0)), "overtook what waits")
        }
        #expect(try Self.items(in: client.receiveSome()) == (0..<4).map { .events($0) })
        try server.thread.turn()
        #expect(server.counters.eventBatchesSent.value == 4 && server.counters.bytesSent.value == 36)
        #expect(try server.on(connection) { $0.sendEvents(Self.events(4, length: 0)) }, "nothing waits any more")
        server.stop()
    }

    @Test func bytesOvertakeEventsAndEventsSnapshotsAndTheFarewellIsLast() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let next = try fill(server, connection, length: 20_001)
        try server.on(connection) { connection in
            for number in 1...3 {
                #expect(!connection.sendSnapshot(Self.snapshot(number, length: 3000 + number)))
                #expect(!connection.sendEvents(Self.events(next + number - 1, length: 7000 + number)))
                connection.write { $0.append(UInt8(number)) }
            }
            connection.finish { $0.append(UInt8(9)) }
            #expect(!connection.sendEvents(Self.events(99, length: 1)))
            connection.queueOpening(Self.events(99, length: 1))
        }
        let items = try Self.items(in: client.receiveToEnd())
        let kernel = Array(items.prefix(next - 1)) == (0..<next - 1).map { .events($0) }
        #expect(kernel)
        // The one the kernel refused may have been begun or not.
        let rest = Array(items.dropFirst(next - 1))
        let behind: [Item] = (next..<next + 3).map { .events($0) } + (1...3).map { .snapshot($0) } + [.byte(9)]
        let bytes: [Item] = [.byte(1), .byte(2), .byte(3)]
        #expect(rest == [.events(next - 1)] + bytes + behind || rest == bytes + [.events(next - 1)] + behind)
        server.stop()
    }

    @Test func randomTrafficLosesNoEventAndTheCountersAreExact() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let received = Mailbox<Result<[UInt8], any Error>>()
        let thread = Thread.spawn(name: "reader") {
            received.put(
                Result {
                    var generator = SeededGenerator(seed: seed &+ 1)
                    var bytes: [UInt8] = []
                    while true {
                        let some = try client.receiveSome(Int.random(in: 1...30_011, using: &generator))
                        if some.isEmpty { return bytes }
                        bytes += some
                    }
                })
        }
        let rounds = 300
        var direct = (bytes: 0, events: 0, snapshots: 0)
        for number in 0..<rounds {
            let length = Int.random(in: 0...12_007, using: &generator)
            let order = Int.random(in: 0..<3, using: &generator)
            let sent = try server.on(connection) { connection in
                let events = Self.events(number, length: length)
                let snapshot = Self.snapshot(number, length: length / 2)
                var sent = (bytes: 0, events: 0, snapshots: 0)
                for step in 0..<3 {
                    switch (step + order) % 3 {
                    case 0 where connection.sendEvents(events):
                        (sent.events, sent.bytes) = (1, sent.bytes + events.count)
                    case 1 where connection.sendSnapshot(snapshot):
                        (sent.snapshots, sent.bytes) = (1, sent.bytes + snapshot.count)
                    case 2: connection.write { $0.append(UInt8(number % 0xE0)) }
                    default: break
                    }
                }
                return sent
            }
            direct = (direct.bytes + sent.bytes, direct.events + sent.events, direct.snapshots + sent.snapshots)
            // Whether the reader gets a processor in time is not what this is about.
            while try server.on(connection, { $0.eventBytesWaiting }) > EventQueue.bytesMaximum / 2 {}
        }
        try server.on(connection) { $0.finish() }
        let bytes = try received.next(within: 60).get()
        thread.join()
        let items = try Self.items(in: bytes)
        #expect(Self.eventNumbers(items) == Array(0..<rounds))
        #expect(
            items.filter { if case .byte = $0 { true } else { false } } == (0..<rounds).map { .byte(UInt8($0 % 0xE0)) })
        let snapshots = Self.snapshotNumbers(items)
        #expect(snapshots == Array(Set(snapshots)).sorted())
        let counters = server.counters
        #expect(counters.snapshotsDropped.value == UInt64(rounds - snapshots.count))
        #expect(counters.bytesSent.value == UInt64(bytes.count - direct.bytes))
        #expect(counters.eventBatchesSent.value == UInt64(rounds - direct.events))
        #expect(counters.snapshotsSent.value == UInt64(snapshots.count - direct.snapshots))
        #expect(counters.eventStreamsOverrun.value == 0)
        server.stop()
    }

    /// A handler that notes what it is told and says goodbye with one byte.
    private static func handler(_ endings: Mailbox<String>) -> ScriptedHandler {
        ScriptedHandler { handler in
            handler.onEnd = { ending, connection in
                endings.put("\(ending)")
                connection.finish { $0.append(UInt8(0xDD)) }
            }
        }
    }

    @Test func overTheBudgetTheHandlerEndsTheStreamOnceAndNothingFollowsTheGap() throws {
        let endings = Mailbox<String>()
        let server = try TestServer { _ in Self.handler(endings) }
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let length = 50_000
        let next = try fill(server, connection, length: length)
        let capacity = EventQueue.bytesMaximum / (length + 9)
        try server.on(connection) { connection in
            for number in next..<next + capacity + 3 {
                #expect(!connection.sendEvents(Self.events(number, length: length)))
            }
            // Small enough for what is left of the budget, and behind the gap all the same.
            connection.queueOpening(Self.events(1_000_000, length: 0))
            #expect(!connection.sendEvents(Self.events(1_000_001, length: 0)))
            #expect(endings.count == 0, "told in the middle of a walk")
        }
        #expect(try endings.next() == "tooSlow")
        try server.on(connection) { connection in
            #expect(!connection.isOpen)
            #expect(!connection.sendEvents(Self.events(1_000_002, length: 0)))
        }
        let items = try Self.items(in: client.receiveToEnd())
        let numbers = Self.eventNumbers(items)
        // What waits in front of the gap still arrives: the client resumes behind it.
        #expect(numbers == Array(0..<numbers.count))
        #expect((next + capacity - 1...next + capacity).contains(numbers.count))
        #expect(items.last == .byte(0xDD) && items.count == numbers.count + 1)
        #expect(endings.count == 0)
        #expect(server.counters.eventStreamsOverrun.value == 1)
        server.stop()
    }

    @Test func nothingFollowsAGapEvenWhereNothingWaits() throws {
        let endings = Mailbox<String>()
        let server = try TestServer { _ in Self.handler(endings) }
        let (client, connection) = try server.connect()
        try server.on(connection) { connection in
            #expect(connection.sendEvents(Self.events(0, length: 0)))
            connection.loseEvents()
            connection.loseEvents()
            #expect(!connection.sendEvents(Self.events(2, length: 0)), "sent behind the gap")
            connection.queueOpening(Self.events(3, length: 0))
        }
        #expect(try Self.items(in: client.receiveToEnd()) == [.events(0), .byte(0xDD)])
        #expect(try endings.next() == "tooSlow")
        #expect(endings.count == 0 && server.counters.eventStreamsOverrun.value == 1)
        server.stop()
    }

    @Test func aFarewellPartlySentIsNoWriteOfEvents() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let next = try fill(server, connection, length: 10_000)
        let farewell = 6_000_000
        try server.on(connection) { connection in
            connection.finish { $0.append([UInt8](repeating: 1, count: farewell)) }
        }
        let bytes = try client.receiveToEnd()
        #expect(bytes.count == next * 10_009 + farewell)
        // The last of the events was refused by the kernel or begun; the others left at once.
        #expect(server.counters.eventBatchesSent.value == 1)
        server.stop()
    }
}
