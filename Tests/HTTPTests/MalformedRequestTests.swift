import PylonHTTP
import Testing

/// A request that must be refused, and how.
struct Malformed: CustomTestStringConvertible, Sendable {
    var wire: String
    var error: HTTPParseError

    /// A request that is wrong in this way.
    init(_ wire: String, _ error: HTTPParseError) {
        self.wire = wire
        self.error = error
    }

    init(_ wire: String, _ defect: HTTPDefect) {
        self.init(wire, .malformed(defect))
    }

    /// A request with this request line and nothing else wrong.
    static func line(_ line: String, _ defect: HTTPDefect) -> Self {
        Self("\(line)\r\nHost: a\r\n\r\n", defect)
    }

    /// A request with these field lines besides a good Host.
    static func fields(_ fields: String, _ defect: HTTPDefect) -> Self {
        Self("POST / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\nhello", defect)
    }

    /// A request with this and no other Host.
    static func host(_ host: String) -> Self {
        Self("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n", .host)
    }

    /// A request with this Transfer-Encoding.
    static func coding(_ coding: String, _ error: HTTPParseError = .malformed(.transferEncoding)) -> Self {
        Self("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(coding)\r\n\r\n0\r\n\r\n", error)
    }

    /// A request with this chunked body.
    static func chunked(_ body: String, _ defect: HTTPDefect) -> Self {
        Self("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)", defect)
    }

    var testDescription: String { "\(error.status.code) \(wire.debugDescription)" }
}

@Suite struct MalformedRequestTests {
    @Test(arguments: malformed)
    func `a malformed request is refused alike whole, in two and byte by byte`(_ request: Malformed) {
        let whole = Transcript(request.wire)
        #expect(whole.failure == request.error, "\(whole)")
        for cuts in Transcript.cuts(request.wire.utf8.count) {
            let transcript = Transcript(request.wire, cuts: cuts)
            #expect(transcript.failure == request.error, "cut at \(cuts)")
            #expect(transcript.requests == whole.requests, "cut at \(cuts)")
        }
    }

    @Test func `the corpus is large enough`() {
        let all = malformed
        #expect(all.count >= 160)
        #expect(Set(all.map(\.wire)).count == all.count)
    }

    @Test(arguments: wellFormed)
    func `no prefix of a good request is refused`(_ request: WellFormed) {
        let bytes = Array(request.wire.utf8)
        for length in 0..<bytes.count {
            #expect(Transcript(Array(bytes[..<length])).failure == nil, "\(length) bytes")
        }
    }

    @Test(arguments: wellFormed)
    func `no single byte changed, lost or doubled crashes the parser`(_ request: WellFormed) {
        let bytes = Array(request.wire.utf8)
        for index in bytes.indices {
            for replacement: [UInt8] in [
                [], [0], [9], [10], [13], [32], [44], [58], [128], [255], [bytes[index], bytes[index]],
            ] {
                let wire = Array(bytes[..<index]) + replacement + Array(bytes[(index + 1)...])
                #expect(Transcript(wire) == Transcript(wire, cuts: Array(0..<wire.count)), "\(replacement) at \(index)")
            }
        }
    }
}

private let requestLines: [Malformed] = [
    // The method.
    .line("", .method), .line(" GET / HTTP/1.1", .method), .line("\tGET / HTTP/1.1", .method),
    .line("GET\t/ HTTP/1.1", .method), .line("G\u{0}T / HTTP/1.1", .method), .line("GET: / HTTP/1.1", .method),
    .line("G(T / HTTP/1.1", .method), .line("G\u{C9}T / HTTP/1.1", .method), .line("\"GET\" / HTTP/1.1", .method),
    .line("GET", .method), .line("GET\u{B}/ HTTP/1.1", .method), .line("\u{FEFF}GET / HTTP/1.1", .method),
    // The target.
    .line("GET ", .target), .line("GET /", .target), .line("GET  / HTTP/1.1", .target), .line("GET  HTTP/1.1", .target),
    .line("GET /\u{0} HTTP/1.1", .target), .line("GET /\u{7F} HTTP/1.1", .target),
    .line("GET /\u{E9} HTTP/1.1", .target),
    .line("GET /\ta HTTP/1.1", .target), .line("GET /a#b HTTP/1.1", .target), .line("GET /?a#b HTTP/1.1", .target),
    .line("GET /\u{1B} HTTP/1.1", .target), .line("GET HTTP/1.1", .target),
    .line("GET /a b HTTP/1.1", .version), .line("GET /  HTTP/1.1", .version), .line("GET / /x HTTP/1.1", .version),
    .line("GET x HTTP/1.1", .targetForm), .line("GET a:80 HTTP/1.1", .targetForm), .line("GET * HTTP/1.1", .targetForm),
    .line("OPTIONS *x HTTP/1.1", .targetForm), .line("OPTIONS ** HTTP/1.1", .targetForm),
    .line("OPTIONS *?x HTTP/1.1", .targetForm), .line("GET ?x HTTP/1.1", .targetForm),
    .line("GET ftp://a/ HTTP/1.1", .targetForm), .line("GET http:/a HTTP/1.1", .targetForm),
    .line("GET http:a HTTP/1.1", .targetForm), .line("GET ://a/ HTTP/1.1", .targetForm),
    .line("GET \\ HTTP/1.1", .targetForm), .line("GET %2F HTTP/1.1", .targetForm),
    .line("GET http:// HTTP/1.1", .targetAuthority), .line("GET http:///x HTTP/1.1", .targetAuthority),
    .line("GET http://?x HTTP/1.1", .targetAuthority), .line("GET http://u@a/ HTTP/1.1", .targetAuthority),
    .line("GET http://u:p@a/ HTTP/1.1", .targetAuthority), .line("GET http://a:b/ HTTP/1.1", .targetAuthority),
    .line("GET http://a:65536/ HTTP/1.1", .targetAuthority), .line("GET http://[::1/ HTTP/1.1", .targetAuthority),
    .line("GET http://a\\b/ HTTP/1.1", .targetAuthority),
    .line("GET /% HTTP/1.1", .path), .line("GET /%2 HTTP/1.1", .path), .line("GET /%zz HTTP/1.1", .path),
    .line("GET /%2x/ HTTP/1.1", .path), .line("GET /%00 HTTP/1.1", .path), .line("GET /%ff HTTP/1.1", .path),
    .line("GET /%c3/%a9 HTTP/1.1", .path), .line("GET /%c0%af HTTP/1.1", .path),
    .line("GET /%ed%a0%80 HTTP/1.1", .path),
    .line("GET /%u0041 HTTP/1.1", .path), .line("GET http://a/% HTTP/1.1", .path),
    // The version.
    .line("GET / ", .version), .line("GET / HTTP", .version), .line("GET / HTTP/1", .version),
    .line("GET / HTTP/1.", .version), .line("GET / HTTP/.1", .version), .line("GET / HTTP/11", .version),
    .line("GET / HTTP/1,1", .version), .line("GET / HTTP/1.1x", .lineEnd), .line("GET / HTTP/1.11", .lineEnd),
    .line("GET / HTTP/01.1", .version), .line("GET / HTTP/1.01", .lineEnd), .line("GET / HTTP/+1.1", .version),
    .line("GET / http/1.1", .version), .line("GET / Http/1.1", .version), .line("GET / HTTPS/1.1", .version),
    .line("GET / HTTP /1.1", .version), .line("GET / HTTP/ 1.1", .version), .line("GET / XTTP/1.1", .version),
    .line("GET / HTTP/1.1 ", .lineEnd), .line("GET / HTTP/1.1\t", .lineEnd), .line("GET / HTTP/x.y", .version),
    .line("GET / ICE/1.0", .version), .line("GET / HTTP/1.1\u{0}", .lineEnd),
    Malformed("GET / HTTP/2.0\r\n\r\n", .versionNotSupported),
    Malformed("GET / HTTP/0.9\r\n\r\n", .versionNotSupported),
    Malformed("GET / HTTP/1.2\r\nHost: a\r\n\r\n", .versionNotSupported),
    Malformed("GET / HTTP/3.1\r\n\r\n", .versionNotSupported),
    Malformed("GET / HTTP/9.9\r\n\r\n", .versionNotSupported),
    Malformed("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionNotSupported),
    Malformed("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", .connectNotImplemented),
    Malformed("CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", .connectNotImplemented),
    // Line ends.
    Malformed("GET / HTTP/1.1\nHost: a\n\n", .lineEnd), Malformed("GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", .lineEnd),
    Malformed("GET / HTTP/1.1\rHost: a\r\r", .lineEnd), Malformed("GET /\r\n\r\n", .target),
    Malformed("GET /\n", .target), Malformed("\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    Malformed("\r\rGET / HTTP/1.1\r\nHost: a\r\n\r\n", .lineEnd),
    Malformed("\r\n\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    Malformed("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", .emptyLines),
    Malformed("\r\n GET / HTTP/1.1\r\nHost: a\r\n\r\n", .method),
    Malformed("GET\r\n/ HTTP/1.1\r\nHost: a\r\n\r\n", .method),
]

private let hosts: [Malformed] = [
    Malformed("GET / HTTP/1.1\r\n\r\n", .hostMissing), Malformed("GET / HTTP/1.1\r\nHos: a\r\n\r\n", .hostMissing),
    Malformed("GET http://a/ HTTP/1.1\r\n\r\n", .hostMissing),
    Malformed("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .hostRepeated),
    Malformed("GET / HTTP/1.1\r\nHost: a\r\nX: y\r\nhOST: b\r\n\r\n", .hostRepeated),
    Malformed("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", .hostRepeated),
    Malformed("GET / HTTP/1.0\r\nHost: a/b\r\n\r\n", .host), Malformed("GET / HTTP/1.0\r\nHost:\r\n\r\n", .host),
    .host(""), .host("a b"), .host("a, b"), .host("a/b"), .host("a?b"), .host("a#b"), .host("u@a"), .host("a\\b"),
    .host("a:b"), .host("a:80:80"), .host("a:65536"), .host("a:000080"), .host("a:-1"), .host("a:+80"), .host(":80"),
    .host("[::1"), .host("::1"), .host("[]"), .host("[:::1]"), .host("[::1]x"), .host("[::1]:x"), .host("[1::2::3]"),
    .host("[12345::]"), .host("[fe80::1%25eth0]"), .host("[v1.a]"), .host("a%"), .host("a%2"), .host("a%zz"),
    .host("\u{E9}"), .host("a<b"), .host("a|b"), .host("\"a\""), .host("a\tb"), .host("http://a"), .host("[a]"),
]

private let fieldLines: [Malformed] = [
    .fields("X : y", .fieldName), .fields("X\t: y", .fieldName), .fields(": y", .fieldName), .fields("X", .fieldName),
    .fields("X y: z", .fieldName), .fields("X\u{0}: y", .fieldName), .fields("X(: y", .fieldName),
    .fields("X\u{E9}: y", .fieldName), .fields("X/Y: z", .fieldName), .fields("X@Y: z", .fieldName),
    .fields("[X]: y", .fieldName), .fields("X=y", .fieldName), .fields("X;: y", .fieldName),
    .fields("\"X\": y", .fieldName), .fields("X\u{B}: y", .fieldName), .fields("Content-Length : 5", .fieldName),
    .fields("Transfer-Encoding : chunked", .fieldName), .fields("Transfer Encoding: chunked", .fieldName),
    .fields("\u{B}Transfer-Encoding: chunked", .fieldName),
    .fields("X: y\r\n z", .foldedLine), .fields("X: y\r\n\tz", .foldedLine), .fields(" X: y", .foldedLine),
    .fields("X:\r\n y", .foldedLine), .fields("X: y\r\n  ", .foldedLine),
    Malformed("POST / HTTP/1.1\r\nTransfer-Encoding:\r\n chunked\r\n\r\n", .transferEncoding),
    .fields("X: a\u{0}b", .fieldValue), .fields("X: a\u{1}b", .fieldValue), .fields("X: a\u{7F}", .fieldValue),
    .fields("X: \u{1B}[31m", .fieldValue), .fields("X: a\u{B}b", .fieldValue), .fields("X: a\u{C}", .fieldValue),
    .fields("X: a\nY: b", .lineEnd), .fields("X: a\rY: b", .lineEnd), .fields("X: a\r\r", .lineEnd),
    .fields("X: a\r \n", .lineEnd), .fields("X: a\n", .lineEnd), .fields("X: a\u{0}", .fieldValue),
    .fields("X\r\n: y", .fieldName), .fields("X: y\r\n\rZ: a", .lineEnd), .fields("\nX: y", .fieldName),
    Malformed("GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedLine),
    Malformed("GET / HTTP/1.1\r\n\tHost: a\r\n\r\n", .foldedLine),
    Malformed("GET / HTTP/1.1\r\nHost: a\r\n\n", .fieldName), Malformed("GET / HTTP/1.1\r\nHost: a\n\n", .lineEnd),
    Malformed("GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", .lineEnd),
    Malformed("GET / HTTP/1.1\r\nHost: a\r\n\r\r", .lineEnd),
    Malformed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\n\r\n", .expectationFailed),
    Malformed("POST / HTTP/1.1\r\nHost: a\r\nExpect:\r\n\r\n", .expectationFailed),
    Malformed("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue, x\r\n\r\n", .expectationFailed),
]

private let lengths: [Malformed] = [
    .fields("Content-Length:", .contentLength), .fields("Content-Length: a", .contentLength),
    .fields("Content-Length: -5", .contentLength), .fields("Content-Length: +5", .contentLength),
    .fields("Content-Length: 5 5", .contentLength), .fields("Content-Length: 5,5", .contentLength),
    .fields("Content-Length: 5, 5", .contentLength), .fields("Content-Length: 5,", .contentLength),
    .fields("Content-Length: 0x5", .contentLength), .fields("Content-Length: 5.0", .contentLength),
    .fields("Content-Length: 5e0", .contentLength), .fields("Content-Length: \"5\"", .contentLength),
    .fields("Content-Length: 5;", .contentLength), .fields("Content-Length: 1_000", .contentLength),
    .fields("Content-Length: \u{FF15}", .contentLength), .fields("Content-Length: 5\u{A0}", .contentLength),
    .fields("Content-Length: 9223372036854775808", .contentLength),
    .fields("Content-Length: 18446744073709551616", .contentLength),
    .fields("Content-Length: 18446744073709551621", .contentLength),
    .fields("Content-Length: 100000000000000000000000000000000000005", .contentLength),
    .fields("Content-Length: 5\r\nContent-Length: 5", .contentLengthRepeated),
    .fields("Content-Length: 5\r\nContent-Length: 6", .contentLengthRepeated),
    .fields("content-length: 0\r\nX: y\r\nCONTENT-LENGTH: 5", .contentLengthRepeated),
    .fields("Content-Length: 5\r\nTransfer-Encoding: chunked", .framing),
    .fields("Transfer-Encoding: chunked\r\nContent-Length: 5", .framing),
    .fields("Content-Length: 5\r\nTransfer-Encoding: identity", .framing),
    .fields("Content-Length: 0\r\nTransfer-Encoding: chunked", .framing),
    Malformed(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n",
        .payloadTooLarge(bytesMaximum: 10_485_760)),
]

private let codings: [Malformed] = [
    .coding(""), .coding(","), .coding("chunked,"), .coding(",chunked"), .coding("chunked, chunked"),
    .coding("chunked,gzip"), .coding("chunked, identity"), .coding("chunked;q=1"), .coding("\"chunked\""),
    .coding("chunked chunked"), .coding("chun ked"), .coding("[chunked]"), .coding("chunked\u{A0}"),
    .coding(":chunked"),
    .coding("gzip, chunked", .codingNotImplemented), .coding("gzip", .codingNotImplemented),
    .coding("identity", .codingNotImplemented), .coding("xchunked", .codingNotImplemented),
    .coding("chunkedx", .codingNotImplemented), .coding("x-chunked", .codingNotImplemented),
    .coding("cow", .codingNotImplemented), .coding("identity, chunked", .codingNotImplemented),
    .coding("\u{0}chunked", .malformed(.fieldValue)), .coding("\u{B}chunked", .malformed(.fieldValue)),
    .fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", .transferEncoding),
    .fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", .transferEncoding),
    .fields("Transfer-Encoding: chunked\r\nTransfer-Encoding:", .transferEncoding),
    Malformed("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .transferEncodingVersion),
    Malformed("GET / HTTP/1.0\r\nTransfer-Encoding: identity\r\n\r\n", .transferEncodingVersion),
]

private let chunks: [Malformed] = [
    .chunked("\r\n", .chunkSize), .chunked("x\r\n", .chunkSize), .chunked("0x1\r\na\r\n", .chunkSize),
    .chunked("+1\r\na\r\n", .chunkSize), .chunked("-1\r\na\r\n", .chunkSize), .chunked(" 1\r\na\r\n", .chunkSize),
    .chunked("1 \r\na\r\n", .chunkSize), .chunked("\t1\r\na\r\n", .chunkSize), .chunked("1\t\r\na\r\n", .chunkSize),
    .chunked("1 ;a\r\na\r\n", .chunkSize), .chunked("1_0\r\n", .chunkSize), .chunked("1,1\r\n", .chunkSize),
    .chunked(";a\r\n", .chunkSize), .chunked("1g\r\n", .chunkSize), .chunked("1.\r\n", .chunkSize),
    .chunked("00000000000000001\r\na\r\n", .chunkSize), .chunked("10000000000000000\r\n", .chunkSize),
    .chunked("fffffffffffffffff\r\n", .chunkSize), .chunked("1\na\n", .chunkSize), .chunked("\u{0}1\r\n", .chunkSize),
    .chunked("\u{FF11}\r\n", .chunkSize), .chunked("1\r\r\na", .lineEnd), .chunked("1\ra", .lineEnd),
    .chunked("1;\r\na\r\n", .chunkExtension), .chunked("1; a\r\na\r\n", .chunkExtension),
    .chunked("1;a \r\na\r\n", .chunkExtension), .chunked("1;a=\r\na\r\n", .chunkExtension),
    .chunked("1;a= b\r\na\r\n", .chunkExtension), .chunked("1;=b\r\na\r\n", .chunkExtension),
    .chunked("1;a=b=c\r\na\r\n", .chunkExtension), .chunked("1;a\nb\r\n", .chunkExtension),
    .chunked("1;a=\"\n\"\r\n", .chunkExtension), .chunked("1;a=\"\r\n\"\r\n", .chunkExtension),
    .chunked("1;a=\"b\"c\r\n", .chunkExtension), .chunked("1;a=\"\\\r\n", .chunkExtension),
    .chunked("1;\u{0}\r\n", .chunkExtension), .chunked("1;;a\r\n", .chunkExtension),
    .chunked("1;a=\u{E9}\r\n", .chunkExtension), .chunked("1;a\n\r\n", .chunkExtension),
    .chunked("1\r\nab", .chunkEnd), .chunked("1\r\na\n", .chunkEnd), .chunked("1\r\na\rb", .chunkEnd),
    .chunked("1\r\na0\r\n\r\n", .chunkEnd), .chunked("1\r\n\r\n\n", .chunkEnd),
    .chunked("5\r\nhello\n0\r\n", .chunkEnd),
    .chunked("1\r\na\r\n\r\n", .chunkSize), .chunked("0\r\n\n", .fieldName), .chunked("0\r\n\r\r", .lineEnd),
    .chunked("0\n\n", .chunkSize), .chunked("0\r\nX\r\n", .fieldName), .chunked("0\r\nX : y\r\n", .fieldName),
    .chunked("0\r\n: y\r\n", .fieldName), .chunked("0\r\nX: y\r\n z\r\n", .foldedLine),
    .chunked("0\r\nX: y\nZ: a\r\n", .lineEnd), .chunked("0\r\nX: y\rZ", .lineEnd),
    .chunked("0\r\nX: \u{0}\r\n", .fieldValue), .chunked("0\r\n X: y\r\n", .foldedLine),
    Malformed(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        .payloadTooLarge(bytesMaximum: 10_485_760)),
    Malformed(
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7fffffffffffffff\r\n",
        .payloadTooLarge(bytesMaximum: 10_485_760)),
]

/// The second request of a connection is not judged more kindly than the first.
private let pipelines: [Malformed] = [
    Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi!GET / HTTP/1.1\r\n\r\n", .hostMissing),
    Malformed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nhi GET / HTTP/1.1\r\n\r\n", .version),
    Malformed("GET / HTTP/1.1\r\nHost: a\r\n\r\n\u{0}", .method),
    Malformed("GET / HTTP/1.1\r\nHost: a\r\n\r\nx\r\n", .method),
]

private let malformed = requestLines + hosts + fieldLines + lengths + codings + chunks + pipelines
