import Testing

@testable import PylonWebSocket

@Suite struct DeflateNegotiationTests {
    private static let plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    @Test(arguments: [
        "permessage-deflate",
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=8",
        "permessage-deflate; client_max_window_bits=15",
        "permessage-deflate; client_max_window_bits=\"10\"",
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover",
        "permessage-deflate;client_max_window_bits;client_no_context_takeover;server_no_context_takeover",
        "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits",
        "permessage-deflate; new_parameter, permessage-deflate",
        "permessage-deflate; server_max_window_bits=11, permessage-deflate",
    ]) func `an offer is accepted without context takeover`(_ offer: String) {
        #expect(DeflateNegotiation.answer(to: [offer]) == Self.plain)
    }

    @Test(arguments: ["12", "13", "14", "15", "\"12\"", "\"1\\5\""])
    func `a window of the server is answered by its own`(
        _ bits: String
    ) {
        let offer = "permessage-deflate; client_max_window_bits=9; server_max_window_bits=\(bits)"
        #expect(DeflateNegotiation.answer(to: [offer]) == Self.plain + "; server_max_window_bits=12")
    }

    @Test(arguments: [
        "", "permessage-bzip2", "Permessage-Deflate", "permessage-deflate-2", "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover=true",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; client_max_window_bits; client_max_window_bits",
        "permessage-deflate; client_max_window_bits=10; client_max_window_bits=10",
        "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
        "permessage-deflate; server_max_window_bits=12; server_max_window_bits=12",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7", "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=012", "permessage-deflate; server_max_window_bits=+12",
        "permessage-deflate; server_max_window_bits=-12", "permessage-deflate; server_max_window_bits=1x",
        "permessage-deflate; server_max_window_bits=99999999999999999999",
        "permessage-deflate; client_max_window_bits=7", "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08", "permessage-deflate; client_max_window_bits=x",
        // A window that the one compression for all does not keep to.
        "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=9",
        "permessage-deflate; server_max_window_bits=11",
        // Not a list.
        "permessage-deflate;", "permessage-deflate; =", "permessage-deflate client_max_window_bits",
        "permessage-deflate, (", "permessage-deflate; client_max_window_bits=",
    ]) func `an offer that breaks a rule is declined`(_ offer: String) {
        #expect(DeflateNegotiation.answer(to: [offer]) == nil)
    }

    @Test func `the first offer that can be accepted wins, over repeated fields too`() {
        let offers = [
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits=14, permessage-deflate",
        ]
        #expect(DeflateNegotiation.answer(to: offers) == Self.plain + "; server_max_window_bits=12")
        #expect(DeflateNegotiation.answer(to: []) == nil)
    }

    @Test func `a handshake accepts only where it is wanted`() throws {
        var request = WebSocketHandshake.Request(
            method: "GET", connection: ["Upgrade"], upgrade: ["websocket"], key: ["dGhlIHNhbXBsZSBub25jZQ=="],
            version: ["13"], extensions: ["permessage-deflate"])
        #expect(try !WebSocketHandshake.answer(request).isDeflated)
        let acceptance = try WebSocketHandshake.answer(request, deflates: true)
        #expect(acceptance.isDeflated)
        #expect(acceptance.responseHead.contains("\r\nSec-WebSocket-Extensions: \(Self.plain)\r\n"))
        request.extensions = ["permessage-deflate; what"]
        let declined = try WebSocketHandshake.answer(request, deflates: true)
        #expect(!declined.isDeflated && !declined.responseHead.contains("Extensions"))
    }

    // MARK: The client's side

    @Test func `a client's offer is accepted by this server`() {
        let answer = DeflateNegotiation.answer(to: [DeflateNegotiation.offer])
        #expect(answer.map { DeflateNegotiation.check(answer: [$0]) } == .some(true))
        #expect(DeflateNegotiation.check(answer: []) == false)
        #expect(DeflateNegotiation.check(answer: [""]) == false)
    }

    @Test(
        arguments: [
            // The server could refer to earlier messages.
            ("permessage-deflate", nil), ("permessage-deflate; client_no_context_takeover", nil),
            ("permessage-deflate; server_no_context_takeover", true),
            ("permessage-deflate; server_no_context_takeover; server_max_window_bits=9", true),
            // Not offered (§7.1.2.2).
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits=10", nil),
            ("permessage-deflate; server_no_context_takeover; client_max_window_bits", nil),
            ("permessage-deflate; server_no_context_takeover; server_max_window_bits=7", nil),
            ("permessage-deflate; server_no_context_takeover; unknown", nil),
            ("permessage-deflate; server_no_context_takeover, permessage-deflate; server_no_context_takeover", nil),
            ("permessage-bzip2", nil), ("permessage-deflate; (", nil),
        ] as [(String, Bool?)]) func `a server's answer is checked`(_ answer: String, _ expected: Bool?)
    {
        #expect(DeflateNegotiation.check(answer: [answer]) == expected)
    }
}
