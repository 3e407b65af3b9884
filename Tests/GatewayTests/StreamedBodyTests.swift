internal import PylonGateway
internal import PylonHTTP
internal import PylonNet
internal import PylonTelemetry
internal import PylonTestSupport
internal import Testing

/// Bodies that are made and read while they travel, over real sockets in held time.
@Suite struct StreamedBodyTests {
    private let gateway: GatewayHarness

    init() throws {
        gateway = try GatewayHarness()
    }

    // MARK: Answers

    @Test func piecesArriveInOrderAndTheConnectionGoesOn() async throws {
        try await aside {
            let client = try gateway.client(
                sending: "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            let source = try gateway.streamed.sources.next()
            for text in ["one", "", "two"] { source.put(.bytes(Array(text.utf8))) }
            source.put(.end)
            #expect(try client.readResponse().text == "onetwo")
            _ = try source.closed.next()
            #expect(try client.readResponse().text == "ok", "what was pipelined waited")
            #expect(try client.request("GET", "/health").text == "ok")
        }
    }

    @Test func aPieceIsAskedForWhenTheOneBeforeIsSent() async throws {
        try await aside {
            let socket = try TestSocket(port: gateway.port, receiveBufferBytes: 4096)
            try socket.send("GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n")
            let source = try gateway.streamed.sources.next()
            _ = try source.asked.next()
            source.put(.bytes([UInt8](repeating: 120, count: 16 << 20)))
            let client = HTTPClient(over: socket)
            #expect(try client.readHead().status == 200)
            gateway.turn()
            #expect(source.asked.count == 0, "most of the piece still waits")
            #expect(try client.readChunk()?.count == 16 << 20)
            _ = try source.asked.next()
            source.put(.end)
            #expect(try client.readChunk() == nil)
            _ = try source.closed.next()
        }
    }

    @Test func aBodyThatBreaksCutsTheConnection() async throws {
        try await aside {
            let client = try gateway.client(sending: "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n")
            let source = try gateway.streamed.sources.next()
            source.put(.bytes(Array("half".utf8)))
            #expect(try client.readHead().status == 200)
            #expect(try client.readChunk() == Array("half".utf8))
            source.put(.broken)
            #expect(throws: SocketError.self) { try client.readChunk() }
            _ = try source.closed.next()
        }
    }

    @Test func theAnswerToHEADAsksForNothing() async throws {
        try await aside {
            let client = try gateway.client()
            #expect(try client.request("HEAD", "/pieces").field("Transfer-Encoding") == "chunked")
            let source = try gateway.streamed.sources.next()
            _ = try source.closed.next()
            #expect(source.asked.count == 0)
            #expect(try client.request("GET", "/health").text == "ok")
        }
    }

    @Test func aReaderThatLeavesClosesTheSource() async throws {
        try await aside {
            let client = try gateway.client(sending: "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n")
            let source = try gateway.streamed.sources.next()
            source.put(.bytes(Array("some".utf8)))
            _ = try client.readHead()
            client.socket.reset()
            _ = try source.closed.next()
            source.put(.end)
        }
    }

    @Test func aSourceHasAsLongAsAnAnswer() async throws {
        try await aside {
            let client = try gateway.client(sending: "GET /pieces HTTP/1.1\r\nHost: a\r\n\r\n")
            let source = try gateway.streamed.sources.next()
            _ = try source.asked.next()
            gateway.turn()
            gateway.advance(by: .seconds(30))
            #expect(try client.readHead().status == 200)
            #expect(throws: SocketError.self) { try client.readChunk() }
            _ = try source.closed.next()
            source.put(.end)
        }
    }

    // MARK: Requests

    private static func head(_ count: Int) -> String {
        "POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: \(count)\r\n\r\n"
    }

    @Test func aBodyIsReadWhileItArrives() async throws {
        try await aside {
            let client = try gateway.client(sending: Self.head(10) + "12345")
            let body = try gateway.streamed.bodies.next()
            #expect(try waiting { try await body.next() } == Array("12345".utf8))
            try client.socket.send("67890")
            #expect(try waiting { try await body.rest() } == Array("67890".utf8))
            gateway.streamed.answers.put(.created)
            #expect(try client.readResponse().status == 201)
            #expect(try client.request("GET", "/health").text == "ok")
        }
    }

    @Test(arguments: [true, false]) func theEndOfABodyIsTold(isChunked: Bool) async throws {
        try await aside {
            let count = 300_000
            let head =
                isChunked ? "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" : Self.head(count)
            let client = try gateway.client(sending: head)
            let body = try gateway.streamed.bodies.next()
            let text = String(repeating: "x", count: count)
            // Nobody reads yet, and it is more than is held: the end comes behind the pause.
            try client.socket.send(isChunked ? "\(String(count, radix: 16))\r\n\(text)\r\n0\r\n\r\n" : text)
            try client.socket.send("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(gateway.eventually { gateway.net.bytesReceived.value > RequestBody.bytesMaximum })
            #expect(try waiting { try await body.rest() }.count == count)
            gateway.streamed.answers.put(.ok)
            #expect(try client.readResponse().text == "read")
            #expect(try client.readResponse().text == "ok")
        }
    }

    @Test func aHandlerThatDoesNotReadHoldsTheClientBack() async throws {
        try await aside {
            let total = 32 << 20
            let client = try gateway.client(sending: Self.head(total))
            let body = try gateway.streamed.bodies.next()
            let sent = try client.socket.flood([UInt8](repeating: 120, count: 1 << 20), bytesMaximum: total)
            #expect(sent < total)
            #expect(gateway.net.bytesReceived.value < 1 << 20)
            // That is not the client's fault, however long it takes.
            for _ in 0..<5 {
                gateway.advance(by: .seconds(100))
                gateway.turn()
            }
            var received = 0
            while received < sent { received += try waiting { try await body.next() }?.count ?? 0 }
            #expect(received == sent)
            client.socket.reset()
            #expect(throws: APIError.self) { try waiting { try await body.next() } }
            gateway.streamed.answers.put(.ok)
        }
    }

    @Test func anEarlyAnswerEndsTheConnection() async throws {
        try await aside {
            let client = try gateway.client(sending: Self.head(1000) + "some")
            let body = try gateway.streamed.bodies.next()
            gateway.streamed.answers.put(.badRequest)
            let answer = try client.readResponse()
            #expect(answer.status == 400)
            #expect(answer.field("Connection") == "close")
            #expect(try waiting { try await body.next() } == Array("some".utf8))
            #expect(throws: APIError.self) { try waiting { try await body.next() } }
        }
    }

    @Test func aBodyThatStopsIsNotWaitedForForever() async throws {
        try await aside {
            let client = try gateway.client(sending: Self.head(1000) + "some")
            let body = try gateway.streamed.bodies.next()
            #expect(try waiting { try await body.next() } == Array("some".utf8))
            gateway.advance(by: .seconds(30))
            #expect(throws: APIError.self) { try waiting { try await body.next() } }
            #expect(try client.readResponse().status == 408)
            gateway.streamed.answers.put(.ok)
        }
    }

    @Test func aMalformedBodyIsRefused() async throws {
        try await aside {
            let head = "POST /read HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
            let client = try gateway.client(sending: head + "3\r\nabc\r\n")
            let body = try gateway.streamed.bodies.next()
            #expect(try waiting { try await body.next() } == Array("abc".utf8))
            try client.socket.send("zz\r\n")
            #expect(throws: APIError.self) { try waiting { try await body.next() } }
            #expect(try client.readResponse().status == 400)
            gateway.streamed.answers.put(.ok)
        }
    }
}
