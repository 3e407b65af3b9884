import PylonTime
import Testing

@testable import PylonWebSocket

extension WireFrame {
    /// The frame with RSV1 set.
    func compressed() -> WireFrame {
        var copy = self
        copy.reserved = 4
        return copy
    }
}

@Suite struct CompressedSessionTests {
    private let inflater = MessageInflater()
    private let deflater = MessageDeflater()
    private let hello: [UInt8] = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00]

    /// Checks what is seen under every cut, and that nothing is held in the end.
    private func check(
        _ frames: [WireFrame], _ expected: [Seen], limits: WebSocketLimits = WebSocketLimits(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let wire = frames.bytes
        for cut in Cut.all(for: wire.count) {
            let seen = transcript(wire, cut, limits: limits, inflater: inflater)
            #expect(seen.events == expected, "\(cut)", sourceLocation: sourceLocation)
            #expect(seen.bufferedBytes == 0, "\(cut)", sourceLocation: sourceLocation)
        }
    }

    @Test func `the RFC's message in one frame and in two (§7.2.3.1)`() {
        check([.text(hello).compressed()], [.text("Hello")])
        check([.binary(hello).compressed()], [.binary("Hello")])
        check(
            [.text(Array(hello[..<3]), isFinal: false).compressed(), .continuation(Array(hello[3...]))],
            [.text("Hello")])
    }

    @Test func `a message may be cut into frames anywhere, empty ones included`() {
        for cut in 0...hello.count {
            let frames: [WireFrame] = [
                .text(Array(hello[..<cut]), isFinal: false).compressed(), .continuation([], isFinal: false),
                .continuation(Array(hello[cut...])),
            ]
            #expect(transcript(frames.bytes, .chops(1), inflater: inflater).events == [.text("Hello")])
        }
        let bytes = hello.enumerated().map { index, byte in
            index == 0 ? WireFrame.text([byte], isFinal: false).compressed() : .continuation([byte], isFinal: false)
        }
        check(bytes + [.continuation([])], [.text("Hello")])
    }

    @Test func `control frames come between the fragments, uncompressed`() {
        check(
            [
                .text(Array(hello[..<3]), isFinal: false).compressed(), .ping("p"),
                .continuation(Array(hello[3..<5]), isFinal: false), .pong("q"), .continuation(Array(hello[5...])),
                .ping("r"), .close(1000),
            ], [.ping("p"), .pong("q"), .text("Hello"), .ping("r"), .close(1000, "")])
    }

    @Test func `compressed and plain messages may take turns`() {
        check(
            [
                .text("plain"), .text(hello).compressed(), .text("pl", isFinal: false), .continuation("ain"),
                .binary(hello).compressed(), .binary(hello), .text([0x00]).compressed(), .text(""),
            ],
            [
                .text("plain"), .text("Hello"), .text("plain"), .binary("Hello"), .binary(Blob(hello)), .text(""),
                .text(""),
            ])
    }

    // MARK: RSV1

    @Test func `RSV1 without negotiation is refused`() {
        for frame in [WireFrame.text(hello), .binary(hello), .ping()] {
            ConformanceCase("RSV1", [frame.compressed()], [.failure(.reservedBits)]).check()
        }
    }

    @Test func `RSV1 on a further fragment or a control frame is refused`() {
        let first = WireFrame.text(Array(hello[..<3]), isFinal: false)
        let rest = WireFrame.continuation(Array(hello[3...])).compressed()
        check([first.compressed(), rest], [.failure(.reservedBits)])
        check([.binary([1], isFinal: false), rest], [.failure(.reservedBits)])
        check([rest], [.failure(.reservedBits)])
        for frame in [WireFrame.ping("p"), .pong("p"), .close(1000)] {
            check([frame.compressed()], [.failure(.reservedBits)])
        }
    }

    @Test func `RSV2 and RSV3 stay reserved`() {
        for bits in [1, 2, 3, 5, 6, 7] as [UInt8] {
            var frame = WireFrame.text(hello)
            frame.reserved = bits
            check([frame], [.failure(.reservedBits)])
        }
    }

    // MARK: What is in it

    @Test func `text is checked as it comes out`() throws {
        let latin = try #require(deflater.compress([UInt8](repeating: 0xE9, count: 100)))
        check([.text(latin).compressed(), .ping()], [.failure(.invalidText)])
        check([.binary(latin).compressed()], [.binary(Blob([UInt8](repeating: 0xE9, count: 100)))])
        let cut = try #require(deflater.compress([UInt8](repeating: 0x61, count: 100) + [0xC3]))
        check([.text(cut).compressed()], [.failure(.invalidText)])
        let text = Array(String(repeating: "κόσμε", count: 20).utf8)
        check([.text(try #require(deflater.compress(text))).compressed()], [.text(Blob(text))])
    }

    @Test func `what cannot be inflated is closed with 1007`() {
        check([.text([0x07]).compressed(), .text("more")], [.failure(.invalidCompression)])
        check([.binary([0x07], isFinal: false).compressed(), .continuation([0])], [.failure(.invalidCompression)])
        check([.text([]).compressed()], [.failure(.invalidCompression)])
        #expect(WebSocketError.invalidCompression.closeCode == .invalidPayload)
    }

    @Test func `a bomb is closed with 1009, in one frame or in many`() throws {
        let limits = WebSocketLimits(frameBytesMaximum: 1 << 20, messageBytesMaximum: 1 << 16)
        let bomb = try #require(deflater.compress([UInt8](repeating: 0x61, count: 1 << 20)))
        let fragments = bomb.enumerated().map { index, byte in
            index == 0 ? WireFrame.text([byte], isFinal: false).compressed() : .continuation([byte], isFinal: false)
        }
        for frames in [[.text(bomb).compressed()], fragments + [.continuation([])]] {
            let seen = transcript(frames.bytes, limits: limits, inflater: inflater)
            #expect(seen.events == [.failure(.messageTooBig)] && seen.bufferedBytes == 0)
            #expect(inflater.bufferedBytes <= MessageInflater.keptBytesMaximum)
        }
        #expect(WebSocketError.messageTooBig.closeCode == .messageTooBig)
    }

    @Test func `the limit holds for what travels too`() {
        let limits = WebSocketLimits(frameBytesMaximum: 100, messageBytesMaximum: 6)
        check([.text(hello).compressed()], [.failure(.messageTooBig)], limits: limits)
        let exact = WebSocketLimits(frameBytesMaximum: 100, messageBytesMaximum: 7)
        check([.text(hello).compressed()], [.text("Hello")], limits: exact)
    }

    // MARK: Sharing

    @Test func `sessions share an inflater, and a large message's memory goes at the next call`() throws {
        let large = [UInt8](repeating: 0x61, count: 1 << 20)
        var wire = WireFrame.binary(try #require(deflater.compress(large))).compressed().bytes
        var other = WireFrame.text(hello).compressed().bytes
        var sessions = [0, 1].map { _ in WebSocketSessionBox(WebSocketSession(role: .server, isDeflated: true)) }
        for _ in 0..<3 {
            sessions.swapAt(0, 1)
            #expect(sessions[0].read(&wire, inflater) == [.binary(Blob(large))])
            #expect(inflater.bufferedBytes == 0)
            #expect(sessions[1].read(&other, inflater) == [.text("Hello")])
            wire = WireFrame.binary(try #require(deflater.compress(large))).compressed().bytes
            other = WireFrame.text(hello).compressed().bytes
        }
    }

    @Test func `an inflater is asked for only by a compressed message`() {
        var session = WebSocketSession(role: .server, isDeflated: true)
        var wire = [WireFrame.text("a"), .ping(), .binary([1], isFinal: false), .continuation([2])].bytes
        var count = 0
        wire.withUnsafeMutableBytes { bytes in
            var input = bytes
            while session.next(
                &input,
                inflater: {
                    count += 1
                    return inflater
                }) != nil
            {}
        }
        #expect(count == 0)
    }

    @Test func `random messages survive compression, any fragmentation and any cut`() throws {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let count = Int.random(in: 0...(round % 50 == 0 ? 1 << 20 : 2000), using: &generator)
            let alphabet = UInt8.random(in: 0...20, using: &generator)
            let message = (0..<count).map { _ in UInt8.random(in: 0...alphabet, using: &generator) }
            let compressed = deflater.compress(message)
            let payload = compressed ?? message
            var frames: [WireFrame] = []
            var start = 0
            repeat {
                let end = min(payload.count, start + Int.random(in: 0...max(1, payload.count / 2), using: &generator))
                let part = Array(payload[start..<end])
                let isFirst = frames.isEmpty
                let frame = isFirst ? WireFrame.text(part, isFinal: false) : .continuation(part, isFinal: false)
                frames.append(isFirst && compressed != nil ? frame.compressed() : frame)
                if Bool.random(using: &generator) { frames.append(.ping("p")) }
                start = end
            } while start < payload.count
            let wire = (frames + [.continuation([])]).bytes
            let pieces = RandomStream.pieces(of: wire.count, &generator)
            let events = transcript(wire, pieces: pieces, inflater: inflater).events.filter { $0 != .ping("p") }
            #expect(events == [.text(Blob(message))], "seed \(seed), round \(round)")
        }
    }
}

/// A session that an array can hold.
private final class WebSocketSessionBox {
    private var session: WebSocketSession

    init(_ session: consuming WebSocketSession) { self.session = session }

    func read(_ wire: inout [UInt8], _ inflater: MessageInflater) -> [Seen] {
        wire.withUnsafeMutableBytes { bytes in
            var input = bytes
            var seen: [Seen] = []
            while let event = session.next(&input, inflater: { inflater }) { seen.append(Seen(event)) }
            return seen
        }
    }
}
