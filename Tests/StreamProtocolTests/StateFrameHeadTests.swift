import PylonBytes
import PylonStreamProtocol
import Testing

@Suite struct StateFrameHeadTests {
    @Test(
        arguments: [
            (0, 0, nil, [3, 0, 0, 0]), (42, 2, 7, [3, 42, 2, 8]), (300, 127, 127, [3, 0xAC, 2, 127, 0x80, 1]),
            (128, 0, 0, [3, 0x80, 1, 0, 1]),
            (
                .max, 1, .max,
                [3] + [UInt8](repeating: 0xFF, count: 9) + [1, 1] + [UInt8](repeating: 0xFF, count: 9) + [1]
            ),
        ] as [(UInt64, UInt64, UInt64?, [UInt8])])
    func aHeadIsAsLongAsItSays(tick: UInt64, baseAge: UInt64, acknowledged: UInt64?, bytes: [UInt8]) {
        let head = StateFrameHead(tick: tick, baseAge: baseAge, acknowledged: acknowledged)
        var buffer = ByteBuffer()
        head.write(into: &buffer)
        let written = buffer.copyBytes()
        #expect(written == bytes && head.count == bytes.count)
    }
}
