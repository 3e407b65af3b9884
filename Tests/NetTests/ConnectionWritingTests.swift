import CSystem
import Glibc
import PylonBytes
import PylonNet
import PylonTestSupport
import PylonTime
import PylonEventLoop
import PylonTelemetry
import Testing

@Suite struct ConnectionWritingTests {
    @Test func theWritesOfOneTurnLeaveTogetherAndInOrder() throws {
        let drained = Mailbox<Void>()
        let server = try TestServer { _ in ScriptedHandler { $0.onDrained = { _ in drained.put(()) } } }
        let (client, connection) = try server.connect()
        try server.on(connection) { connection in
            for word in ["one ", "two ", "three"] { connection.write { $0.append(word) } }
            #expect(connection.bytesWaiting == 13)
        }
        #expect(try client.receiveText(13) == "one two three")
        _ = try drained.next()
        try server.thread.turn()
        #expect(drained.count == 0)
        #expect(server.counters.bytesSent.value == 13)
        #expect(try server.on(connection) { $0.bytesWaiting } == 0)
        server.stop()
    }

    @Test func anEmptyWriteDoesNothing() throws {
        let drained = Mailbox<Void>()
        let server = try TestServer { _ in ScriptedHandler { $0.onDrained = { _ in drained.put(()) } } }
        let (client, connection) = try server.connect()
        try server.on(connection) { connection in connection.write { _ in } }
        try server.thread.turn()
        #expect(drained.count == 0)
        // Snapshots still take the short way.
        #expect(try server.on(connection) { $0.sendSnapshot(SharedBytes([7])) })
        #expect(try client.receive(1) == [7])
        server.stop()
    }

    @Test func manyBytesToASlowReaderArriveWholeAndInOrder() throws {
        let server = try TestServer()
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        let count = 3_000_000
        try server.on(connection) { connection in
            for start in stride(from: 0, to: count, by: 100_000) {
                connection.write { buffer in
                    for index in start..<start + 100_000 { buffer.append(UInt8(truncatingIfNeeded: index &* 31 >> 3)) }
                }
            }
        }
        let bytes = try client.receive(count)
        #expect(bytes.count == count)
        let firstWrong = bytes.indices.first { bytes[$0] != UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        #expect(firstWrong == nil)
        try server.thread.turn()
        #expect(try server.on(connection) { $0.bytesWaiting } == 0)
        #expect(server.counters.bytesSent.value == UInt64(count))
        server.stop()
    }

    @Test func finishSendsWhatWaitsThenAFIN() throws {
        let closed = Mailbox<Void>()
        let server = try TestServer { _ in ScriptedHandler { $0.onClosed = { _ in closed.put(()) } } }
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        try server.on(connection) { connection in
            connection.write { buffer in
                for index in 0..<500_000 { buffer.append(UInt8(truncatingIfNeeded: index)) }
            }
            connection.finish { $0.append("bye") }
            #expect(!connection.isOpen)
            connection.write { $0.append("too late") }
            connection.finish { $0.append("twice") }
            #expect(!connection.sendSnapshot(SharedBytes([1])))
        }
        let bytes = try client.receiveToEnd()
        #expect(bytes.count == 500_003 && bytes.suffix(3) == Array("bye".utf8))
        #expect(closed.count == 0)
        client.shutdownWriting()
        _ = try closed.next()
        server.stop()
    }

    @Test func thePeerHasTheLingerTimeToCloseAndIsNotCountedAsStalled() throws {
        let clock = ManualClock()
        let closed = Mailbox<Void>()
        let server = try TestServer(clock: clock) { _ in ScriptedHandler { $0.onClosed = { _ in closed.put(()) } } }
        let (client, connection) = try server.connect()
        try server.on(connection) { $0.finish() }
        #expect(try client.receiveToEnd().isEmpty)
        // What still comes is read and thrown away.
        try client.send("unwanted")
        clock.advance(by: Connection.lingerMaximum - .milliseconds(1))
        server.loop.wake()
        try server.thread.turn()
        #expect(closed.count == 0)
        clock.advance(by: .milliseconds(1))
        server.loop.wake()
        _ = try closed.next()
        #expect(server.counters.stalled.value == 0)
        server.stop()
    }

    @Test func aPeerThatTakesNothingIsClosedAndCounted() throws {
        let clock = ManualClock()
        let closed = Mailbox<Void>()
        let server = try TestServer(clock: clock) { _ in ScriptedHandler { $0.onClosed = { _ in closed.put(()) } } }
        let (client, connection) = try server.connect(receiveBuffer: 4096)
        try server.on(connection) { connection in
            connection.write { buffer in
                for _ in 0..<8_000_000 { buffer.append(0) }
            }
        }
        // Until the kernel takes no more.
        var waiting = -1
        while true {
            try server.thread.turn()
            let now = try server.on(connection) { $0.bytesWaiting }
            if now == waiting { break }
            waiting = now
        }
        #expect(waiting > 0)
        clock.advance(by: Connection.stallMaximum - .milliseconds(1))
        server.loop.wake()
        try server.thread.turn()
        #expect(closed.count == 0)
        clock.advance(by: .milliseconds(1))
        server.loop.wake()
        _ = try closed.next()
        #expect(server.counters.stalled.value == 1)
        server.stop()
        withExtendedLifetime(client) {}
    }

    @Test func aHandlersDeadlineComesAndMayBeSetAgain() throws {
        let clock = ManualClock()
        let fired = Mailbox<Instant>()
        let server = try TestServer(clock: clock) { connection in
            // Before the loop watches the connection: how a protocol limits the wait for the first byte.
            connection.setDeadline(clock.now() + .seconds(10))
            return ScriptedHandler {
                $0.onDeadline = { connection in
                    let now = clock.now()
                    connection.setDeadline(now + .seconds(3))
                    fired.put(now)
                }
            }
        }
        let start = clock.now()
        let (client, connection) = try server.connect()
        clock.advance(by: .seconds(10))
        server.loop.wake()
        #expect(try fired.next() == start + .seconds(10))
        clock.advance(by: .seconds(3))
        server.loop.wake()
        #expect(try fired.next() == start + .seconds(13))
        #expect(try server.on(connection) { $0.isOpen })
        server.stop()
        withExtendedLifetime(client) {}
    }
}
