internal import PylonGateway
internal import PylonTelemetry
internal import PylonTestSupport
internal import Testing

/// Answers that are handed on in slices, over real sockets.
@Suite struct LargeAnswerTests {
    private let gateway: GatewayHarness

    init() throws {
        gateway = try GatewayHarness()
    }

    @Test func aLargeAnswerArrivesWholeAndTheConnectionGoesOn() async throws {
        try await aside { [gateway] in
            let client = try gateway.client()
            for _ in 0..<2 {
                let answer = try client.request("GET", "/large")
                #expect(answer.field("Content-Length") == String(GatewayHarness.largeBytes))
                #expect(answer.body == [UInt8](repeating: 120, count: GatewayHarness.largeBytes))
            }
            #expect(try client.request("GET", "/health").text == "ok")
            #expect(gateway.counters.answerBytesHeld.value == 0)
        }
    }

    @Test func theHeadAloneIsOfTheSameLength() async throws {
        try await aside { [gateway] in
            let client = try gateway.client()
            let answer = try client.request("HEAD", "/large")
            #expect(answer.field("Content-Length") == String(GatewayHarness.largeBytes))
            #expect(try client.request("GET", "/health").text == "ok")
            #expect(gateway.counters.answerBytesHeld.value == 0)
        }
    }

    @Test func answersThatNobodyTakesAreBoundedTogether() async throws {
        try await aside { [gateway] in
            let held = try (0..<GatewayHarness.largeAnswersMaximum).map { _ in
                let client = try HTTPClient(over: TestSocket(port: gateway.port, receiveBufferBytes: 4096))
                try client.send("GET", "/large")
                #expect(try client.readHead().status == 200)
                return client
            }
            let refused = try gateway.client().request("GET", "/large")
            #expect(refused.status == 503)
            #expect(refused.errorCode == "OVERLOADED")
            #expect(gateway.counters.answersRefused.value == 1)
            held[0].socket.reset()
            #expect(
                gateway.eventually {
                    gateway.counters.answerBytesHeld.value
                        < GatewayHarness.largeBytes * GatewayHarness.largeAnswersMaximum
                })
            #expect(try gateway.client().request("GET", "/large").body.count == GatewayHarness.largeBytes)
        }
    }
}
