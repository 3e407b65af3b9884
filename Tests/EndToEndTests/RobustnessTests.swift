internal import PylonJSON
internal import PylonTestSupport
internal import Testing

/// HTTP/1.1 on the wire: pieces, pipelines, limits, and requests that are none.
@Suite(.blocking) struct RobustnessTests {
    private static let shared = Result { try ServerHarness(["--host", "127.0.0.1", "--test-endpoints"]) }
    private static let admin = ServerHarness.adminToken

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    private func client() throws -> HTTPClient { try HTTPClient(port: server.port) }

    // MARK: Keep-alive, pipelines, pieces

    @Test func aConnectionServesManyRequests() throws {
        let client = try client()
        for _ in 0..<50 { #expect(try client.request("GET", "/health").status == 200) }
        let last = try client.request("GET", "/health", fields: ["Connection: close"])
        #expect(last.field("Connection") == "close")
        #expect(try client.socket.takeRest().isEmpty)
    }

    @Test func http10ClosesUnlessAskedNotTo() throws {
        let once = try client()
        try once.socket.send("GET /health HTTP/1.0\r\n\r\n")
        #expect(try once.readResponse().status == 200)
        #expect(try once.socket.takeRest().isEmpty)
        let kept = try client()
        for _ in 0..<2 {
            try kept.socket.send("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            #expect(try kept.readResponse().field("Connection") == "keep-alive")
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() throws {
        let client = try client()
        var requests = ""
        for index in 0..<200 {
            let body = "body \(index)"
            requests +=
                index.isMultiple(of: 3)
                ? "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
                : "POST /__test__/echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        }
        try client.socket.send(requests)
        for index in 0..<200 {
            let answer = try client.readResponse()
            #expect(answer.status == 200)
            if !index.isMultiple(of: 3) { #expect(answer.text == "body \(index)") }
        }
    }

    @Test func aPipelineMixesQuickAndSlowAnswers() throws {
        let client = try client()
        // Making a shard is answered from another thread; what follows has to wait for it.
        for index in 0..<20 {
            try client.send(
                "POST", "/api/shards", token: Self.admin, body: #"{"id":"pipelined-\#(index)","kind":"counter"}"#)
            try client.send("GET", "/api/shards/pipelined-\(index)")
            try client.send("DELETE", "/api/shards/pipelined-\(index)", token: Self.admin)
        }
        for _ in 0..<20 {
            #expect(try client.readResponse().status == 201)
            #expect(try client.readResponse().status == 200)
            #expect(try client.readResponse().status == 200)
        }
    }

    @Test func aRequestMayComeByteByByte() throws {
        let client = try client()
        let request = "POST /__test__/echo?a=%20 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        for byte in Array((request + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: x\r\n\r\n").utf8) {
            try client.socket.send([byte])
        }
        #expect(try client.readResponse().text == "abcde")
        #expect(try client.request("GET", "/health").status == 200)
    }

    @Test func aHalfClosedClientStillGetsItsAnswer() throws {
        for (method, target, body) in [
            ("POST", "/api/shards", #"{"id":"half","kind":"counter"}"#), ("GET", "/health", nil),
        ] {
            let client = try client()
            try client.send(method, target, token: Self.admin, body: body)
            client.socket.finishSending()
            #expect(try client.readResponse().status < 300)
            #expect(try client.socket.takeRest().isEmpty)
        }
    }

    @Test func clientsThatVanishDoNoHarm() throws {
        for request in [
            "", "GET", "GET /health HTTP/1.1\r\nHo", "GET /health HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST /__test__/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc",
            "POST /api/shards HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(Self.admin)\r\nContent-Length: 2\r\n\r\n{}",
        ] {
            for _ in 0..<5 {
                let socket = try TestSocket(port: server.port)
                try socket.send(request)
                socket.reset()
            }
        }
        #expect(try server.get("/health").status == 200)
    }

    // MARK: Bodies

    @Test func chunkedBodiesAreTakenApart() throws {
        let client = try client()
        try client.socket.send(
            "POST /__test__/echo HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        let answer = try client.readResponse()
        #expect(answer.text == "hello world")
        #expect(answer.field("Content-Type") == "text/plain")
    }

    @Test func aLargeBodyIsEchoed() throws {
        let body = String(repeating: "0123456789abcdef", count: 1 << 16)
        let answer = try server.request("POST", "/__test__/echo", body: body)
        #expect(answer.status == 200)
        #expect(answer.body.elementsEqual(body.utf8))
    }

    @Test func aPatientClientIsToldToContinue() throws {
        let client = try client()
        try client.socket.send(
            "POST /__test__/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.readResponse().status == 100)
        try client.socket.send("hello")
        #expect(try client.readResponse().text == "hello")
    }

    @Test func aPatientClientIsRefusedBeforeItsBody() throws {
        for (target, length, status) in [
            ("/__test__/echo", 99_999_999, 413), ("/nowhere", 5, 404), ("/api/shards", 5, 403),
        ] {
            let client = try client()
            try client.socket.send(
                "POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n")
            #expect(try client.readResponse().status == status)
            try client.socket.waitForEnd()
        }
    }

    @Test func anotherExpectationIsRefused() throws {
        #expect(try server.get("/health", fields: ["Expect: 200-ok"]).status == 417)
    }

    @Test func anAnnouncedBodyOverTheLimitIs413AtOnce() throws {
        for (target, length) in [
            ("/__test__/echo", 16 * 1024 * 1024 + 1), ("/api/shards/x/input", 1024 * 1024 + 1),
            ("/api/auth/guest", 64 * 1024 + 1), ("/__test__/echo", Int.max),
        ] {
            let client = try client()
            try client.socket.send("POST \(target) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
            let answer = try client.readResponse()
            #expect(answer.status == 413)
            #expect(answer.errorCode == "PAYLOAD_TOO_LARGE")
            try client.socket.waitForEnd()
        }
    }

    @Test func aChunkedBodyOverTheLimitIsCutOff() throws {
        let client = try client()
        try client.socket.send("POST /api/auth/guest HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        let chunk = "4000\r\n" + String(repeating: "x", count: 0x4000) + "\r\n"
        // The server answers at 64 KiB and stops reading: the rest need not find a taker.
        for _ in 0..<4 { try client.socket.send(chunk) }
        do throws(SocketError) { try client.socket.send(chunk) } catch {
            // Cut off already.
        }
        #expect(try client.readResponse().status == 413)
        try client.socket.waitForEnd()
    }

    @Test func aBodyOfAGetIsReadPast() throws {
        let client = try client()
        #expect(try client.request("GET", "/health", body: "GET /nowhere HTTP/1.1\r\n\r\n").status == 200)
        #expect(try client.request("GET", "/health").status == 200)
    }

    // MARK: Limits

    @Test(arguments: [
        ("GET /\(String(repeating: "a", count: 8200)) HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        ("GET /health HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 33_000))\r\n\r\n", 431),
        ("GET /health HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: 1\r\n", count: 100) + "\r\n", 431),
        ("GET /health HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 30_000))\r\n\r\n", 200),
        ("GET /health HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: 1\r\n", count: 99) + "\r\n", 200),
        ("GET /\(String(repeating: "a", count: 8000)) HTTP/1.1\r\nHost: a\r\n\r\n", 404),
    ])
    func headsHaveLimits(request: String, status: Int) throws {
        let client = try client()
        try client.socket.send(request)
        let answer = try client.readResponse()
        #expect(answer.status == status)
        if status == 414 || status == 431 { try client.socket.waitForEnd() }
    }

    @Test func anEndlessHeadIsCutOff() throws {
        let client = try client()
        try client.socket.send("GET /health HTTP/1.1\r\nHost: a\r\n")
        do throws(SocketError) {
            for _ in 0..<10_000 { try client.socket.send("X-Field: value\r\n") }
        } catch {
            // Cut off before the end, as it should be.
        }
        #expect(try client.readResponse().status == 431)
        try client.socket.waitForEnd()
    }

    // MARK: Smuggling

    private static let ambiguous = [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4, 5\r\n\r\nabcde",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 4\r\n\r\nabcd",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n0\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n folded\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\rX: 1\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "GET / HTTP/1.1\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nX\u{00}: 1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n: 1\r\n\r\n",
        "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
    ]

    @Test(arguments: ambiguous) func whatCouldBeReadInTwoWaysIs400AndTheEnd(request: String) throws {
        let client = try client()
        // A second request right behind must never be answered.
        try client.socket.send(request + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        let answer = try client.readResponse()
        #expect(answer.status == 400)
        #expect(answer.errorCode == "BAD_REQUEST")
        #expect(answer.field("Connection") == "close")
        #expect(try client.socket.takeRest().isEmpty)
    }

    @Test(arguments: [
        "5\r\nhello0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\n", "g\r\n", "\r\n",
    ])
    func aBrokenChunkIs400AndTheEnd(body: String) throws {
        let client = try client()
        try client.socket.send(
            "POST /__test__/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
                + "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try client.readResponse().status == 400)
        #expect(try client.socket.takeRest().isEmpty)
    }

    @Test(arguments: [
        ("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", 501), ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505), ("\u{16}\u{03}\u{01}\u{02}", 400),
    ])
    func whatIsNotSpokenHereIsNamed(request: String, status: Int) throws {
        let client = try client()
        try client.socket.send(request)
        let answer = try client.readResponse()
        #expect(answer.status == status)
        try client.socket.waitForEnd()
    }

    // MARK: Time

    @Test func aHeadThatNeverEndsIsTimedOut() throws {
        // The one test that waits for a timeout: 10 s by default, and not to be set from outside.
        let slow = try client()
        try slow.socket.send("GET /health HTTP/1.1\r\nHost: a\r\n")
        let silent = try TestSocket(port: server.port)
        #expect(try slow.readResponse().status == 408)
        try slow.socket.waitForEnd()
        try silent.waitForEnd()
    }
}
