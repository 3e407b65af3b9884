import Glibc
import PylonNet
import PylonTestSupport
import PylonEventLoop
import PylonBytes
import PylonTelemetry
import Testing

@Suite struct ConnectionReadingTests {
    @Test func whatIsLeftUnreadIsOfferedAgainWithWhatFollows() throws {
        let seen = Mailbox<String>()
        let server = try TestServer { _ in
            ScriptedHandler {
                $0.onReceived = { bytes, _ in
                    seen.put(String(decoding: bytes, as: UTF8.self))
                    // Three bytes make a message.
                    return bytes.count / 3 * 3
                }
            }
        }
        let (client, _) = try server.connect()
        try client.send("ab")
        #expect(try seen.next() == "ab")
        try client.send("cd")
        #expect(try seen.next() == "abcd")
        try client.send("ef")
        #expect(try seen.next() == "def")
        try client.send("g")
        #expect(try seen.next() == "g")
        #expect(server.counters.bytesReceived.value == 7)
        server.stop()
    }

    @Test func everySplitOfAMessageArrivesWhole() throws {
        let message = "0123456789"
        let seen = Mailbox<String>()
        let server = try TestServer { _ in
            ScriptedHandler {
                $0.onReceived = { bytes, _ in
                    guard bytes.count >= 10 else {
                        seen.put("part")
                        return 0
                    }
                    seen.put(String(decoding: bytes, as: UTF8.self))
                    return bytes.count
                }
            }
        }
        for split in 1..<10 {
            let (client, _) = try server.connect()
            try client.send(String(message.prefix(split)))
            #expect(try seen.next() == "part")
            try client.send(String(message.dropFirst(split)))
            #expect(try seen.next() == message)
        }
        server.stop()
    }

    @Test func pausedReadingLeavesBytesUntilAsManyResumes() throws {
        let seen = Mailbox<String>()
        let server = try TestServer { _ in
            ScriptedHandler {
                $0.onReceived = { bytes, _ in
                    seen.put(String(decoding: bytes, as: UTF8.self))
                    return bytes.count
                }
            }
        }
        let (client, connection) = try server.connect()
        try server.on(connection) {
            $0.pauseReading()
            $0.pauseReading()
        }
        try client.send("waiting")
        try server.thread.turn()
        try server.on(connection) { $0.resumeReading() }
        try server.thread.turn()
        #expect(seen.count == 0)
        #expect(try server.on(connection) { $0.isReadingPaused })
        try server.on(connection) { $0.resumeReading() }
        #expect(try seen.next() == "waiting")
        server.stop()
    }

    @Test func aHandlerThatPausesGetsItsLeftoversBackOnResume() throws {
        let seen = Mailbox<String>()
        let server = try TestServer { _ in
            ScriptedHandler {
                $0.onReceived = { bytes, connection in
                    seen.put(String(decoding: bytes, as: UTF8.self))
                    connection.pauseReading()
                    return 1
                }
            }
        }
        let (client, connection) = try server.connect()
        try client.send("abc")
        for expected in ["abc", "bc", "c"] {
            #expect(try seen.next() == expected)
            try server.thread.turn()
            #expect(seen.count == 0)
            try server.on(connection) { $0.resumeReading() }
        }
        withExtendedLifetime(client) {}
        server.stop()
    }

    @Test func theNextHandlerGetsTheBytesBehindTheLastOnesMessage() throws {
        let seen = Mailbox<String>()
        let server = try TestServer { _ in
            ScriptedHandler {
                $0.onReceived = { bytes, connection in
                    seen.put("first:" + String(decoding: bytes, as: UTF8.self))
                    connection.replaceHandler(
                        ScriptedHandler {
                            $0.onReceived = { bytes, _ in
                                seen.put("second:" + String(decoding: bytes, as: UTF8.self))
                                return bytes.count
                            }
                        })
                    return 2
                }
                $0.onClosed = { _ in seen.put("the first heard of the end") }
            }
        }
        let (client, _) = try server.connect()
        try client.send("upgrade")
        #expect(try seen.take(2) == ["first:upgrade", "second:grade"])
        server.stop()
        #expect(seen.count == 0)
        withExtendedLifetime(client) {}
    }

    @Test func aFINIsReportedAndAnswersStillLeave() throws {
        let server = try TestServer { _ in
            ScriptedHandler {
                $0.onPeerFinished = { connection in
                    connection.write { $0.append("answer") }
                    connection.finish()
                }
            }
        }
        let (client, _) = try server.connect()
        client.shutdownWriting()
        #expect(try client.receiveToEnd() == Array("answer".utf8))
        server.stop()
    }

    @Test func aHalfClosedConnectionDoesNotSpin() throws {
        let finished = Mailbox<Void>()
        let server = try TestServer { _ in
            ScriptedHandler { $0.onPeerFinished = { _ in finished.put(()) } }
        }
        let (client, connection) = try server.connect()
        client.shutdownWriting()
        _ = try finished.next()
        for _ in 0..<5 { try server.thread.turn() }
        #expect(finished.count == 0)
        try server.on(connection) { connection in connection.write { $0.append("late") } }
        #expect(try client.receiveText(4) == "late")
        server.stop()
    }

    @Test func aResetClosesOnce() throws {
        let closed = Mailbox<Void>()
        let server = try TestServer { _ in ScriptedHandler { $0.onClosed = { _ in closed.put(()) } } }
        let (client, connection) = try server.connect()
        client.reset()
        _ = try closed.next()
        try server.thread.turn()
        #expect(closed.count == 0)
        #expect(try server.on(connection) { $0.isOpen } == false)
        #expect(server.counters.open.value == 0)
        server.stop()
    }
}
