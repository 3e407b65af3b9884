import PylonBytes
import PylonNet
import PylonTestSupport
import PylonThreading
import PylonTime
import PylonEventLoop
import PylonTelemetry
import Testing

@Suite struct ConnectionSnapshotTests {
    /// A snapshot that can be recognised in a stream: marker, number, length, then as many bytes derived from the number.
    private static func snapshot(_ number: Int, length: Int) -> SharedBytes {
        var bytes: [UInt8] = [0xF0]
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
        for shift in [24, 16, 8, 0] { bytes.append(UInt8(truncatingIfNeeded: length >> shift)) }
        bytes += [UInt8](repeating: UInt8(truncatingIfNeeded: number &* 7), count: length)
        return SharedBytes(bytes)
    }

    /// What a reader found: numbers of whole snapshots, and the bytes in between.
    private enum Item: Equatable {
        case snapshot(Int)
        case byte(UInt8)
    }

    /// Reads items until the snapshot `last`; throws at a torn one.
    private func readItems(_ client: ClientSocket, until last: Item) throws -> [Item] {
        var items: [Item] = []
        while items.last != last {
            let first = try #require(try client.receive(1).first)
            guard first == 0xF0 else {
                items.append(.byte(first))
                continue
            }
            let head = try client.receive(8).map { Int($0) }
            let number = head[..<4].reduce(0) { $0 << 8 | $1 }
            let length = head[4...].reduce(0) { $0 << 8 | $1 }
            let body = try client.receive(length)
            try #require(body.allSatisfy { $0 == UInt8(truncatingIfNeeded: number &* 7) }, "snapshot \(number) is torn")
            try #require(body.count == length)
            items.append(.snapshot(number))
        }
        return items
    }

    /// Sends snapshots until the kernel takes no more of them; the number of the next one.
    private func fill(_ server: TestServer, _ connection: OnLoop<Connection>, length: Int) throws -> Int {
        try server.on(connection) { connection in
            var number = 0
            while connection.sendSnapshot(Self.snapshot(number, length: length)) { number += 1 }
            return number + 1
        }
    }

    @Test func aSnapshotLeavesAtOnceWhenNothingWaits() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect()
        #expect(try server.on(connection) { $0.sendSnapshot(Self.snapshot(3, length: 5)) })
        #expect(try readItems(client, until: .snapshot(3)) == [.snapshot(3)])
        #expect(try server.on(connection) { $0.snapshotsWaiting } == 0)
        server.stop()
    }

    @Test func aStuckReaderKeepsTheNewestAndNeverSeesATornOne() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let length = 10_000
        let next = try fill(server, connection, length: length)
        let last = next + 99
        try server.on(connection) { connection in
            for number in next...last { #expect(!connection.sendSnapshot(Self.snapshot(number, length: length))) }
            #expect(connection.snapshotsWaiting <= SnapshotRing.framesMaximum + 1)
        }
        let items = try readItems(client, until: .snapshot(last))
        let numbers: [Int] = items.map { if case .snapshot(let number) = $0 { number } else { -1 } }
        #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
        let kept = Array(last - SnapshotRing.framesMaximum + 1...last)
        #expect(Array(numbers.suffix(kept.count)) == kept)
        #expect(server.counters.snapshotsDropped.value == UInt64(last + 1 - numbers.count))
        server.stop()
    }

    @Test func bytesOvertakeWaitingSnapshotsAndSplitNone() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let length = 30_000
        let next = try fill(server, connection, length: length)
        try server.on(connection) { connection in
            for number in next..<next + 4 { _ = connection.sendSnapshot(Self.snapshot(number, length: length)) }
            connection.write { $0.append("ping") }
        }
        let items = try readItems(client, until: .snapshot(next + 3))
        let bytes: [Int] = items.indices.filter { if case .byte = items[$0] { true } else { false } }
        #expect(bytes.map { items[$0] } == "ping".utf8.map { Item.byte($0) })
        let first = try #require(bytes.first)
        #expect(bytes == Array(first..<first + 4))
        // At most the one being sent came before them.
        #expect(items[first + 4] == .snapshot(next) || items[first + 4] == .snapshot(next - 1))
        server.stop()
    }

    @Test func finishSendsWaitingSnapshotsThenTheFarewellThenAFIN() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let next = try fill(server, connection, length: 20_000)
        try server.on(connection) { connection in
            for number in next..<next + 20 { _ = connection.sendSnapshot(Self.snapshot(number, length: 20_000)) }
            connection.write { $0.append("a") }
            connection.finish { $0.append("z") }
        }
        let items = try readItems(client, until: .byte(UInt8(ascii: "z")))
        #expect(items[items.count - 2] == .snapshot(next + 19))
        #expect(items.filter { $0 == .byte(UInt8(ascii: "a")) }.count == 1)
        #expect(try client.receiveToEnd().isEmpty)
        server.stop()
    }

    @Test func randomTrafficToAReaderOfAnyPaceIsNeverTorn() throws {
        var generator = SeededGenerator(seed: testSeed())
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let reader = Mailbox<Result<[Item], any Error>>()
        let rounds = 300
        let thread = Thread.spawn(name: "reader") {
            reader.put(Result { try readItems(client, until: .snapshot(rounds)) })
        }
        var written: [UInt8] = []
        for number in 0...rounds {
            let length = Int.random(in: 0...20_000, using: &generator)
            let bytes = (0..<Int.random(in: 0...3, using: &generator)).map { _ in
                UInt8.random(in: 0..<0xF0, using: &generator)
            }
            written += bytes
            try server.on(connection) { connection in
                if number.isMultiple(of: 2) { connection.write { $0.append(bytes) } }
                _ = connection.sendSnapshot(Self.snapshot(number, length: length))
                if !number.isMultiple(of: 2) { connection.write { $0.append(bytes) } }
            }
        }
        let items = try reader.next().get()
        thread.join()
        let numbers: [Int] = items.compactMap { if case .snapshot(let number) = $0 { number } else { nil } }
        #expect(numbers == numbers.sorted() && numbers.last == rounds)
        let bytes: [UInt8] = items.compactMap { if case .byte(let byte) = $0 { byte } else { nil } }
        // Bytes written with the last snapshot may come behind it.
        #expect(Array(written.prefix(bytes.count)) == bytes && written.count - bytes.count <= 3)
        #expect(UInt64(numbers.count) + server.counters.snapshotsDropped.value == UInt64(rounds + 1))
        server.stop()
    }

    @Test func snapshotsToAResetPeerCloseTheConnectionAtTheEndOfTheTurn() throws {
        let closed = Mailbox<Void>()
        let server = try TestServer { _ in ScriptedHandler { $0.onClosed = { _ in closed.put(()) } } }
        let (client, connection) = try server.connect()
        try server.thread.run {
            client.reset()
            // The loop has not seen the reset yet: sending finds out, and must not close under the caller's feet.
            _ = connection.value.sendSnapshot(Self.snapshot(0, length: 10))
            _ = connection.value.sendSnapshot(Self.snapshot(1, length: 10))
            #expect(connection.value.isOpen)
        }
        _ = try closed.next()
        server.stop()
    }
}
