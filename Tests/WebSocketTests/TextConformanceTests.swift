import Testing

@testable import PylonWebSocket

/// Section 6 of the public Autobahn case list: UTF-8. The tables of 6.5 to 6.23 follow the order of Markus Kuhn's
/// decoder stress test, from which the list draws too.
@Suite struct TextConformanceTests {
    /// κόσμε
    static let word: [UInt8] = [0xCE, 0xBA, 0xE1, 0xBD, 0xB9, 0xCF, 0x83, 0xCE, 0xBC, 0xCE, 0xB5]
    static let wellFormed: [(String, [[UInt8]])] = [
        ("6.5 words", [word, Array("Hello-µ@ßöäüàá-UTF-8!!".utf8), Array("🐎 and 𝄞".utf8)]),
        ("6.7 first of each length", [[0x00], [0xC2, 0x80], [0xE0, 0xA0, 0x80], [0xF0, 0x90, 0x80, 0x80]]),
        ("6.9 last of each length", [[0x7F], [0xDF, 0xBF], [0xEF, 0xBF, 0xBF], [0xF4, 0x8F, 0xBF, 0xBF]]),
        (
            "6.11 other boundaries",
            [[0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBD], [0xF4, 0x8F, 0xBF, 0xBF]]
        ),
        ("6.22 noncharacters", noncharacters), ("6.23 specials", (0xB9...0xBD).map { [0xEF, 0xBF, $0] }),
    ]

    /// U+FFFE and U+FFFF of every plane.
    static let noncharacters: [[UInt8]] =
        [[0xEF, 0xBF, 0xBE], [0xEF, 0xBF, 0xBF]]
        + (1...16).flatMap { (plane: UInt8) -> [[UInt8]] in
            let lead = 0xF0 | plane >> 2
            let second = 0x8F | (plane & 0x3) << 4
            return [[lead, second, 0xBF, 0xBE], [lead, second, 0xBF, 0xBF]]
        }

    static let illFormed: [(String, [[UInt8]])] = [
        (
            "6.8 first of five and six",
            [[0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC, 0x84, 0x80, 0x80, 0x80, 0x80]]
        ),
        (
            "6.10 last of four, five and six",
            [
                [0xF7, 0xBF, 0xBF, 0xBF], [0xFB, 0xBF, 0xBF, 0xBF, 0xBF],
                [0xFD, 0xBF, 0xBF, 0xBF, 0xBF, 0xBF],
            ]
        ),
        ("6.11 behind the last", [[0xF4, 0x90, 0x80, 0x80]]),
        ("6.12 stray continuations", [[0x80], [0xBF]] + (2...7).map { [UInt8](repeating: 0x80, count: $0) }),
        (
            "6.13 lonely starts",
            [0xC0...0xDF, 0xE0...0xEF, 0xF0...0xF7, 0xF8...0xFB, 0xFC...0xFD].map { (range: ClosedRange<UInt8>) in
                range.flatMap { [$0, 0x20] }
            }
        ),
        ("6.14 last continuation missing", truncated), ("6.15 all of those", [truncated.flatMap { $0 }]),
        ("6.16 impossible bytes", [[0xFE], [0xFF], [0xFE, 0xFE, 0xFF, 0xFF]]),
        (
            "6.17 overlong slash",
            [
                [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xF8, 0x80, 0x80, 0x80, 0xAF],
                [0xFC, 0x80, 0x80, 0x80, 0x80, 0xAF],
            ]
        ),
        (
            "6.18 greatest overlong",
            [
                [0xC1, 0xBF], [0xE0, 0x9F, 0xBF], [0xF0, 0x8F, 0xBF, 0xBF], [0xF8, 0x87, 0xBF, 0xBF, 0xBF],
                [0xFC, 0x83, 0xBF, 0xBF, 0xBF, 0xBF],
            ]
        ),
        (
            "6.19 overlong NUL",
            [
                [0xC0, 0x80], [0xE0, 0x80, 0x80], [0xF0, 0x80, 0x80, 0x80], [0xF8, 0x80, 0x80, 0x80, 0x80],
                [0xFC, 0x80, 0x80, 0x80, 0x80, 0x80],
            ]
        ),
        ("6.20 surrogates", surrogates),
        ("6.21 pairs of surrogates", surrogates.prefix(4).flatMap { high in surrogates.suffix(3).map { high + $0 } }),
    ]

    static let truncated: [[UInt8]] = [
        [0xC2], [0xDF], [0xE0, 0xA0], [0xEF, 0xBF], [0xF0, 0x90, 0x80], [0xF4, 0x8F, 0xBF], [0xF8, 0x88, 0x80, 0x80],
        [0xFB, 0xBF, 0xBF, 0xBF], [0xFC, 0x84, 0x80, 0x80, 0x80], [0xFD, 0xBF, 0xBF, 0xBF, 0xBF],
    ]
    static let surrogates: [[UInt8]] = [
        [0xED, 0xA0, 0x80], [0xED, 0xAD, 0xBF], [0xED, 0xAE, 0x80], [0xED, 0xAF, 0xBF], [0xED, 0xB0, 0x80],
        [0xED, 0xBE, 0x80], [0xED, 0xBF, 0xBF],
    ]

    /// The frames that carry `text`, one byte in each.
    static func fragments(_ text: [UInt8]) -> [WireFrame] {
        text.indices.map { index in
            WireFrame(opcode: index == 0 ? 1 : 0, payload: [text[index]], isFinal: index == text.count - 1)
        }
    }

    static let empties: [ConformanceCase] = [
        ConformanceCase("6.1.1", [.text("")], [.text("")]),
        ConformanceCase(
            "6.1.2", [.text("", isFinal: false), .continuation("", isFinal: false), .continuation("")], [.text("")]),
        ConformanceCase(
            "6.1.3", [.text("", isFinal: false), .continuation("middle", isFinal: false), .continuation("")],
            [.text("middle")]),
    ]

    @Test(arguments: empties) func `6.1 empty fragments`(_ example: ConformanceCase) { example.check() }

    @Test(arguments: wellFormed) func `6.2, 6.5, 6.7, 6.9, 6.11, 6.22, 6.23 well-formed text arrives`(
        _ group: String, _ texts: [[UInt8]]
    ) {
        for (index, text) in texts.enumerated() {
            ConformanceCase("\(group) \(index + 1)", [.text(text)], [.text(Blob(text))]).check()
            ConformanceCase("\(group) \(index + 1)", Self.fragments(text), [.text(Blob(text))]).check()
        }
    }

    @Test(arguments: illFormed) func `6.3, 6.8, 6.10 to 6.21 ill-formed text is refused`(
        _ group: String, _ texts: [[UInt8]]
    ) {
        for (index, text) in texts.enumerated() {
            ConformanceCase("\(group) \(index + 1)", [.text(text)], [.failure(.invalidText)]).check()
            ConformanceCase("\(group) \(index + 1)", Self.fragments(text), [.failure(.invalidText)]).check()
            let inside = Self.word + text + Array("edited".utf8)
            ConformanceCase("\(group) \(index + 1)", [.text(inside)], [.failure(.invalidText)]).check()
        }
    }

    @Test func `6.3.2 ill-formed text in fragments of one byte fails at its first bad byte`() {
        let text = Self.word + [0xED, 0xA0, 0x80] + Array("edited".utf8)
        let wire = Self.fragments(text).bytes
        // Seven bytes for each frame: header, key, payload. The word has 11 bytes, then ED is fine and A0 is not.
        let bad = 7 * (Self.word.count + 2)
        #expect(transcript(Array(wire[..<(bad - 1)]), .chops(1)).events.isEmpty)
        #expect(transcript(Array(wire[..<bad]), .chops(1)).events == [.failure(.invalidText)])
    }

    /// 6.4.1 to 6.4.4: the failure must not wait for the end of the frame or message.
    @Test(arguments: [Cut.whole, .chops(1), .chops(3)]) func `6.4 fails fast inside a frame`(_ cut: Cut) {
        let head = Self.word
        let bad: [UInt8] = [0xF4, 0x90, 0x80, 0x80]
        let tail = Array("edited".utf8)
        let wire = WireFrame.text(head + bad + tail).bytes
        let upToBadByte = 6 + head.count + 2
        #expect(transcript(Array(wire[..<(upToBadByte - 1)]), cut).events.isEmpty)
        #expect(transcript(Array(wire[..<upToBadByte]), cut).events == [.failure(.invalidText)])
        let fragmented = [WireFrame.text(head, isFinal: false), .continuation(bad, isFinal: false)].bytes
        #expect(transcript(fragmented, cut).events == [.failure(.invalidText)])
    }

    @Test func `6.6 every prefix of a text is accepted only at a character's boundary`() {
        let text = Self.word + Array("-µ@ß€𝄞".utf8)
        for end in 0...text.count {
            let prefix = Array(text[..<end])
            let isWhole = String(validating: prefix, as: UTF8.self) != nil
            let expected: [Seen] = [isWhole ? .text(Blob(prefix)) : .failure(.invalidText)]
            ConformanceCase("6.6.\(end)", [.text(prefix)], expected).check()
        }
    }

    @Test func `binary messages and pings may hold anything`() {
        for text in Self.illFormed.flatMap(\.1) {
            ConformanceCase("binary", [.binary(text)], [.binary(Blob(text))]).check()
        }
        let payload: [UInt8] = [0xFF, 0x00, 0xED, 0xA0]
        ConformanceCase("ping", [WireFrame(opcode: 9, payload: payload)], [.ping(Blob(payload))]).check()
    }

    @Test func `a new text message starts with a fresh check`() {
        ConformanceCase(
            "fresh",
            [.text("é", isFinal: false), .continuation("ü"), .binary([0xC3], isFinal: false), .continuation([0x28])]
                + [.text("ok", isFinal: false), .continuation("!")],
            [.text("éü"), .binary([0xC3, 0x28]), .text("ok!")]
        ).check()
    }
}
