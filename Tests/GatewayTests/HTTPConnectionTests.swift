internal import PylonGateway
internal import PylonHTTP
internal import PylonNet
internal import PylonTelemetry
internal import PylonTestSupport
internal import PylonTime
internal import Testing

/// Deadlines and answers of HTTP connections, over real sockets in held time.
@Suite struct HTTPConnectionTests {
    private let gateway: GatewayHarness

    init() throws {
        gateway = try GatewayHarness()
    }

    // MARK: Deadlines

    @Test func aHeadHasTenSeconds() throws {
        let client = try gateway.client(sending: "GET /health HTTP/1.1\r\n")
        gateway.advance(by: .seconds(10))
        let answer = try client.readResponse()
        #expect(answer.status == 408)
        #expect(answer.errorCode == "REQUEST_TIMEOUT")
        #expect(answer.field("Connection") == "close")
        try client.socket.waitForEnd()
        #expect(gateway.counters.requestTimeouts.value == 1)
    }

    @Test func justInTimeIsInTime() throws {
        let client = try gateway.client(sending: "GET /health HTTP/1.1\r\n")
        gateway.advance(by: .milliseconds(9_999))
        gateway.turn()
        try client.socket.send("Host: a\r\n\r\n")
        #expect(try client.readResponse().status == 200)
    }

    @Test func everyByteDoesNotBuyMoreTime() throws {
        let client = try gateway.client(sending: "G")
        for byte in "ET /health HTTP".utf8 {
            gateway.advance(by: .milliseconds(700))
            do throws(SocketError) { try client.socket.send([byte]) } catch {
                // Closed by now, which is what this is about.
            }
            gateway.turn()
        }
        #expect(try client.readResponse().status == 408)
    }

    @Test func aNewConnectionHasTenSecondsToSaySomething() throws {
        let silent = try TestSocket(port: gateway.port)
        #expect(gateway.eventually { gateway.net.open.value == 1 })
        gateway.advance(by: .seconds(10))
        #expect(try silent.takeRest().isEmpty, "there is no request to answer")
        #expect(gateway.counters.requestTimeouts.value == 0)
    }

    @Test func theLoopsOwnSleepIsNotTheClients() throws {
        for _ in 0..<20 {
            // The loop sleeps all the while; whoever comes then has just come.
            gateway.clock.advance(by: .seconds(50))
            #expect(try HTTPClient(port: gateway.port).request("GET", "/health").status == 200)
        }
    }

    @Test func aConnectionMayBeIdleForAMinute() throws {
        let client = try gateway.client()
        gateway.advance(by: .seconds(59))
        #expect(try client.request("GET", "/health").status == 200)
        gateway.advance(by: .seconds(59))
        #expect(try client.request("GET", "/health").status == 200)
        gateway.advance(by: .seconds(60))
        #expect(try client.socket.takeRest().isEmpty)
    }

    @Test func aBodyHasThirtySeconds() throws {
        let client = try gateway.client(sending: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell")
        gateway.advance(by: .seconds(29))
        gateway.turn()
        #expect(gateway.counters.requestTimeouts.value == 0)
        gateway.advance(by: .seconds(1))
        #expect(try client.readResponse().status == 408)
        try client.socket.waitForEnd()
    }

    @Test func aBodyThatFlowsEarnsTime() throws {
        let half = String(repeating: "x", count: 64 * 1024)
        let client = try gateway.client(
            sending: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(2 * half.utf8.count)\r\n\r\n")
        try client.socket.send(half)
        #expect(gateway.eventually { gateway.net.bytesReceived.value > half.utf8.count })
        gateway.turn()
        // 64 KiB are worth four seconds.
        gateway.advance(by: .milliseconds(33_900))
        gateway.turn()
        try client.socket.send(half)
        #expect(try client.readResponse().body.count == 2 * half.utf8.count)
    }

    @Test func aBodyThatTricklesDoesNot() throws {
        let client = try gateway.client(sending: "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 9999\r\n\r\n")
        // The half minute begins when the head has been read, which may be after the clock has begun to move.
        for _ in 0..<60 {
            gateway.advance(by: .seconds(1))
            do throws(SocketError) { try client.socket.send("x") } catch {
                // Closed by now.
            }
            gateway.turn()
        }
        #expect(try client.readResponse().status == 408)
    }

    @Test func whoeverReadsNothingIsGivenUpAfterHalfAMinute() throws {
        let stuck = try TestSocket(port: gateway.port, receiveBufferBytes: 4096)
        try stuck.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try stuck.take(1)
        // The kernel may take some more at first; then nothing moves any more.
        let isGivenUp = gateway.eventually {
            gateway.advance(by: .seconds(31))
            return gateway.net.stalled.value == 1
        }
        #expect(isGivenUp)
        #expect(gateway.eventually { gateway.net.open.value == 0 })
        stuck.close()
    }

    @Test func whoeverDoesNotCloseIsLeftAfterTwoSeconds() throws {
        let client = try HTTPClient(port: gateway.port)
        #expect(try client.request("GET", "/health", fields: ["Connection: close"]).status == 200)
        #expect(try client.socket.takeSome() == nil)
        gateway.turn()
        #expect(gateway.net.open.value == 1)
        #expect(
            gateway.eventually {
                gateway.advance(by: .seconds(2))
                return gateway.net.open.value == 0
            })
        #expect(gateway.net.stalled.value == 0)
        client.socket.close()
    }

    // MARK: Answers that take their time

    @Test func aHandlerThatNeverAnswersIsAnsweredFor() throws {
        let client = try gateway.client(sending: "GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchanges = gateway.exchanges.take()
        gateway.advance(by: .seconds(30))
        #expect(try client.readResponse().status == 504)
        exchanges[0].respond(HTTPResponse(.created))
        #expect(throws: SocketError.ended) { try client.readResponse() }
    }

    @Test func aHandlerMayTakeItsTime() throws {
        let client = try gateway.client(
            sending: "GET /never HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchanges = gateway.exchanges.take()
        gateway.advance(by: .seconds(29))
        gateway.turn()
        exchanges[0].respond(HTTPResponse(.created))
        #expect(try client.readResponse().status == 201)
        #expect(try client.readResponse().status == 200, "what was pipelined waited")
    }

    @Test func theFirstAnswerCounts() throws {
        let client = try gateway.client(sending: "GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchanges = gateway.exchanges.take()
        for status in [HTTPStatus.created, .ok, .notFound] { exchanges[0].respond(HTTPResponse(status)) }
        #expect(try client.readResponse().status == 201)
        #expect(try client.request("GET", "/health").text == "ok")
        // Even one to an earlier request on a connection that is at another by now.
        try client.send("GET", "/never")
        let next = gateway.exchanges.take()
        exchanges[0].fail(.notFound)
        next[0].respond(HTTPResponse(.created))
        #expect(try client.readResponse().status == 201)
    }

    @Test func anAnswerToNobodyIsForgotten() throws {
        let client = try gateway.client(sending: "GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchanges = gateway.exchanges.take()
        client.socket.reset()
        #expect(gateway.eventually { gateway.net.open.value == 0 })
        exchanges[0].respond(HTTPResponse(.ok))
        gateway.turn()
        #expect(try gateway.client().request("GET", "/health").status == 200)
    }

    @Test func manyClientsAreServedBesideOneThatWaits() throws {
        let waiting = try gateway.client(sending: "GET /never HTTP/1.1\r\nHost: a\r\n\r\n")
        let exchanges = gateway.exchanges.take()
        for _ in 0..<20 { _ = try gateway.client() }
        exchanges[0].respond(HTTPResponse(.created))
        #expect(try waiting.readResponse().status == 201)
    }
}
