import PylonBytes
import PylonHTTP
import Testing

/// A request in its wire form and what the parser makes of it.
struct WellFormed: CustomTestStringConvertible, Sendable {
    var wire: String
    var lines: [String]
    var bodies: [String] = [""]
    var keepsAlive = true

    var testDescription: String { wire.debugDescription }
}

let wellFormed: [WellFormed] = [
    WellFormed(wire: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(wire: "GET / HTTP/1.0\r\n\r\n", lines: ["GET / 1.0"], keepsAlive: false),
    WellFormed(wire: "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", lines: ["GET / 1.0"]),
    WellFormed(wire: "GET / HTTP/1.0\r\nHost: a\r\nConnection: x\r\n\r\n", lines: ["GET / 1.0"], keepsAlive: false),
    WellFormed(
        wire: "GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", lines: ["GET / 1.0"], keepsAlive: false),
    WellFormed(wire: "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", lines: ["GET / 1.1"], keepsAlive: false),
    WellFormed(
        wire: "GET / HTTP/1.1\r\nHost: a\r\nConnection: x ,\t CLOSE \r\n\r\n", lines: ["GET / 1.1"], keepsAlive: false),
    WellFormed(wire: "GET / HTTP/1.1\r\nHost: a\r\nConnection: closed\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(wire: "HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["HEAD /x 1.1"]),
    WellFormed(wire: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["OPTIONS * 1.1"]),
    WellFormed(wire: "PURGE /x HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["PURGE /x 1.1"]),
    WellFormed(wire: "get /x HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["get /x 1.1"]),
    WellFormed(
        wire: "M-SEARCH!#$%&'*+.^_`|~09 / HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["M-SEARCH!#$%&'*+.^_`|~09 / 1.1"]),
    WellFormed(wire: "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(wire: "\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(
        wire: "GET http://a.example:80/x?y HTTP/1.1\r\nHost: b\r\n\r\n", lines: ["GET http://a.example:80/x?y 1.1"]),
    WellFormed(wire: "GET HTTPS://a HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET HTTPS://a 1.1"]),
    WellFormed(wire: "GET /a%20b?c=%zz HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET /a%20b?c=%zz 1.1"]),
    WellFormed(wire: "GET /\"<>[\\]^`{|}~ HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET /\"<>[\\]^`{|}~ 1.1"]),
    WellFormed(wire: "GET ///../.. HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["GET ///../.. 1.1"]),
    WellFormed(wire: "GET / HTTP/1.1\r\nhOsT:[::1]:4321\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(wire: "GET / HTTP/1.1\r\nHost: a_b-c.d%20e:\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(wire: "GET / HTTP/1.1\r\nHost:\t 127.0.0.1:65535\t \r\nE:\r\nF: \t \r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(wire: "GET / HTTP/1.1\r\nHost: a\r\nX: tab\there \u{E9}\u{1F600}\r\n\r\n", lines: ["GET / 1.1"]),
    WellFormed(
        wire: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", lines: ["POST / 1.1"], bodies: ["hello"]),
    WellFormed(
        wire: "POST / HTTP/1.1\r\nHost: a\r\ncontent-length:\t0005 \r\n\r\nhello", lines: ["POST / 1.1"],
        bodies: ["hello"]),
    WellFormed(wire: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", lines: ["POST / 1.1"]),
    WellFormed(wire: "POST / HTTP/1.1\r\nHost: a\r\n\r\n", lines: ["POST / 1.1"]),
    WellFormed(
        wire: "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n\r\n", lines: ["GET / 1.1"], bodies: ["\r\n"]),
    WellFormed(
        wire: "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", lines: ["POST / 1.0"], bodies: ["hi"],
        keepsAlive: false),
    WellFormed(
        wire: "POST / HTTP/1.0\r\nContent-Length: 2\r\nExpect: anything\r\n\r\nhi", lines: ["POST / 1.0"],
        bodies: ["hi"], keepsAlive: false),
    WellFormed(
        wire: "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\nhi",
        lines: ["POST / 1.1"], bodies: ["hi"]),
    WellFormed(
        wire: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        lines: ["POST / 1.1"], bodies: ["hello"]),
    WellFormed(
        wire:
            "POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING:CHUNKED \r\n\r\n00a\r\n0123456789\r\nA\r\nabcdefghij\r\n000\r\n\r\n",
        lines: ["POST / 1.1"], bodies: ["0123456789abcdefghij"]),
    WellFormed(
        wire: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", lines: ["POST / 1.1"]),
    WellFormed(
        wire:
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0000000000000001;a;b=c;d=\"e;\\\"\"\r\n!\r\n0;x\r\n\r\n",
        lines: ["POST / 1.1"], bodies: ["!"]),
    WellFormed(
        wire:
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n\r\n\r\n0\r\nA: b\r\nContent-Length: 9\r\nC:\r\n\r\n",
        lines: ["POST / 1.1"], bodies: ["\r\n"]),
    WellFormed(
        wire:
            "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ntwo\r\nGET /3 HTTP/1.0\r\n\r\n",
        lines: ["GET /1 1.1", "POST /2 1.1", "GET /3 1.0"], bodies: ["", "two", ""], keepsAlive: false),
    WellFormed(
        wire:
            "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\nT: u\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        lines: ["POST /1 1.1", "POST /2 1.1", "GET /3 1.1"], bodies: ["a", "b", ""]),
]

@Suite struct HTTPRequestParserTests {
    @Test(arguments: wellFormed)
    func `a well-formed request is read alike whole, in two and byte by byte`(_ request: WellFormed) {
        let whole = Transcript(request.wire)
        #expect(whole.failure == nil)
        #expect(whole.requests.map(\.line) == request.lines)
        #expect(whole.requests.map(\.text) == request.bodies)
        #expect(whole.requests.allSatisfy { $0.isComplete })
        #expect(whole.heads.last?.keepsAlive == request.keepsAlive)
        #expect(whole.unread == 0)
        #expect(whole.isIdle)
        for cuts in Transcript.cuts(request.wire.utf8.count) {
            #expect(Transcript(request.wire, cuts: cuts) == whole, "cut at \(cuts)")
        }
    }

    @Test func `fields keep their order, spelling and inner blanks`() throws {
        let head = try head("GET / HTTP/1.1\r\nB: 1\r\nhost: x \r\nb:  2\t \r\nEmpty:\r\nA: a  b\r\n\r\n")
        let fields = (0..<head.fields.count).map { head.fields[$0] }
        #expect(fields.map(\.name) == ["B", "host", "b", "Empty", "A"])
        #expect(fields.map(\.value) == ["1", "x", "2", "", "a  b"])
        #expect(head.fields.first("b") == "1")
        #expect(head.fields.all("B") == ["1", "2"])
        #expect(head.fields.joined("b") == "1, 2")
        #expect(head.fields.joined("c") == nil)
        #expect(head.fields.first("empty") == "")
        #expect(head.fields.contains("EMPTY"))
        #expect(!head.fields.contains("empt"))
    }

    @Test func `the head says what the framing fields say`() throws {
        let fixed = try head("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\nExpect: 100-continue\r\n\r\n")
        #expect(fixed.contentLength == 12)
        #expect(fixed.hasBody)
        #expect(fixed.expectsContinue)
        let chunked = try head("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(chunked.contentLength == nil)
        #expect(chunked.isChunked)
        #expect(chunked.hasBody)
        #expect(!chunked.expectsContinue)
        let bare = try get("/")
        #expect(!bare.hasBody)
    }

    @Test func `body ranges leave the framing out`() {
        var parser = HTTPRequestParser()
        let wire = Array("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX".utf8)
        let head = parser.next(wire.span)
        #expect(head.consumed == wire.count - 7)
        let rest = Array(wire[head.consumed...])
        guard case (6, .body(3..<6)) = parser.next(rest.span) else {
            Issue.record("not the data")
            return
        }
        guard case .failure(.malformed(.chunkEnd)) = parser.next(Array(rest[6...]).span).event else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `an error is final`() {
        var parser = HTTPRequestParser()
        let good = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        guard case (0, .failure(.malformed(.method))) = parser.next(Array("\u{16}\u{3}\u{1}".utf8).span) else {
            Issue.record("a TLS hello was not refused at once")
            return
        }
        guard case (0, .failure(.malformed(.method))) = parser.next(good.span) else {
            Issue.record("the error was forgotten")
            return
        }
    }

    @Test func `what follows an upgrade is left alone`() throws {
        let wire = Array(
            "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n\u{81}\u{0}".utf8)
        var parser = HTTPRequestParser()
        let (consumed, event) = parser.next(wire.span)
        guard case .head(let head) = event else {
            Issue.record("no head")
            return
        }
        #expect(head.upgrades(to: "WebSocket"))
        guard case (0, .end) = parser.next(Array(wire[consumed...]).span) else {
            Issue.record("the request has no end")
            return
        }
    }

    @Test func `heads that trickle in cost linear time`() {
        // 32 KiB in one line and in many; quadratic work would be some 10^9 steps, minutes in a debug build.
        let long = "GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x\t", count: 16_000))\r\n\r\n"
        let many = (0..<98).map { "F\($0): \(String(repeating: "y", count: 300))\r\n" }.joined()
        let target = "GET /\(String(repeating: "z", count: 8000)) HTTP/1.1\r\nHost: a\r\n\r\n"
        for wire in [long, "GET / HTTP/1.1\r\nHost: a\r\n\(many)\r\n", target] {
            let bytes = Array(wire.utf8)
            let slow = Transcript(bytes, cuts: Array(0..<bytes.count))
            #expect(slow.failure == nil)
            #expect(slow.requests.count == 1)
        }
    }

    @Test func `a control character is found wherever it stands in a value`() {
        for length in 0..<40 {
            for position in 0...length {
                for control: UInt8 in [0, 1, 8, 11, 12, 14, 31, 127] {
                    var value = [UInt8](repeating: 0xFF, count: length)
                    value.insert(control, at: position)
                    let wire = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8) + value + Array("\r\n\r\n".utf8)
                    #expect(Transcript(wire).failure == .malformed(.fieldValue), "\(control) at \(position)")
                }
            }
        }
    }

    @Test func `every byte is either allowed or refused in each place`() {
        let token = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min...UInt8.max {
            let name = Transcript(Array("GET / HTTP/1.1\r\nHost: a\r\na".utf8) + [byte] + Array("b: c\r\n\r\n".utf8))
            #expect((name.failure == nil) == (token.contains(byte) || byte == UInt8(ascii: ":")), "name \(byte)")
            let method = Transcript(Array("G".utf8) + [byte] + Array("T / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect((method.failure == nil) == token.contains(byte), "method \(byte)")
            let target = Transcript(Array("GET /".utf8) + [byte] + Array("20 HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
            #expect((target.failure == nil) == ((0x21...0x7E).contains(byte) && byte != 0x23), "target \(byte)")
            let value = Transcript(Array("GET / HTTP/1.1\r\nHost: a\r\nX: a".utf8) + [byte] + Array("b\r\n\r\n".utf8))
            #expect((value.failure == nil) == (byte == 9 || (byte >= 32 && byte != 127)), "value \(byte)")
        }
    }
}
