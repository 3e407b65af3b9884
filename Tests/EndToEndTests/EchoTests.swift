internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// The conformance suites' echo, and a sample of the public Autobahn case list over a real socket.
@Suite(.blocking) struct EchoTests {
    private static let shared = Result { try ServerHarness(["--host", "127.0.0.1", "--test-endpoints"]) }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func connect() throws -> WebSocketClient { try WebSocketClient(port: server.port, "/__test__/echo") }

    // MARK: Compression

    @Test func compressionIsOnUnlessItIsTurnedOff() throws {
        let socket = try WebSocketClient(port: server.port, "/__test__/echo", offersDeflate: true)
        #expect(socket.isDeflated)
        try socket.send(.text, [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00], isCompressed: true)
        #expect(try socket.next() == .text("Hello"))
        let without = try ServerHarness(
            ["--host", "127.0.0.1", "--test-endpoints"], environment: ["PYLON_WS_DEFLATE": "0"])
        #expect(try !WebSocketClient(port: without.port, "/__test__/echo", offersDeflate: true).isDeflated)
    }

    // MARK: Messages

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20]) func messagesComeBack(count: Int) throws {
        let socket = try connect()
        let text = String(repeating: "x", count: count)
        try socket.send(text: text)
        #expect(try socket.next() == .text(text))
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        try socket.send(.binary, bytes)
        #expect(try socket.next() == .binary(bytes))
    }

    @Test func aMessageMayHave16MebiBytes() throws {
        let socket = try connect()
        let bytes = [UInt8](repeating: 0xA5, count: 16 << 20)
        try socket.send(.binary, bytes)
        #expect(try socket.next() == .binary(bytes))
    }

    @Test func aByteMoreIsClosedWith1009() throws {
        let socket = try connect()
        // The header is enough: nothing of the payload has to come.
        try socket.socket.send([0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 1, 1, 2, 3, 4])
        guard case .close(1009, _) = try socket.next() else {
            Issue.record("not closed with 1009")
            return
        }
    }

    @Test func fragmentsArePutTogetherAroundPings() throws {
        let socket = try connect()
        try socket.send(.text, Array("frag".utf8), isFinal: false)
        try socket.send(.ping, Array("between".utf8))
        try socket.send(.continuation, Array("ment".utf8), isFinal: false)
        try socket.send(.continuation, Array("ed ✓".utf8))
        #expect(try socket.next() == .pong(Array("between".utf8)))
        #expect(try socket.next() == .text("fragmented ✓"))
    }

    @Test func manyMessagesInOneWriteComeBackInOrder() throws {
        let socket = try connect()
        let bytes = (0..<500).flatMap { Self.frame(1, Array("message \($0)".utf8)) }
        try socket.socket.send(bytes)
        for index in 0..<500 { #expect(try socket.next() == .text("message \(index)")) }
    }

    @Test func theFirstMessageMayComeWithTheHandshake() throws {
        let client = try HTTPClient(port: server.port)
        let request =
            "GET /__test__/echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        try client.socket.send(Array(request.utf8) + Self.frame(1, Array("early".utf8)))
        let answer = try client.readHead()
        #expect(answer.status == 101)
        #expect(answer.field("Sec-WebSocket-Accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(try client.socket.take(7) == [0x81, 5] + Array("early".utf8))
    }

    @Test func aPostComesBack() throws {
        let answer = try server.request(
            "POST", "/__test__/echo", fields: ["Content-Type: text/x-test"], body: "body \u{0} ✓")
        #expect(answer.status == 200)
        #expect(answer.text == "body \u{0} ✓")
        #expect(answer.field("Content-Type") == "text/x-test")
    }

    @Test func thereIsNoEchoUnlessAskedFor() throws {
        let plain = try ServerHarness()
        #expect(try plain.request("POST", "/__test__/echo", body: "x").status == 404)
        #expect(try WebSocketClient.refusal(port: plain.port, "/__test__/echo").status == 404)
    }

    // MARK: Conformance

    /// A case: what is sent, and everything that comes back up to the end.
    struct Case: Sendable, CustomTestStringConvertible {
        let number: String
        let bytes: [UInt8]
        let answers: [WebSocketClient.Message]
        /// The code of the server's Close; nil when the server gives none back.
        let code: UInt16?

        init(
            _ number: String, _ frames: [[UInt8]], _ answers: [WebSocketClient.Message] = [],
            closing code: UInt16? = 1002
        ) {
            self.number = number
            bytes = frames.flatMap { $0 }
            self.answers = answers
            self.code = code
        }

        var testDescription: String { number }
    }

    /// A masked frame, right or wrong, as given.
    static func frame(
        _ opcode: UInt8, _ payload: [UInt8] = [], isFinal: Bool = true, reserved: UInt8 = 0, isMasked: Bool = true
    ) -> [UInt8] {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        if payload.count < 126 {
            bytes.append(mask | UInt8(payload.count))
        } else {
            bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        }
        guard isMasked else { return bytes + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return bytes + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    private static func text(_ text: String, isFinal: Bool = true) -> [UInt8] {
        frame(1, Array(text.utf8), isFinal: isFinal)
    }

    private static func close(_ code: UInt16, _ reason: [UInt8] = []) -> [UInt8] {
        frame(8, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    private static let rules: [Case] = [
        Case("2.5 long ping", [frame(9, [UInt8](repeating: 1, count: 126))]),
        Case(
            "2.10 ten pings", (0..<10).map { frame(9, [$0]) } + [close(1000)], (0..<10).map { .pong([$0]) },
            closing: 1000),
        Case("2.8 unsolicited pong", [frame(10, [1]), close(1000)], closing: 1000),
        Case("3.2 reserved bit", [text("a"), frame(1, [65], reserved: 2), frame(9)], [.text("a")]),
        Case("3.6 reserved bits of a ping", [frame(9, [], reserved: 6)]),
        Case("4.1.3 reserved opcode", [text("a"), frame(5), frame(9)], [.text("a")]),
        Case("4.2.1 reserved control opcode", [frame(11)]),
        Case("5.1 fragmented ping", [frame(9, [1], isFinal: false), frame(0, [2])]),
        Case(
            "5.6 ping between", [text("fr", isFinal: false), frame(9, [1]), frame(0, Array("ag".utf8)), close(1000)],
            [.pong([1]), .text("frag")], closing: 1000),
        Case("5.9 stray continuation", [frame(0, [65]), text("a")]),
        Case("5.18 text inside text", [text("a", isFinal: false), text("b")]),
        Case("6.3.1 bad UTF-8", [frame(1, [0xCE, 0xBA, 0xED, 0xA0, 0x80, 0x41])], closing: 1007),
        Case("6.4.1 bad UTF-8 early", [frame(1, [0xCE, 0xBA, 0xF4, 0x90], isFinal: false)], closing: 1007),
        Case("6.6.2 half a character", [frame(1, [0xCE])], closing: 1007),
        Case(
            "6.2.3 a character in pieces", [frame(1, [0xCE], isFinal: false), frame(0, [0xBA]), close(1000)],
            [.text("κ")],
            closing: 1000),
        Case("unmasked", [frame(1, [65], isMasked: false)]),
        Case("7.1.3 ping behind Close", [close(1000), frame(9)], closing: 1000),
        Case("7.3.1 empty Close", [frame(8)], closing: nil),
        Case("7.3.2 Close of a byte", [frame(8, [3])]),
        Case("7.3.5 longest reason", [close(1000, [UInt8](repeating: 42, count: 123))], closing: 1000),
        Case("7.3.6 reason too long", [close(1000, [UInt8](repeating: 42, count: 124))]),
        Case("7.5.1 reason no UTF-8", [close(1000, [0xCE])], closing: 1007),
    ]

    private static let codes: [Case] =
        [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999].map {
            Case("7.7 code \($0)", [close($0)], closing: $0)
        }
        + [0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65_535].map { Case("7.9 code \($0)", [close($0)]) }

    @Test(arguments: rules + codes, [false, true]) func aCaseEndsAsItShould(_ item: Case, inChops: Bool) throws {
        let socket = try connect()
        do throws(SocketError) {
            if inChops {
                for byte in item.bytes { try socket.socket.send([byte]) }
            } else {
                try socket.socket.send(item.bytes)
            }
        } catch .reset {
            // The server may close before the last byte of what it refuses.
        }
        for answer in item.answers { #expect(try socket.next() == answer) }
        guard case .close(let code, _) = try socket.next() else {
            Issue.record("no Close frame")
            return
        }
        #expect(code == item.code)
        #expect(try socket.next() == .end)
    }
}
