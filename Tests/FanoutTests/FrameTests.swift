import PylonBytes
import PylonFanout
import PylonTime
import PylonEventLoop
import PylonNet
import PylonTelemetry
import Testing

@Suite struct FrameTests {
    private func frame(_ payload: [UInt8], tick: UInt64 = 0x0102_0304_0506_0708, _ transports: Transports) -> Frame {
        payload.withUnsafeBytes { Frame(tick: Tick(tick), payload: $0, for: transports) }
    }

    @Test(
        arguments: [
            (0, [0x82, 8]), (117, [0x82, 125]), (118, [0x82, 126, 0, 126]), (65_527, [0x82, 126, 0xFF, 0xFF]),
            (65_528, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]), (65_529, [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 1]),
        ] as [(Int, [UInt8])])
    func theWebSocketHeaderFitsTheLengthWithTheTick(length: Int, header: [UInt8]) throws {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0) }
        let bytes = try #require(frame(payload, .webSocket).webSocket)
        let isRight = [UInt8](bytes.unsafeBytes) == header + [1, 2, 3, 4, 5, 6, 7, 8] + payload
        #expect(isRight)
        withExtendedLifetime(bytes) {}
    }

    private func chunk(_ payload: String, tick: UInt64 = 7) -> String? {
        frame(Array(payload.utf8), tick: tick, .eventStream).eventStream.map { bytes in
            withExtendedLifetime(bytes) { String(decoding: bytes.unsafeBytes, as: UTF8.self) }
        }
    }

    @Test func theEventIsOneChunkWithItsLengthInHexadecimal() {
        #expect(chunk("{}") == "10\r\nid: 7\ndata: {}\n\n\r\n")
        let long = String(repeating: "x", count: 300)
        // "id: 7\n" + "data: " + 300 + "\n\n" is 314 bytes, 0x13a.
        #expect(chunk(long) == "13a\r\nid: 7\ndata: \(long)\n\n\r\n")
    }

    @Test func everyLineOfAPayloadIsADataLine() {
        #expect(chunk("a\nb") == "17\r\nid: 7\ndata: a\ndata: b\n\n\r\n")
        #expect(chunk("") == "e\r\nid: 7\ndata: \n\n\r\n")
    }

    @Test func theLargestTickIsWrittenWhole() {
        #expect(chunk("1", tick: .max)?.contains("id: 18446744073709551615\n") == true)
    }

    @Test func onlyTheFormsAskedForAreEncoded() {
        let socket = frame([1], .webSocket)
        #expect(socket.eventStream == nil && !socket.isEncoded(for: .eventStream))
        #expect(socket.isEncoded(for: .webSocket))
        let stream = frame([1], .eventStream)
        #expect(stream.webSocket == nil && stream.isEncoded(for: .eventStream))
        let both = frame([1], [.webSocket, .eventStream])
        #expect(both.webSocket != nil && both.eventStream != nil)
    }
}
