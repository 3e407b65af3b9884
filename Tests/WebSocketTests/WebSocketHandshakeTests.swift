import PylonBytes
import PylonTime
import Testing

@testable import PylonWebSocket

private typealias Request = WebSocketHandshake.Request
private typealias Refusal = WebSocketHandshake.Refusal

private func request(_ change: (inout Request) -> Void = { _ in }) -> Request {
    var request = Request(
        method: "GET", connection: ["keep-alive, Upgrade"], upgrade: ["websocket"],
        key: ["dGhlIHNhbXBsZSBub25jZQ=="], version: ["13"])
    change(&request)
    return request
}

private func refusal(_ change: (inout Request) -> Void) -> Refusal? {
    do throws(Refusal) {
        _ = try WebSocketHandshake.answer(request(change))
        return nil
    } catch {
        return error
    }
}

@Suite struct WebSocketHandshakeTests {
    @Test func `the example of RFC 6455 §1.3`() throws {
        let acceptance = try WebSocketHandshake.answer(
            request { $0.subprotocols = ["chat, superchat"] }, supported: ["chat"])
        #expect(acceptance.accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(acceptance.subprotocol == "chat")
        #expect(acceptance.credential == nil)
        #expect(
            acceptance.responseHead == """
                HTTP/1.1 101 Switching Protocols\r
                Upgrade: websocket\r
                Connection: Upgrade\r
                Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r
                Sec-WebSocket-Protocol: chat\r
                \r

                """)
    }

    @Test func `tokens are found in any case, list and repeated field`() {
        #expect(refusal { $0.upgrade = ["h2c", "foo , WebSocket\t"] } == nil)
        #expect(refusal { $0.connection = ["close", ",, uPgRaDe"] } == nil)
        #expect(refusal { $0.upgrade = ["websockets"] } == .upgrade)
        #expect(refusal { $0.upgrade = [] } == .upgrade)
        #expect(refusal { $0.connection = ["keep-alive"] } == .upgrade)
        #expect(refusal { $0.connection = ["up grade"] } == .upgrade)
    }

    @Test func `only a GET of HTTP 1.1 upgrades`() {
        #expect(refusal { $0.method = "POST" } == .method)
        #expect(refusal { $0.method = "get" } == .method)
        #expect(refusal { $0.isHTTP11 = false } == .httpVersion)
    }

    @Test(arguments: [
        [], [""], ["dGhlIHNhbXBsZSBub25jZQ"], ["dGhlIHNhbXBsZSBub25jZQ=="] + ["dGhlIHNhbXBsZSBub25jZQ=="],
        ["dGhlIHNhbXBsZSBub25j"], ["dGhlIHNhbXBsZSBub25jZXM="], ["dGhlIHNhbXBsZSBub25jZ!=="],
        ["dGhlIHNhbXBsZSBub25jZQ===="], ["dGhl-HNhbXBsZSBub25jZQ=="], ["dGhlIHNhbXBsZSBub25jZé=="],
    ]) func `a key that is not 16 bytes of base64 is refused`(_ key: [String]) {
        #expect(refusal { $0.key = key } == .key)
    }

    @Test func `a key with stray bits in its last character is taken`() {
        #expect(refusal { $0.key = ["aaaaaaaaaaaaaaaaaaaaaa=="] } == nil)
    }

    @Test(arguments: [[], ["8"], ["12"], ["14"], ["13, 8"], ["13", "13"], [" 13"]]) func `only version 13 is spoken`(
        _ version: [String]
    ) {
        #expect(refusal { $0.version = version } == .version)
    }

    @Test func `refusals have the statuses and fields of their specifications`() {
        #expect(Refusal.method.status == 405)
        #expect(Refusal.method.fields.contains { $0 == ("Allow", "GET") })
        #expect(Refusal.version.status == 426)
        #expect(Refusal.version.fields.contains { $0 == ("Sec-WebSocket-Version", "13") })
        for refusal in [Refusal.key, .upgrade, .httpVersion] {
            #expect(refusal.status == 400 && refusal.fields.isEmpty)
        }
    }

    @Test(arguments: [
        ("", "da39a3ee5e6b4b0d3255bfef95601890afd80709"), ("abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
        ),
        (String(repeating: "a", count: 1000), "291e9a6c66994949b57ba5e650361e98fc36b1ba"),
    ]) func `SHA-1 gives the digests of FIPS 180`(_ message: String, _ digest: String) {
        #expect(Hex.encode(SHA1.digest(Array(message.utf8))) == digest)
    }
}

@Suite struct SubprotocolListTests {
    private func list(_ values: String...) -> SubprotocolList { SubprotocolList(headerValues: values) }

    @Test func `lists and repeated fields keep their order`() {
        #expect(list("a, b ,,c", "\td").values == ["a", "b", "c", "d"])
        #expect(list().values.isEmpty && list("", " , ").values.isEmpty)
    }

    @Test func `the first bearer value that decodes is the credential, echoed as it came`() {
        let credential = list("chat, bearer.pylon%5Fabc%2F1, bearer.other").credential
        #expect(credential == .init(token: "pylon_abc/1", subprotocol: "bearer.pylon%5Fabc%2F1"))
    }

    @Test func `a plus stays a plus`() {
        #expect(list("bearer.a+b%2Bc").credential == .init(token: "a+b+c", subprotocol: "bearer.a+b%2Bc"))
    }

    @Test func `characters that are no token characters are taken`() {
        let value = "bearer.a/b=c:d@e?f&g\"h(i)"
        #expect(list(value).credential == .init(token: String(value.dropFirst(7)), subprotocol: value))
    }

    @Test(arguments: ["bearer.%", "bearer.%4", "bearer.%GG", "bearer.%FF", "bearer.%C3%28", "Bearer.x", "bearerx"])
    func `malformed values are skipped`(_ value: String) {
        #expect(list(value).credential == nil)
        #expect(list(value + ", bearer.ok").credential?.token == "ok")
    }

    @Test func `a decoded token may be any UTF-8`() {
        #expect(list("bearer.%C3%A9%0D%0A").credential == .init(token: "é\r\n", subprotocol: "bearer.%C3%A9%0D%0A"))
        #expect(list("bearer.").credential?.token == "")
    }

    @Test(arguments: ["bearer.a\r\nX: y", "bearer.a b", "bearer.é", "bearer.a\0", "bearer.a\u{7F}", "bearer.a\tb"])
    func `nothing that could split a response is reflected`(_ value: String) {
        #expect(list(value).values.isEmpty)
        #expect(list(value).choose() == nil)
    }

    @Test func `a supported subprotocol goes before the credential's`() {
        let offered = list("bearer.t, pylon.v2")
        #expect(offered.choose(from: ["pylon.v2"]) == "pylon.v2")
        #expect(offered.choose() == "bearer.t")
        #expect(list("other").choose() == nil)
    }
}

@Suite struct WebSocketClientHandshakeTests {
    private typealias Failure = WebSocketClientHandshake.Failure

    private func handshake(_ subprotocols: [String] = []) -> WebSocketClientHandshake {
        var generator = SeededGenerator(seed: 1)
        return WebSocketClientHandshake(
            host: "localhost:4324", target: "/?shard=main", subprotocols: subprotocols,
            fields: [("Authorization", "Bearer t")], from: &generator)
    }

    private func result(_ handshake: WebSocketClientHandshake, _ reply: String) -> Failure? {
        do throws(Failure) {
            _ = try handshake.check(Array(reply.utf8).span)
            return nil
        } catch {
            return error
        }
    }

    @Test func `the request has every field that §4.1 asks for`() {
        let handshake = handshake(["bearer.t", "chat"])
        var buffer = ByteBuffer()
        handshake.writeRequest(into: &buffer)
        let lines = String(decoding: buffer.copyBytes(), as: UTF8.self).split(separator: "\r\n")
        #expect(
            lines == [
                "GET /?shard=main HTTP/1.1", "Host: localhost:4324", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Key: \(handshake.key)", "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Protocol: bearer.t, chat", "Authorization: Bearer t",
            ])
        #expect(WebSocketHandshake.isKey(handshake.key))
    }

    @Test func `the server's answer is accepted, whatever the piece it ends in`() throws {
        let handshake = handshake(["bearer.t"])
        let request = Request(
            method: "GET", connection: ["Upgrade"], upgrade: ["websocket"], key: [handshake.key], version: ["13"],
            subprotocols: handshake.subprotocols)
        let head = try WebSocketHandshake.answer(request).responseHead
        let stream = Array(head.utf8) + [0x81, 0x00]
        for count in 0..<head.utf8.count {
            let received = Array(stream[..<count])
            #expect(try handshake.check(received.span) == nil)
        }
        let acceptance = try handshake.check(stream.span)
        #expect(acceptance == .init(subprotocol: "bearer.t", isDeflated: false, headCount: head.utf8.count))
    }

    @Test func `a wrong answer is refused for its reason`() {
        let handshake = handshake()
        let accept = WebSocketHandshake.accept(handshake.key)
        func reply(_ fields: String, status: String = "101 ok") -> String {
            "HTTP/1.1 \(status)\r\n\(fields)\r\n\r\n"
        }
        let good = "upgrade: WebSocket\r\nCONNECTION: upgrade\r\nsec-websocket-accept: \(accept)"
        #expect(result(handshake, reply(good)) == nil)
        #expect(result(handshake, reply(good, status: "404 Not Found")) == .refused(status: 404))
        #expect(result(handshake, reply("Sec-WebSocket-Accept: \(accept)")) == .notUpgraded)
        #expect(result(handshake, reply(good.replacing(accept, with: "AAAA"))) == .acceptMismatch)
        #expect(result(handshake, reply(good + "\r\nSec-WebSocket-Protocol: x")) == .unexpectedNegotiation)
        #expect(result(handshake, reply(good + "\r\nSec-WebSocket-Extensions: x")) == .unexpectedNegotiation)
        #expect(result(handshake, "HTTP/1.0 101 ok\r\n\(good)\r\n\r\n") == .malformed)
        #expect(result(handshake, reply("no colon")) == .malformed)
        #expect(result(handshake, String(repeating: "x", count: 16 << 10)) == .malformed)
    }
}
