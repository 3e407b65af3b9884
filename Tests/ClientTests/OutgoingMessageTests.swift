internal import PylonJSON
internal import PylonTime
internal import Testing

@testable internal import PylonClient

@Suite struct OutgoingMessageTests {
    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test func inputsCarryTheirNumberAndTick() {
        #expect(text(OutgoingMessage.input(["dx": 1], sequence: 7)) == #"{"input":{"dx":1},"client_seq":7}"#)
        #expect(
            text(OutgoingMessage.input(nil, sequence: 8, tick: Tick(120)))
                == #"{"input":null,"client_seq":8,"tick":120}"#)
    }

    @Test func otherMessagesNameTheirType() {
        #expect(text(OutgoingMessage.keyframe()) == #"{"type":"keyframe"}"#)
        #expect(
            text(OutgoingMessage.ping(id: 3, milliseconds: 1234.5)) == #"{"type":"ping","id":3,"client_ms":1234.5}"#)
        #expect(
            text(OutgoingMessage.hash(0xBEEF, tick: Tick(64)))
                == #"{"type":"hash","tick":64,"hash":"000000000000beef"}"#)
        #expect(text(OutgoingMessage.hash(.max, tick: Tick(0))).contains("\"ffffffffffffffff\""))
    }

    @Test(
        arguments: [
            (0, [4, 0]), (42, [4, 0x2A]), (127, [4, 0x7F]), (128, [4, 0x80, 1]), (300, [4, 0xAC, 2]),
            (9_007_199_254_740_991, [4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F]),
            (.max, [4, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1]),
        ] as [(UInt64, [UInt8])])
    func acknowledgementsAreShort(tick: UInt64, bytes: [UInt8]) {
        #expect(OutgoingMessage.acknowledgement(Tick(tick)) == bytes)
    }
}
