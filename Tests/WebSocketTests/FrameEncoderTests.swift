import PylonBytes
import PylonTime
import Testing

@testable import PylonWebSocket

private func written(_ body: (inout ByteBuffer) -> Void) -> [UInt8] {
    var buffer = ByteBuffer()
    body(&buffer)
    return buffer.copyBytes()
}

@Suite struct FrameEncoderTests {
    static let sizes = Array(0...300) + [65533, 65534, 65535, 65536, 65537, 65538, 70000]

    @Test(arguments: [Opcode.text, .binary]) func `every size near a boundary reads back, from either end`(
        _ opcode: Opcode
    ) {
        let key = MaskingKey(0x37, 0xFA, 0x21, 0x3D)
        for size in Self.sizes {
            let payload = [UInt8](repeating: UInt8(ascii: "e"), count: size)
            let expected: Seen = opcode == .text ? .text(Blob(payload)) : .binary(Blob(payload))
            let fromServer = written { FrameEncoder.write(opcode, payload.span, into: &$0) }
            let fromClient = written { FrameEncoder.write(opcode, payload.span, maskingKey: key, into: &$0) }
            #expect(fromServer == WireFrame(opcode: opcode.rawValue, payload: payload).unmasked().bytes)
            #expect(fromClient == WireFrame(opcode: opcode.rawValue, payload: payload, key: key.bytes).bytes)
            #expect(fromServer.count == size + FrameEncoder.headerLength(for: size))
            #expect(fromClient.count == size + FrameEncoder.headerLength(for: size, isMasked: true))
            #expect(transcript(fromServer, role: .client).events == [expected])
            #expect(transcript(fromClient, role: .server).events == [expected])
        }
    }

    @Test func `frames follow what the buffer already holds`() {
        let bytes = written {
            $0.append([1, 2, 3])
            FrameEncoder.write(.ping, Array("hi".utf8).span, maskingKey: MaskingKey(1, 2, 3, 4), into: &$0)
            FrameEncoder.write(.text, Array("x".utf8).span, isFinal: false, into: &$0)
        }
        #expect(bytes == [1, 2, 3, 0x89, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2, 0x01, 0x01, 0x78])
    }

    @Test func `the examples of RFC 6455 §5.7`() {
        #expect(written { FrameEncoder.writeText("Hello", into: &$0) } == [0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        let key = MaskingKey(0x37, 0xFA, 0x21, 0x3D)
        #expect(
            written { FrameEncoder.writeText("Hello", maskingKey: key, into: &$0) }
                == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(
            written { FrameEncoder.writeHeader(.binary, payloadCount: 256, into: &$0) } == [0x82, 0x7E, 0x01, 0x00])
        #expect(
            written { FrameEncoder.writeHeader(.binary, payloadCount: 65536, into: &$0) }
                == [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])
    }

    @Test func `a header can be written in front of a payload that is there already`() {
        for size in Self.sizes {
            let length = FrameEncoder.headerLength(for: size)
            var target = [UInt8](repeating: 0xAA, count: length)
            let count = target.withUnsafeMutableBytes {
                FrameEncoder.writeHeader(.binary, payloadCount: size, to: $0)
            }
            #expect(count == length)
            #expect(target == written { FrameEncoder.writeHeader(.binary, payloadCount: size, into: &$0) })
        }
    }

    @Test func `a close reason is cut at a character's boundary`() {
        for character in ["a", "é", "€", "🐎"] {
            for lead in 0..<5 {
                let reason = String(repeating: "x", count: lead) + String(repeating: character, count: 130)
                let wire = written { FrameEncoder.writeClose(.policyViolation, reason: reason, into: &$0) }
                guard case .close(1008, let kept) = transcript(wire, role: .client).events.first else {
                    Issue.record("\(character) \(lead): refused")
                    continue
                }
                #expect(kept.bytes.count <= 123 && kept.bytes.count > 123 - character.utf8.count)
                #expect(reason.utf8.starts(with: kept.bytes))
            }
        }
    }

    @Test func `a close carries nothing, a code, or a code and a reason`() {
        #expect(written { FrameEncoder.writeClose(nil, into: &$0) } == [0x88, 0x00])
        #expect(written { FrameEncoder.writeClose(.normalClosure, into: &$0) } == [0x88, 0x02, 0x03, 0xE8])
        #expect(
            written { FrameEncoder.writeClose(.goingAway, reason: "bye", into: &$0) }
                == [0x88, 0x05, 0x03, 0xE9, 0x62, 0x79, 0x65])
    }
}

@Suite struct MaskingKeyTests {
    @Test func `every length and offset is masked as the specification says`() {
        var generator = SeededGenerator(seed: testSeed())
        for count in 0...100 {
            let key = MaskingKey(from: &generator)
            let payload = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let expected = payload.enumerated().map { $1 ^ key.bytes[$0 % 4] }
            for split in 0...count {
                var bytes = payload
                bytes.withUnsafeMutableBytes { all in
                    key.apply(to: UnsafeMutableRawBufferPointer(rebasing: all[..<split]))
                    key.advanced(by: split).apply(to: UnsafeMutableRawBufferPointer(rebasing: all[split...]))
                }
                #expect(bytes == expected)
            }
        }
    }
}
