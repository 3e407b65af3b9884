internal import PylonGateway
internal import PylonNet
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Pings, reaping and closing of WebSockets in held time.
@Suite struct WebSocketConnectionTests {
    private let gateway: GatewayHarness
    private let socket: WebSocketClient

    init() throws {
        gateway = try GatewayHarness()
        socket = try WebSocketClient(port: gateway.port, "/")
    }

    /// Sends a message and waits until it is back: the loop has heard of the client.
    private func talk() throws {
        try socket.send(text: "here")
        #expect(try socket.next() == .text("here"))
    }

    @Test func theSilentArePingedAfter25Seconds() throws {
        try talk()
        gateway.advance(by: .seconds(24))
        try talk()
        gateway.advance(by: .seconds(24))
        try talk()
        gateway.advance(by: .seconds(25))
        #expect(try socket.next() == .ping([]))
    }

    @Test func whoeverAnswersStays() throws {
        for _ in 0..<5 {
            gateway.advance(by: .seconds(25))
            #expect(try socket.next() == .ping([]))
            try socket.send(.pong, [])
            try talk()
        }
        #expect(gateway.counters.webSocketsReaped.value == 0)
    }

    @Test func whoeverDoesNotIsReaped() throws {
        gateway.advance(by: .seconds(25))
        #expect(try socket.next() == .ping([]))
        gateway.advance(by: .seconds(25))
        #expect(try socket.next() == .end)
        #expect(gateway.counters.webSocketsReaped.value == 1)
        #expect(gateway.eventually { gateway.counters.webSockets.value == 0 })
    }

    @Test func aCloseIsAnsweredAndTheConnectionEnds() throws {
        #expect(gateway.counters.webSockets.value == 1)
        try socket.sendClose(CloseCode(rawValue: 4321))
        #expect(try socket.next() == .close(4321, ""))
        #expect(try socket.next() == .end)
        socket.socket.close()
        #expect(gateway.eventually { gateway.net.open.value == 0 })
        #expect(gateway.eventually { gateway.counters.webSockets.value == 0 })
    }

    @Test func whatComesBehindACloseIsIgnored() throws {
        try socket.sendClose()
        try socket.send(text: "too late")
        #expect(try socket.next() == .close(1000, ""))
        #expect(try socket.next() == .end)
    }
}
