import PylonBytes
import PylonHTTP
import Testing

@Suite struct HTTPResponseWriterTests {
    private let date = "Sun, 06 Nov 1994 08:49:37 GMT"

    private func text(_ buffer: borrowing ByteBuffer) -> String {
        String(decoding: buffer.copyBytes(), as: UTF8.self)
    }

    /// The bytes of one response, and whether the connection goes on.
    private func write(
        _ response: HTTPResponse, version: HTTPVersion = .http11, isHead: Bool = false, keepsAlive: Bool = true,
        common: HTTPFieldBlock = HTTPFieldBlock()
    ) -> (text: String, keepsAlive: Bool) {
        var writer = HTTPResponseWriter(version: version, isHead: isHead, keepsAlive: keepsAlive)
        var out = ByteBuffer()
        writer.write(response, date: date, common: common, into: &out)
        return (text(out), writer.keepsAlive)
    }

    @Test func `a plain response`() {
        let response = HTTPResponse(.ok, contentType: "application/json", body: .text("{\"a\":\"é\"}"))
        let (text, keepsAlive) = write(response)
        #expect(
            text == """
                HTTP/1.1 200 OK\r
                Date: Sun, 06 Nov 1994 08:49:37 GMT\r
                Content-Type: application/json\r
                Content-Length: 10\r
                \r
                {"a":"é"}
                """)
        #expect(keepsAlive)
    }

    @Test func `every kind of body has its length`() {
        let shared = Array("abc".utf8).withUnsafeBytes { SharedBytes($0) }
        for body: HTTPBody in [
            .bytes(Array("abc".utf8)), .text("abc"), .literal("abc"), .shared(shared),
            .joined([.text("a"), .empty, .bytes(Array("b".utf8)), .literal("c")]),
        ] {
            #expect(write(HTTPResponse(.ok, body: body)).text.hasSuffix("Content-Length: 3\r\n\r\nabc"))
        }
        #expect(write(HTTPResponse(.notFound)).text.hasSuffix("Content-Length: 0\r\n\r\n"))
    }

    @Test func `HEAD has the length and not the body`() {
        #expect(write(HTTPResponse(.ok, body: .text("abc")), isHead: true).text.hasSuffix("Content-Length: 3\r\n\r\n"))
        let stream = write(HTTPResponse(.ok, body: .stream), isHead: true)
        #expect(stream.text.hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
        #expect(stream.keepsAlive)
    }

    @Test(arguments: [100, 103, 204, 304])
    func `some statuses have neither body nor length`(_ code: UInt16) {
        for body: HTTPBody in [.text("abc"), .stream, .empty] {
            let text = write(HTTPResponse(HTTPStatus(code), body: body)).text
            #expect(text.hasSuffix("GMT\r\n\r\n"))
        }
    }

    @Test func `connection is said when it is not the default`() {
        let response = HTTPResponse(.ok)
        let closing = HTTPResponse(.ok, closesConnection: true)
        #expect(!write(response).text.contains("Connection"))
        #expect(write(response, version: .http10).text.contains("\r\nConnection: keep-alive\r\n"))
        #expect(write(response, keepsAlive: false).text.contains("\r\nConnection: close\r\n"))
        #expect(write(response, version: .http10, keepsAlive: false).text.contains("\r\nConnection: close\r\n"))
        #expect(write(closing).text.contains("\r\nConnection: close\r\n"))
        #expect(!write(closing).keepsAlive)
    }

    @Test func `an upgrade keeps its own fields`() {
        let response = HTTPResponse(
            .switchingProtocols, fields: ["Connection": "Upgrade", "Upgrade": "websocket"], body: .text("x"))
        #expect(
            write(response).text == "HTTP/1.1 101 Switching Protocols\r\nDate: \(date)\r\n"
                + "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
    }

    @Test func `framing is not for handlers`() {
        let response = HTTPResponse(
            .ok,
            fields: [
                "content-length": "7", "X": "y", "TRANSFER-ENCODING": "chunked", "Connection": "close", "Date": "never",
            ], body: .text("abc"))
        #expect(
            write(response).text
                == "HTTP/1.1 200 OK\r\nDate: \(date)\r\nX: y\r\nContent-Length: 3\r\n\r\nabc")
    }

    @Test func `common fields follow the response's own`() {
        let common = HTTPFieldBlock(["X-Frame-Options": "DENY", "Vary": "Origin", "Content-Length": "9"])
        #expect(
            write(HTTPResponse(.noContent, fields: ["A": "b"]), common: common).text
                == "HTTP/1.1 204 No Content\r\nDate: \(date)\r\nA: b\r\nX-Frame-Options: DENY\r\nVary: Origin\r\n\r\n")
    }

    @Test func `a stream goes out in chunks`() {
        var writer = HTTPResponseWriter(version: .http11, isHead: false, keepsAlive: true)
        var out = ByteBuffer()
        writer.write(HTTPResponse(.ok, body: .stream), date: date, into: &out)
        #expect(text(out).hasSuffix("Transfer-Encoding: chunked\r\n\r\n"))
        out.removeAll()
        writer.writeChunk(Array("hello".utf8).span, into: &out)
        let nothing: [UInt8] = []
        writer.writeChunk(nothing.span, into: &out)
        writer.beginChunk(26, into: &out)
        out.append("abcdefghijklmnopqrstuvwxyz")
        writer.endChunk(into: &out)
        writer.lastChunk(into: &out)
        #expect(text(out) == "5\r\nhello\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\n\r\n")
        #expect(writer.keepsAlive)
        #expect(!writer.sendsBody)
    }

    @Test func `HTTP 1.0 gets a stream until the connection closes`() {
        var writer = HTTPResponseWriter(version: .http10, isHead: false, keepsAlive: true)
        var out = ByteBuffer()
        writer.write(HTTPResponse(.ok, body: .stream), date: date, into: &out)
        #expect(text(out).hasSuffix("GMT\r\nConnection: close\r\n\r\n"))
        #expect(!writer.keepsAlive)
        out.removeAll()
        writer.writeChunk(Array("hello".utf8).span, into: &out)
        writer.lastChunk(into: &out)
        #expect(text(out) == "hello")
    }

    @Test func `a stream answered to HEAD is not sent`() {
        var writer = HTTPResponseWriter(version: .http11, isHead: true, keepsAlive: true)
        var out = ByteBuffer()
        writer.write(HTTPResponse(.ok, body: .stream), date: date, into: &out)
        out.removeAll()
        #expect(!writer.sendsBody)
        writer.writeChunk(Array("hello".utf8).span, into: &out)
        writer.lastChunk(into: &out)
        #expect(text(out) == "")
    }

    @Test func `the writer follows the request`() throws {
        var writer = HTTPResponseWriter(answering: try head("HEAD / HTTP/1.0\r\n\r\n"))
        var out = ByteBuffer()
        writer.write(HTTPResponse(.ok, body: .text("abc")), date: date, into: &out)
        #expect(text(out).hasSuffix("Content-Length: 3\r\nConnection: close\r\n\r\n"))
        var refusal = HTTPResponseWriter()
        out.removeAll()
        refusal.write(HTTPResponse(.badRequest), date: date, into: &out)
        #expect(text(out).contains("Connection: close\r\n"))
        out.removeAll()
        HTTPResponseWriter.writeContinue(into: &out)
        #expect(text(out) == "HTTP/1.1 100 Continue\r\n\r\n")
    }

    @Test func `a chunked response reads back as a chunked request would`() {
        var writer = HTTPResponseWriter(version: .http11, isHead: false, keepsAlive: true)
        var out = ByteBuffer()
        writer.write(HTTPResponse(.ok, body: .stream), date: date, into: &out)
        out.removeAll()
        out.append("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        var expected: [UInt8] = []
        for length in [1, 15, 16, 17, 255, 256, 4096, 70_000] {
            let piece = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 7) }
            writer.writeChunk(piece.span, into: &out)
            expected += piece
        }
        writer.lastChunk(into: &out)
        let transcript = Transcript(out.copyBytes())
        #expect(transcript.requests.first?.body == expected)
        #expect(transcript.isIdle)
    }

    @Test func `every status has a reason`() {
        for code in [
            200, 201, 202, 204, 301, 302, 304, 400, 401, 403, 404, 405, 408, 409, 410, 413, 414, 415, 417, 422, 426,
            429, 431, 500, 501, 502, 503, 504, 505,
        ] as [UInt16] {
            #expect("\(HTTPStatus(code).reason)" != "Unknown")
        }
        #expect("\(HTTPStatus(599).reason)" == "Unknown")
    }
}
