import PylonBytes
import PylonNet
import PylonTestSupport
import PylonTime
import PylonEventLoop
import PylonTelemetry
import Testing

/// Closing is safe in every call that a handler gets.
@Suite struct ConnectionReentrancyTests {
    enum Moment: String, CaseIterable {
        case received, receivedTwice, peerFinished, deadlinePassed, drained, closed, replaced
    }

    @Test(arguments: Moment.allCases) func closingInsideACallIsSafe(moment: Moment) throws {
        let clock = ManualClock()
        let closed = Mailbox<Void>()
        let server = try TestServer(clock: clock) { _ in
            ScriptedHandler { handler in
                handler.onReceived = { bytes, connection in
                    switch moment {
                    case .received: connection.close()
                    case .receivedTwice where bytes.count < 2: return 0
                    case .receivedTwice: connection.close()
                    case .replaced:
                        connection.replaceHandler(
                            ScriptedHandler {
                                $0.onReceived = { bytes, connection in
                                    connection.close()
                                    return bytes.count
                                }
                                $0.onClosed = { _ in closed.put(()) }
                            })
                        return 0
                    default: break
                    }
                    // What was consumed does not matter any more.
                    return 0
                }
                handler.onPeerFinished = { $0.close() }
                handler.onDeadline = { $0.close() }
                handler.onDrained = { if moment == .drained { $0.close() } }
                handler.onClosed = { connection in
                    connection.close()
                    connection.write { $0.append("ignored") }
                    connection.finish()
                    closed.put(())
                }
            }
        }
        let (client, connection) = try server.connect()
        switch moment {
        case .received, .replaced: try client.send("x")
        case .receivedTwice:
            try client.send("x")
            try server.thread.turn()
            try client.send("y")
        case .peerFinished: client.shutdownWriting()
        case .deadlinePassed:
            try server.on(connection) { $0.setDeadline(clock.now() + .seconds(1)) }
            clock.advance(by: .seconds(1))
            server.loop.wake()
        case .drained: try server.on(connection) { connection in connection.write { $0.append("x") } }
        case .closed: try server.on(connection) { $0.close() }
        }
        _ = try closed.next()
        try server.thread.turn()
        #expect(closed.count == 0)
        #expect(server.counters.open.value == 0)
        let isSilent = try server.on(connection) { connection in
            connection.close()
            connection.write { $0.append("x") }
            return !connection.sendSnapshot(SharedBytes([1])) && !connection.isOpen && connection.bytesWaiting == 0
        }
        #expect(isSilent)
        server.stop()
        withExtendedLifetime(client) {}
    }

    @Test func aConnectionMayCloseAnotherThatIsReadyInTheSameTurn() throws {
        let closed = Mailbox<Int>()
        let server = try TestServer()
        let (left, leftEnd) = try server.connect()
        let (right, rightEnd) = try server.connect()
        try server.thread.run {
            for (index, connection) in [leftEnd.value, rightEnd.value].enumerated() {
                let other = index == 0 ? rightEnd.value : leftEnd.value
                connection.replaceHandler(
                    ScriptedHandler {
                        $0.onReceived = { bytes, _ in
                            other.close()
                            return bytes.count
                        }
                        $0.onClosed = { _ in closed.put(index) }
                    })
            }
        }
        // Both are ready when the loop looks again.
        let holding = Mailbox<Void>()
        let held = Mailbox<Void>()
        server.loop.submit {
            held.put(())
            _ = try? holding.next()
        }
        _ = try held.next()
        try left.send("x")
        try right.send("x")
        holding.put(())
        _ = try closed.next()
        try server.thread.turn()
        #expect(closed.count == 0)
        #expect(server.counters.open.value == 1)
        server.stop()
    }
}
