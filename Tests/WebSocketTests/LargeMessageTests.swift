import PylonBytes
import Testing

@testable import PylonWebSocket

/// Section 9 of the public Autobahn case list: sizes up to 16 MiB, in frames and in pieces of every size.
@Suite struct LargeMessageTests {
    static let mebibyte = 1 << 20

    /// A message of `payload` in frames of `fragmentSize`, masked, as one stream.
    static func wire(_ opcode: Opcode, _ payload: [UInt8], fragmentSize: Int) -> [UInt8] {
        var output = ByteBuffer(capacity: payload.count + payload.count / fragmentSize * 14 + 64)
        payload.withUnsafeBytes { bytes in
            var start = 0
            repeat {
                let end = min(start + fragmentSize, bytes.count)
                FrameEncoder.write(
                    start == 0 ? opcode : .continuation, UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
                    isFinal: end == bytes.count, maskingKey: MaskingKey(0x12, 0xAB, 0x00, UInt8(end & 0xFF)),
                    into: &output)
                start = end
            } while start < bytes.count
        }
        return output.copyBytes()
    }

    static func check(_ opcode: Opcode, _ size: Int, fragmentSize: Int, _ cut: Cut) {
        let payload = opcode == .text ? [UInt8](repeating: UInt8(ascii: "*"), count: size) : pattern(size)
        let stream = wire(opcode, payload, fragmentSize: fragmentSize)
        let (events, bufferedBytes) = transcript(stream, cut)
        #expect(events == [opcode == .text ? .text(Blob(payload)) : .binary(Blob(payload))])
        #expect(bufferedBytes == 0)
    }

    @Test(arguments: [65536, 262_144, 1 << 20, 4 << 20, 8 << 20, 16 << 20]) func `9.1, 9.2 one frame`(_ size: Int) {
        for opcode in [Opcode.text, .binary] {
            Self.check(opcode, size, fragmentSize: size, .whole)
            Self.check(opcode, size, fragmentSize: size, .chops(65536))
        }
    }

    @Test(arguments: [64, 256, 1024, 4096, 16384, 65536, 262_144, 1 << 20, 4 << 20]) func `9.3, 9.4 fragments`(
        _ fragmentSize: Int
    ) {
        for opcode in [Opcode.text, .binary] {
            Self.check(opcode, 4 * Self.mebibyte, fragmentSize: fragmentSize, .chops(65536))
        }
    }

    @Test func `16 MiB in fragments of 64 bytes`() {
        Self.check(.binary, 16 * Self.mebibyte, fragmentSize: 64, .chops(65536))
    }

    @Test(arguments: [64, 128, 256, 512, 1024, 2048]) func `9.5, 9.6 one frame in pieces`(_ chop: Int) {
        for opcode in [Opcode.text, .binary] {
            Self.check(opcode, Self.mebibyte, fragmentSize: Self.mebibyte, .chops(chop))
        }
    }

    @Test(arguments: [0, 16, 64, 256, 1024, 4096]) func `9.7, 9.8 a thousand messages in a row`(_ size: Int) {
        for opcode in [Opcode.text, .binary] {
            let payload = [UInt8](repeating: UInt8(ascii: "*"), count: size)
            let one = Self.wire(opcode, payload, fragmentSize: max(size, 1))
            let stream = [[UInt8]](repeating: one, count: 1000).flatMap { $0 }
            let expected: Seen = opcode == .text ? .text(Blob(payload)) : .binary(Blob(payload))
            #expect(transcript(stream, .whole).events == [Seen](repeating: expected, count: 1000))
            #expect(transcript(stream, .chops(1021)).events == [Seen](repeating: expected, count: 1000))
        }
    }

    @Test func `text that is not ASCII is checked across pieces of any size`() {
        let line = Array("κόσμε 🐎 ".utf8)
        let payload = [[UInt8]](repeating: line, count: 4096).flatMap { $0 }
        let stream = Self.wire(.text, payload, fragmentSize: 1000)
        for chop in [1, 3, 17, 64, 4095] {
            #expect(transcript(stream, .chops(chop)).events == [.text(Blob(payload))])
        }
    }
}
