internal import Testing

@testable internal import PylonClient

@Suite struct HTTPResponseParserTests {
    /// What came out of a stream that arrived in pieces of `size`.
    private func read(_ text: String, in size: Int, bodyBytesMaximum: Int = 1000) throws -> [String] {
        var parser = HTTPResponseParser(bodyBytesMaximum: bodyBytesMaximum)
        var found: [String] = []
        var waiting: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            waiting += rest.prefix(size)
            rest = rest.dropFirst(size)
            while true {
                let (consumed, event) = try waiting.withUnsafeBytes { try parser.next($0) }
                defer { waiting.removeFirst(consumed) }
                switch event {
                case .needMore: break
                case .head(let head): found.append("\(head.status) \(head.keepsAlive)")
                case .body(let range):
                    let piece = String(decoding: waiting[range], as: UTF8.self)
                    if found.last?.hasPrefix("body ") == true {
                        found[found.count - 1] += piece
                    } else {
                        found.append("body \(piece)")
                    }
                case .end: found.append("end")
                }
                if event == .needMore, consumed == 0 { break }
            }
        }
        if parser.mayEnd { found.append("may end") }
        return found
    }

    private static let responses: [(String, [String])] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ["200 true", "body hello", "end"]),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", ["200 true", "end"]),
        (
            "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx",
            ["204 true", "end", "200 true", "body x", "end"]
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}",
            ["403 false", "body {}", "end"]
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nT: x\r\n\r\n",
            ["200 true", "body hello world", "end"]
        ),
        ("HTTP/1.0 200 OK\r\n\r\neverything", ["200 false", "body everything", "may end"]),
    ]

    @Test(arguments: responses) func aResponseIsReadHoweverItIsCut(text: String, events: [String]) throws {
        for size in 1...text.utf8.count { #expect(try read(text, in: size) == events) }
    }

    @Test(arguments: [
        "HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 +20 OK\r\n\r\n", "HTTP/1.1 020 OK\r\n\r\n",
        "hello\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "HTTP/1.1 200 OK\r\n: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\na b: x\r\n\r\n", "HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" + String(repeating: "x", count: 1001),
        "HTTP/1.0 200 OK\r\n\r\n" + String(repeating: "x", count: 1001),
        String(repeating: "x", count: 16 << 10),
        "HTTP/1.1 200 OK\r\n" + String(repeating: "a: b\r\n", count: 101) + "\r\n",
    ])
    func whatIsNoResponseIsRefused(text: String) {
        for size in [1, 7, text.utf8.count] {
            #expect(throws: ClientError.self) { try read(text, in: size) }
        }
    }

    @Test func aStreamHasNoEnd() throws {
        let chunk = "3e8\r\n" + String(repeating: "x", count: 1000) + "\r\n"
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        let found = try read(head + String(repeating: chunk, count: 50), in: 999, bodyBytesMaximum: .max)
        #expect(found.count == 2)
        #expect(found.last?.utf8.count == 50_005)
    }
}
