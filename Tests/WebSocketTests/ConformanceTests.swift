import Testing

@testable import PylonWebSocket

/// Sections 1 to 5, 7 and 10 of the public Autobahn case list; section 6 and 9 have files of their own.
@Suite struct ConformanceTests {
    /// 1.1.1 to 1.2.8: messages of one frame, sizes around every change of the length field.
    static let framing: [ConformanceCase] = {
        let sizes = [0, 125, 126, 127, 128, 65535, 65536, 65536]
        return sizes.enumerated().flatMap { index, size in
            let text = [UInt8](repeating: UInt8(ascii: "*"), count: size)
            let binary = [UInt8](repeating: 0xFE, count: size)
            return [
                ConformanceCase("1.1.\(index + 1)", [.text(text)], [.text(Blob(text))]),
                ConformanceCase("1.2.\(index + 1)", [.binary(binary)], [.binary(Blob(binary))]),
            ]
        }
    }()

    /// 2.1 to 2.11: pings and pongs.
    static let pings: [ConformanceCase] = {
        let long = WireFrame(opcode: 9, payload: [UInt8](repeating: 0xFE, count: 125))
        let tooLong = WireFrame(opcode: 9, payload: [UInt8](repeating: 0xFE, count: 126))
        let ten = (0..<10).map { "payload-\($0)" }
        return [
            ConformanceCase("2.1", [.ping()], [.ping("")]),
            ConformanceCase("2.2", [.ping("Hello, world!")], [.ping("Hello, world!")]),
            ConformanceCase(
                "2.3", [WireFrame(opcode: 9, payload: [0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF])],
                [.ping([0x00, 0xFF, 0xFE, 0xFD, 0xFC, 0xFB, 0x00, 0xFF])]),
            ConformanceCase("2.4", [long], [.ping(Blob(long.payload))]),
            ConformanceCase("2.5", [tooLong], [.failure(.controlFrameTooLong)]),
            // 2.6 is 2.4 in octet-wise chops, which every case gets.
            ConformanceCase("2.7", [.pong()], [.pong("")]),
            ConformanceCase("2.8", [.pong("unsolicited")], [.pong("unsolicited")]),
            ConformanceCase("2.9", [.pong("unsolicited"), .ping("asked")], [.pong("unsolicited"), .ping("asked")]),
            ConformanceCase("2.10", ten.map { .ping($0) }, ten.map { .ping(Blob(Array($0.utf8))) }),
            // 2.11 is 2.10 in octet-wise chops.
        ]
    }()

    /// 3.1 to 3.7: reserved bits, alone and behind good frames.
    static let reservedBits: [ConformanceCase] = {
        func reserved(_ opcode: UInt8, _ bits: UInt8, _ text: String = "Hello, world!") -> WireFrame {
            WireFrame(opcode: opcode, payload: Array(text.utf8), reserved: bits)
        }
        let hello = WireFrame.text("Hello, world!")
        return [
            ConformanceCase("3.1", [reserved(1, 4)], [.failure(.reservedBits)]),
            ConformanceCase(
                "3.2", [hello, reserved(1, 2), .ping()], [.text("Hello, world!"), .failure(.reservedBits)]),
            ConformanceCase(
                "3.3", [hello, reserved(1, 3), .ping()], [.text("Hello, world!"), .failure(.reservedBits)]),
            ConformanceCase(
                "3.4", [hello, reserved(1, 1), .ping()], [.text("Hello, world!"), .failure(.reservedBits)]),
            ConformanceCase("3.5", [reserved(2, 5)], [.failure(.reservedBits)]),
            ConformanceCase("3.6", [reserved(9, 6)], [.failure(.reservedBits)]),
            ConformanceCase("3.7", [reserved(8, 7)], [.failure(.reservedBits)]),
        ]
    }()

    /// 4.1.1 to 4.2.5: reserved opcodes, alone, with a payload, and behind good frames.
    static let opcodes: [ConformanceCase] = {
        [(section: 1, first: UInt8(3)), (section: 2, first: UInt8(11))].flatMap { section, first in
            let hello = WireFrame.text("Hello, world!")
            let bare = WireFrame(opcode: first)
            let loaded = WireFrame(opcode: first + 1, payload: Array("reserved".utf8))
            func behind(_ frame: WireFrame) -> [WireFrame] { [hello, frame, .ping()] }
            func seen(_ opcode: UInt8) -> [Seen] { [.text("Hello, world!"), .failure(.reservedOpcode(opcode))] }
            return [
                ConformanceCase("4.\(section).1", [bare], [.failure(.reservedOpcode(first))]),
                ConformanceCase("4.\(section).2", [loaded], [.failure(.reservedOpcode(first + 1))]),
                ConformanceCase("4.\(section).3", behind(WireFrame(opcode: first + 2)), seen(first + 2)),
                ConformanceCase(
                    "4.\(section).4", behind(WireFrame(opcode: first + 3, payload: loaded.payload)), seen(first + 3)),
                ConformanceCase("4.\(section).5", behind(WireFrame(opcode: first + 4)), seen(first + 4)),
            ]
        }
    }()

    /// 5.1 to 5.8: fragmented control frames, and fragmented text with and without a ping in between. The list varies
    /// how the octets are chopped, which here every case does.
    static let fragments: [ConformanceCase] = {
        let first = WireFrame.text("fragment1", isFinal: false)
        let last = WireFrame.continuation("fragment2")
        let whole = Seen.text("fragment1fragment2")
        func unfinished(_ opcode: UInt8) -> [WireFrame] {
            [
                WireFrame(opcode: opcode, payload: Array("fragment1".utf8), isFinal: false),
                .continuation("fragment2"),
            ]
        }
        return [
            ConformanceCase("5.1", unfinished(9), [.failure(.fragmentedControlFrame)]),
            ConformanceCase("5.2", unfinished(10), [.failure(.fragmentedControlFrame)]),
            ConformanceCase("5.3-5.5", [first, last], [whole]),
            ConformanceCase("5.6-5.8", [first, .ping("ping"), last], [.ping("ping"), whole]),
        ]
    }()

    /// 5.9 to 5.20: the orderings of fragments.
    static let orderings: [ConformanceCase] = {
        let stray = Seen.failure(.continuationWithoutMessage)
        func continued(_ text: String, isFinal: Bool) -> WireFrame { .continuation(text, isFinal: isFinal) }
        let fiveFragments: [WireFrame] = [
            .text("fragment1", isFinal: false), continued("fragment2", isFinal: false), .ping("ping 1"),
            continued("fragment3", isFinal: false), continued("fragment4", isFinal: false), .ping("ping 2"),
            continued("fragment5", isFinal: true),
        ]
        let fiveSeen: [Seen] = [
            .ping("ping 1"), .ping("ping 2"), .text("fragment1fragment2fragment3fragment4fragment5"),
        ]
        let twice: [WireFrame] = [
            continued("no start", isFinal: false), .text("fragment2", isFinal: false), continued("end", isFinal: true),
        ]
        return [
            ConformanceCase("5.9-5.11", [continued("none", isFinal: true), .text("Hello")], [stray]),
            ConformanceCase("5.12-5.14", [continued("none", isFinal: false), .text("Hello")], [stray]),
            ConformanceCase(
                "5.15",
                [
                    .text("fragment1", isFinal: false), continued("fragment2", isFinal: true),
                    continued("fragment3", isFinal: false), .text("fragment4"),
                ], [.text("fragment1fragment2"), stray]),
            ConformanceCase("5.16", twice + twice, [stray]),
            ConformanceCase("5.17", [continued("no start", isFinal: true)] + twice, [stray]),
            ConformanceCase(
                "5.18", [.text("fragment1", isFinal: false), .text("fragment2")], [.failure(.messageInsideMessage)]),
            ConformanceCase("5.19", fiveFragments, fiveSeen),
            ConformanceCase("5.20", fiveFragments, fiveSeen),
            // Not in the list: the same for binary, and a first fragment inside a fragmented message.
            ConformanceCase(
                "5.18 binary", [.binary([1], isFinal: false), .binary([2], isFinal: false)],
                [.failure(.messageInsideMessage)]),
            ConformanceCase(
                "5.19 pong", [.binary([1], isFinal: false), .pong("x"), .continuation([2])],
                [.pong("x"), .binary([1, 2])]),
        ]
    }()

    /// 7.1.1 to 7.3.6 and 7.5.1: what may stand around and in a Close frame.
    static let closes: [ConformanceCase] = {
        let reason = [UInt8](repeating: UInt8(ascii: "*"), count: 123)
        let large = [UInt8](repeating: UInt8(ascii: "B"), count: 256 << 10)
        let illFormed: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xED, 0xA0, 0x80, 0x65]
        return [
            ConformanceCase("7.1.1", [.text("Hello"), .close(1000)], [.text("Hello"), .close(1000, "")]),
            ConformanceCase("7.1.2", [.close(1000), .close(1000)], [.close(1000, "")]),
            ConformanceCase("7.1.3", [.close(1000), .ping()], [.close(1000, "")]),
            ConformanceCase("7.1.4", [.close(1000), .text("late")], [.close(1000, "")]),
            ConformanceCase(
                "7.1.5", [.text("fragment1", isFinal: false), .close(1000), .continuation("fragment2")],
                [.close(1000, "")]),
            ConformanceCase(
                "7.1.6", [.text(large), .text("Hello"), .close(1000), .ping()],
                [.text(Blob(large)), .text("Hello"), .close(1000, "")]),
            ConformanceCase("7.3.1", [.emptyClose], [.close(nil, "")]),
            ConformanceCase("7.3.2", [WireFrame(opcode: 8, payload: [0x61])], [.failure(.closePayloadTooShort)]),
            ConformanceCase("7.3.3", [.close(1000)], [.close(1000, "")]),
            ConformanceCase("7.3.4", [.close(1000, Array("Hello World!".utf8))], [.close(1000, "Hello World!")]),
            ConformanceCase("7.3.5", [.close(1000, reason)], [.close(1000, Blob(reason))]),
            ConformanceCase("7.3.6", [.close(1000, reason + [0x2A])], [.failure(.controlFrameTooLong)]),
            ConformanceCase("7.5.1", [.close(1000, illFormed)], [.failure(.invalidCloseReason)]),
        ]
    }()

    /// 7.7, 7.9 and 7.13: codes that may and may not be sent.
    static let closeCodes: [ConformanceCase] = {
        let valid: [UInt16] = [
            1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
        ]
        let invalid: [UInt16] = [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999]
        let outside: [UInt16] = [5000, 65535]
        func refused(_ section: String, _ codes: [UInt16]) -> [ConformanceCase] {
            codes.enumerated().map { index, code in
                ConformanceCase("\(section).\(index + 1)", [.close(code)], [.failure(.invalidCloseCode(code))])
            }
        }
        return valid.enumerated().map { ConformanceCase("7.7.\($0 + 1)", [.close($1)], [.close($1, "")]) }
            + refused("7.9", invalid) + refused("7.13", outside)
    }()

    @Test(arguments: framing) func section1(_ example: ConformanceCase) { example.check() }
    @Test(arguments: pings) func section2(_ example: ConformanceCase) { example.check() }
    @Test(arguments: reservedBits) func section3(_ example: ConformanceCase) { example.check() }
    @Test(arguments: opcodes) func section4(_ example: ConformanceCase) { example.check() }
    @Test(arguments: fragments + orderings) func section5(_ example: ConformanceCase) { example.check() }
    @Test(arguments: closes + closeCodes) func section7(_ example: ConformanceCase) { example.check() }

    @Test func `10.1.1 a message that its sender fragmented arrives whole`() {
        let payload = [UInt8](repeating: UInt8(ascii: "*"), count: 65536)
        let frames = stride(from: 0, to: payload.count, by: 1300).map { start in
            WireFrame(
                opcode: start == 0 ? 1 : 0, payload: Array(payload[start..<min(start + 1300, payload.count)]),
                isFinal: start + 1300 >= payload.count)
        }
        ConformanceCase("10.1.1", frames, [.text(Blob(payload))]).check()
    }
}
