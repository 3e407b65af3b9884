import PylonHTTP
import Testing

@Suite struct HTTPLimitsTests {
    private func fill(_ count: Int) -> String { String(repeating: "x", count: count) }

    /// The same verdict whole, byte by byte and in a few large pieces.
    private func failure(_ wire: String, limits: HTTPLimits = HTTPLimits(), bodyBytesMaximum: Int? = nil)
        -> HTTPParseError?
    {
        let count = wire.utf8.count
        let whole = Transcript(wire, limits: limits, bodyBytesMaximum: bodyBytesMaximum)
        for cuts in [Array(0..<count), Array(stride(from: 0, to: count, by: 1000)), [count / 2], [count - 1]] {
            let split = Transcript(wire, cuts: cuts, limits: limits, bodyBytesMaximum: bodyBytesMaximum)
            #expect(split == whole)
        }
        return whole.failure
    }

    @Test func `a request line may have exactly 8 KiB`() {
        let fixed = "GET / HTTP/1.1".utf8.count
        for (extra, expected) in [
            (0, nil), (1, HTTPParseError.targetTooLong), (2, .targetTooLong), (9000, .targetTooLong),
        ] {
            let wire = "GET /\(fill(8192 - fixed + extra)) HTTP/1.1\r\nHost: a\r\n\r\n"
            #expect(failure(wire) == expected, "\(extra) more")
        }
        #expect(failure("GET /\(fill(8187))") == nil)
        #expect(failure("GET /\(fill(8188))") == nil)
        #expect(failure("GET /\(fill(8189))") == .targetTooLong)
        #expect(failure(fill(8194)) == .targetTooLong)
        #expect(failure("GET /\u{0}\(fill(9000))") == .malformed(.target))
        #expect(failure("GET /\(fill(9000))\u{0}") == .targetTooLong)
    }

    @Test func `a header section may have exactly 32 KiB`() {
        let fixed = "Host: a\r\nX: \r\n\r\n".utf8.count
        for (extra, expected) in [(0, nil), (1, HTTPParseError.headersTooLarge), (40_000, .headersTooLarge)] {
            let wire = "GET / HTTP/1.1\r\nHost: a\r\nX: \(fill(32_768 - fixed + extra))\r\n\r\n"
            #expect(failure(wire) == expected, "\(extra) more")
        }
        #expect(failure("GET / HTTP/1.1\r\nHost: a\r\n\(fill(40_000))") == .headersTooLarge)
    }

    @Test func `a hundred fields are the most`() {
        func wire(_ count: Int) -> String {
            "GET / HTTP/1.1\r\nHost: a\r\n" + (1..<count).map { "F\($0): v\r\n" }.joined() + "\r\n"
        }
        #expect(failure(wire(100)) == nil)
        #expect(failure(wire(101)) == .headersTooLarge)
    }

    @Test func `a fixed body is refused before it is read`() {
        func wire(_ length: Int) -> String { "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n" }
        #expect(failure(wire(10_485_760)) == nil)
        #expect(failure(wire(10_485_761)) == .payloadTooLarge(bytesMaximum: 10_485_760))
        #expect(failure(wire(20_000_000), bodyBytesMaximum: 20_000_000) == nil)
        #expect(failure(wire(1), bodyBytesMaximum: 0) == .payloadTooLarge(bytesMaximum: 0))
        #expect(failure(wire(0), bodyBytesMaximum: 0) == nil)
    }

    @Test func `chunks are counted together`() {
        func wire(_ sizes: [Int]) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                + sizes.map { "\(String($0, radix: 16))\r\n\(fill($0))\r\n" }.joined() + "0\r\n\r\n"
        }
        #expect(failure(wire([6, 4]), bodyBytesMaximum: 10) == nil)
        #expect(failure(wire([6, 5]), bodyBytesMaximum: 10) == .payloadTooLarge(bytesMaximum: 10))
        #expect(failure(wire([11]), bodyBytesMaximum: 10) == .payloadTooLarge(bytesMaximum: 10))
        #expect(failure(wire([]), bodyBytesMaximum: 0) == nil)
        #expect(failure(wire(Array(repeating: 1, count: 2000)), bodyBytesMaximum: 2000) == nil)
    }

    @Test func `each head brings the default body limit back`() {
        var parser = HTTPRequestParser()
        let wire = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
        let nothing: [UInt8] = []
        for _ in 0..<2 {
            _ = parser.next(wire.span)
            #expect(parser.bodyBytesMaximum == 10_485_760)
            parser.bodyBytesMaximum = 5
            _ = parser.next(nothing.span)
        }
    }

    @Test func `a chunk line may have exactly 256 bytes`() {
        func wire(_ length: Int) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;\(fill(length - 2))\r\na\r\n0\r\n\r\n"
        }
        #expect(failure(wire(256)) == nil)
        #expect(failure(wire(257)) == .malformed(.chunkLine))
    }

    @Test func `a trailer section may have exactly 8 KiB`() {
        func wire(_ length: Int) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX:\(fill(length - 6))\r\n\r\n"
        }
        #expect(failure(wire(8192)) == nil)
        #expect(failure(wire(8193)) == .headersTooLarge)
    }

    @Test func `limits are the caller's to choose`() {
        var limits = HTTPLimits()
        limits.requestLineBytesMaximum = 14
        limits.headerSectionBytesMaximum = 11
        limits.emptyLinesMaximum = 0
        #expect(failure("GET / HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits) == nil)
        #expect(failure("GET /x HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits) == .targetTooLong)
        #expect(failure("GET / HTTP/1.1\r\nHost: ab\r\n\r\n", limits: limits) == .headersTooLarge)
        #expect(failure("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", limits: limits) == .malformed(.emptyLines))
    }

    @Test func `each error has its status and code`() {
        let table: [(HTTPParseError, UInt16, String)] = [
            (.malformed(.host), 400, "BAD_REQUEST"), (.targetTooLong, 414, "URI_TOO_LONG"),
            (.headersTooLarge, 431, "HEADERS_TOO_LARGE"),
            (.payloadTooLarge(bytesMaximum: 1), 413, "PAYLOAD_TOO_LARGE"),
            (.codingNotImplemented, 501, "NOT_IMPLEMENTED"), (.connectNotImplemented, 501, "NOT_IMPLEMENTED"),
            (.versionNotSupported, 505, "HTTP_VERSION_NOT_SUPPORTED"), (.expectationFailed, 417, "EXPECTATION_FAILED"),
        ]
        for (error, status, code) in table {
            #expect(error.status.code == status)
            #expect(error.code == code)
            #expect(error.message.hasSuffix("."))
        }
        #expect(Set(HTTPDefect.allCases.map(\.rawValue)).count == HTTPDefect.allCases.count)
    }
}
