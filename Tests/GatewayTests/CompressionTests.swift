internal import PylonBytes
internal import PylonGateway
internal import PylonNet
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// permessage-deflate over real sockets.
@Suite struct CompressionTests {
    private let gateway: GatewayHarness
    private let deflater = MessageDeflater()

    init() throws {
        gateway = try GatewayHarness()
    }

    private func connect() throws -> WebSocketClient {
        let client = try WebSocketClient(port: gateway.port, "/", offersDeflate: true)
        #expect(client.isDeflated)
        return client
    }

    private func compressed(_ message: [UInt8]) throws -> [UInt8] {
        var output = ByteBuffer()
        try #require(message.withUnsafeBytes { deflater.compress($0, into: &output) })
        return output.copyBytes()
    }

    /// The extension field of the answer to a handshake with these fields.
    private func answer(_ fields: [String], of gateway: GatewayHarness) throws -> String? {
        let answer = try WebSocketClient.refusal(port: gateway.port, "/", fields: fields)
        #expect(answer.status == 101)
        return answer.field("Sec-WebSocket-Extensions")
    }

    // MARK: Handshake

    @Test func `an offer is answered as RFC 7692 wants it`() throws {
        let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        for (fields, expected) in [
            // Chromium, Firefox.
            (["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"], plain),
            (["Sec-WebSocket-Extensions: permessage-deflate"], plain),
            // A client with little memory.
            (
                ["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; client_max_window_bits=12"],
                plain + "; server_max_window_bits=12"
            ),
            // Over two fields, the first of which cannot be had.
            (
                [
                    "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8",
                    "sec-websocket-extensions: permessage-deflate",
                ], plain
            ),
            (["Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8"], nil),
            (["Sec-WebSocket-Extensions: permessage-deflate; =;;"], nil), (["Sec-WebSocket-Extensions: "], nil),
            ([], nil),
        ] as [([String], String?)] {
            #expect(try answer(fields, of: gateway) == expected, "\(fields)")
        }
    }

    @Test func `a server that has it off declines`() throws {
        let gateway = try GatewayHarness(deflates: false)
        #expect(try answer(["Sec-WebSocket-Extensions: permessage-deflate"], of: gateway) == nil)
        let client = try WebSocketClient(port: gateway.port, "/", offersDeflate: true)
        #expect(!client.isDeflated)
        try client.send(.text, try compressed([UInt8](repeating: 0x61, count: 100)), isCompressed: true)
        guard case .close(1002, _) = try client.next() else {
            Issue.record("not closed with 1002")
            return
        }
    }

    // MARK: Messages

    @Test(arguments: [13, 100, 1000, 65_536, 1 << 20]) func `compressed messages arrive`(count: Int) throws {
        let client = try connect()
        let text = String(repeating: "x", count: count)
        try client.send(.text, try compressed(Array(text.utf8)), isCompressed: true)
        #expect(try client.next() == .text(text))
        try client.send(.binary, try compressed(Array(text.utf8)), isCompressed: true)
        try client.send(text: "plain")
        #expect(try client.next() == .binary(Array(text.utf8)))
        #expect(try client.next() == .text("plain"))
    }

    @Test func `a message arrives byte by byte, in fragments around pings`() throws {
        let client = try connect()
        let text = "fragmented " + String(repeating: "✓", count: 50)
        let bytes = try compressed(Array(text.utf8))
        for (index, byte) in bytes.enumerated() {
            let isLast = index == bytes.count - 1
            try client.send(index == 0 ? .text : .continuation, [byte], isFinal: isLast, isCompressed: index == 0)
            if index == 5 { try client.send(.ping, [1, 2]) }
        }
        #expect(try client.next() == .pong([1, 2]))
        #expect(try client.next() == .text(text))
    }

    @Test func `clients of one loop do not see each other's messages`() throws {
        let clients = try (0..<8).map { _ in try connect() }
        for round in 0..<20 {
            for (index, client) in clients.enumerated() {
                let text = String(repeating: "\(index) in \(round) ", count: 20 + 1000 * (index % 3))
                let bytes = try compressed(Array(text.utf8))
                // Half of it waits while the others' messages are inflated.
                try client.send(.text, Array(bytes[..<5]), isFinal: false, isCompressed: true)
            }
            for (index, client) in clients.enumerated() {
                let text = String(repeating: "\(index) in \(round) ", count: 20 + 1000 * (index % 3))
                try client.send(.continuation, Array(try compressed(Array(text.utf8))[5...]))
                #expect(try client.next() == .text(text))
            }
        }
    }

    // MARK: Breaches

    @Test func `breaches are closed with their codes, and the next client is served`() throws {
        let bomb = try compressed([UInt8](repeating: 0, count: 32 << 20))
        let latin = try compressed([UInt8](repeating: 0xE9, count: 100))
        for (opcode, payload, isFinal, code) in [
            (.binary, bomb, true, 1009), (.text, latin, true, 1007), (.text, [0x07], true, 1007),
            (.binary, Array(latin.dropLast(2)), true, 1007), (.ping, [], true, 1002), (.continuation, [], true, 1002),
            (.close, [], true, 1002),
        ] as [(Opcode, [UInt8], Bool, UInt16)] {
            let client = try connect()
            try client.send(opcode, payload, isFinal: isFinal, isCompressed: true)
            guard case .close(code, _) = try client.next() else {
                Issue.record("\(opcode) not closed with \(code)")
                continue
            }
            let other = try connect()
            try other.send(.text, try compressed([UInt8](repeating: 0x61, count: 100)), isCompressed: true)
            #expect(try other.next() == .text(String(repeating: "a", count: 100)))
        }
    }
}
