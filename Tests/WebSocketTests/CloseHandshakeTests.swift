import PylonBytes
import Testing

@testable import PylonWebSocket

/// One end of a connection in memory.
private final class End {
    var session: WebSocketSession
    var closing: CloseHandshake
    var output = ByteBuffer()
    var seen: [Seen] = []
    var next: [CloseHandshake.Next] = []

    init(_ role: WebSocketRole) {
        session = WebSocketSession(role: role)
        closing = CloseHandshake(role: role)
    }

    var key: MaskingKey? { closing.role == .client ? MaskingKey(9, 8, 7, 6) : nil }

    func begin(_ code: CloseCode?, _ reason: String = "") -> Bool {
        closing.begin(code, reason: reason, maskingKey: key, into: &output)
    }

    /// Reads everything that `wire` holds and answers it.
    func read(_ wire: [UInt8]) {
        var wire = wire
        let key = key
        wire.withUnsafeMutableBytes { bytes in
            var input = bytes
            while let event = session.next(&input) {
                seen.append(Seen(event))
                next.append(closing.respond(to: event, maskingKey: key, into: &output))
            }
        }
    }

    func takeOutput() -> [UInt8] {
        let bytes = output.copyBytes()
        output.removeAll()
        return bytes
    }
}

@Suite struct CloseHandshakeTests {
    @Test func `a ping is answered by its payload, messages and pongs by nothing`() {
        let server = End(.server)
        server.read([WireFrame.text("x"), .ping("payload"), .pong("p"), .binary([1])].bytes)
        #expect(server.takeOutput() == WireFrame.pong("payload").unmasked().bytes)
        #expect(server.next == [.carryOn, .carryOn, .carryOn, .carryOn])
        #expect(server.closing.canSend)
    }

    @Test func `the client closes, the server echoes the code and disconnects`() {
        let client = End(.client)
        let server = End(.server)
        #expect(client.begin(.goingAway, "tab closed"))
        server.read(client.takeOutput())
        #expect(server.seen == [.close(1001, "tab closed")])
        #expect(server.next == [.disconnect])
        #expect(server.closing.state == .closed)
        let echo = server.takeOutput()
        #expect(echo == WireFrame.close(1001).unmasked().bytes)
        client.read(echo)
        #expect(client.next == [.awaitDisconnect])
        #expect(client.closing.state == .closed)
        #expect(client.takeOutput().isEmpty)
    }

    @Test func `the server closes, the client echoes, the server disconnects`() {
        let client = End(.client)
        let server = End(.server)
        #expect(server.begin(.tryAgainLater, "full"))
        #expect(server.closing.state == .closeSent)
        #expect(!server.closing.canSend)
        client.read(server.takeOutput())
        #expect(client.seen == [.close(1013, "full")])
        server.read(client.takeOutput())
        #expect(server.next == [.disconnect])
        #expect(server.closing.codeSent == .tryAgainLater)
        #expect(server.closing.codeReceived == .tryAgainLater)
        #expect(server.takeOutput().isEmpty)
    }

    @Test func `a close without a code is echoed without one`() {
        let server = End(.server)
        server.read(WireFrame.emptyClose.bytes)
        #expect(server.takeOutput() == [0x88, 0x00])
        #expect(server.closing.codeReceived == nil)
    }

    @Test func `both close at once and neither sends a second Close`() {
        let client = End(.client)
        let server = End(.server)
        #expect(client.begin(.normalClosure))
        #expect(server.begin(.goingAway))
        let fromServer = server.takeOutput()
        server.read(client.takeOutput())
        client.read(fromServer)
        #expect(server.takeOutput().isEmpty && client.takeOutput().isEmpty)
        #expect(server.closing.state == .closed && client.closing.state == .closed)
        #expect(server.closing.codeReceived == .normalClosure)
    }

    @Test func `a second begin writes nothing`() {
        let server = End(.server)
        #expect(server.begin(.goingAway))
        _ = server.takeOutput()
        #expect(!server.begin(.normalClosure))
        #expect(server.takeOutput().isEmpty)
        #expect(server.closing.codeSent == .goingAway)
    }

    @Test func `behind its own Close an end still reads, and answers no ping`() {
        let server = End(.server)
        #expect(server.begin(.goingAway))
        _ = server.takeOutput()
        server.read([WireFrame.ping("late"), .text("late")].bytes)
        #expect(server.seen == [.ping("late"), .text("late")])
        #expect(server.takeOutput().isEmpty)
        #expect(server.closing.state == .closeSent)
    }

    @Test(
        arguments: [
            ([WireFrame(opcode: 3)], 1002), ([.text([0xFF])], 1007), ([.close(1005)], 1002),
            ([.close(1000, [0xFF])], 1007), ([WireFrame(opcode: 2, announced: 1 << 40)], 1009),
        ] as [([WireFrame], UInt16)])
    func `a failure is told and the connection ends`(_ frames: [WireFrame], _ code: UInt16) {
        let server = End(.server)
        server.read(frames.bytes)
        #expect(server.next == [.disconnect])
        #expect(server.closing.state == .failed)
        guard case .close(code, _) = transcript(server.takeOutput(), role: .client).events.first else {
            Issue.record("no close with \(code)")
            return
        }
    }

    @Test func `a failure behind our own Close is not told again`() {
        let server = End(.server)
        #expect(server.begin(.goingAway))
        _ = server.takeOutput()
        server.read(WireFrame(opcode: 3).bytes)
        #expect(server.next == [.disconnect])
        #expect(server.takeOutput().isEmpty)
    }
}

@Suite struct CloseCodeTests {
    @Test func `exactly the registered and the free ranges are valid on the wire`() {
        let valid = (UInt16.min...UInt16.max).filter { CloseCode(rawValue: $0).isValidOnWire }
        let expected: [UInt16] = [1000, 1001, 1002, 1003] + Array(1007...1014) + Array(3000...4999)
        #expect(valid == expected)
    }

    @Test func `every named code has its reconnect rule`() {
        #expect(CloseCode.normalClosure.reconnectRule == .never)
        #expect(CloseCode.goingAway.reconnectRule == .immediately)
        #expect(CloseCode.policyViolation.reconnectRule == .withNewCredential)
        for code in [CloseCode.protocolError, .unsupportedData, .invalidPayload, .messageTooBig] {
            #expect(code.reconnectRule == .never)
        }
        for code in [CloseCode.internalError, .serviceRestart, .tryAgainLater, CloseCode(rawValue: 4000)] {
            #expect(code.reconnectRule == .withBackoff)
        }
    }
}
