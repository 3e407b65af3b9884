import PylonBytes
import PylonTime
import Testing

@testable import PylonWebSocket

@Suite struct WebSocketSessionTests {
    @Test func `an idle session is small and holds no heap memory`() {
        // 72 bytes: two cache lines with room for what a connection keeps next to it.
        #expect(MemoryLayout<WebSocketSession>.size <= 72)
        let frames: [WireFrame] = [
            .text("a", isFinal: false), .ping("p"), .continuation("b"), .binary(pattern(1000)), .pong("q"),
        ]
        for cut in Cut.all(for: frames.bytes.count) { #expect(transcript(frames.bytes, cut).bufferedBytes == 0) }
    }

    @Test func `a whole message is delivered where it arrived`() {
        var session = WebSocketSession(role: .server)
        var wire = WireFrame.text("in place").bytes
        wire.withUnsafeMutableBytes { bytes in
            var input = bytes
            guard case .text(let message) = session.next(&input) else {
                Issue.record("no text")
                return
            }
            #expect(message.baseAddress == UnsafeRawPointer(bytes.baseAddress! + 6))
            #expect(session.bufferedBytes == 0)
        }
    }

    @Test func `a partial message holds memory in proportion to what arrived, not to what was announced`() {
        var frame = WireFrame.binary(pattern(10))
        frame.announced = 16 << 20
        let (events, bufferedBytes) = transcript(frame.bytes)
        #expect(events.isEmpty)
        #expect(bufferedBytes <= 128 << 10)
    }

    @Test func `empty fragments without end hold nothing`() {
        let frames = [WireFrame.text("", isFinal: false)] + (0..<1000).map { _ in .continuation("", isFinal: false) }
        let (events, bufferedBytes) = transcript(frames.bytes)
        #expect(events.isEmpty)
        #expect(bufferedBytes == 0)
    }

    @Test func `behind a failure everything is dropped`() {
        let frames: [WireFrame] = [.text([0xFF]), .text("more"), .close(1000)]
        ConformanceCase("after failure", frames, [.failure(.invalidText)]).check()
    }

    @Test func `a failure releases a partial message`() {
        let frames: [WireFrame] = [.binary(pattern(100), isFinal: false), WireFrame(opcode: 3)]
        ConformanceCase("release", frames, [.failure(.reservedOpcode(3))]).check()
    }

    @Test func `a frame without mask is refused by a server, one with mask by a client`() {
        ConformanceCase("mask", [WireFrame.text("x").unmasked()], [.failure(.maskMissing)]).check()
        #expect(transcript(WireFrame.text("x").bytes, role: .client).events == [.failure(.maskForbidden)])
    }

    @Test func `a client reads unmasked frames under every cut`() {
        let frames: [WireFrame] = [
            .text("fragment", isFinal: false), .ping("p"), .continuation("ed"), .binary(pattern(130)), .close(1001),
        ]
        let wire = frames.map { $0.unmasked() }.bytes
        let expected: [Seen] = [.ping("p"), .text("fragmented"), .binary(Blob(pattern(130))), .close(1001, "")]
        for cut in Cut.all(for: wire.count) { #expect(transcript(wire, cut, role: .client).events == expected) }
    }

    @Test func `a length in more bytes than needed is refused`() {
        for (count, width, isMinimal) in [
            (0, 2, false), (125, 2, false), (126, 2, true), (125, 8, false), (65535, 8, false), (65536, 8, true),
        ] {
            var frame = WireFrame.binary(pattern(count))
            frame.lengthWidth = width
            let expected: Seen = isMinimal ? .binary(Blob(frame.payload)) : .failure(.lengthNotMinimal)
            ConformanceCase("\(count) in \(width)", [frame], [expected]).check()
        }
    }

    @Test func `a length with its highest bit set is refused`() {
        var frame = WireFrame.binary([])
        frame.announced = 1 << 63
        ConformanceCase("2^63", [frame], [.failure(.lengthOutOfRange)]).check()
        frame.announced = 1 << 63 - 1
        ConformanceCase("2^63 - 1", [frame], [.failure(.frameTooBig)]).check()
    }

    @Test func `a frame is measured by its header`() {
        let limits = WebSocketLimits(frameBytesMaximum: 200, messageBytesMaximum: 1000)
        #expect(transcript(WireFrame.binary(pattern(200)).bytes, limits: limits).events.count == 1)
        let header = Array(WireFrame.binary(pattern(201)).bytes[..<4])
        #expect(transcript(header, .chops(1), limits: limits).events == [.failure(.frameTooBig)])
    }

    @Test func `a message is measured by its headers`() {
        let limits = WebSocketLimits(frameBytesMaximum: 200, messageBytesMaximum: 300)
        let start = WireFrame.binary(pattern(200), isFinal: false)
        let fits = [start, .ping("p"), .continuation(pattern(100))].bytes
        let seen = transcript(fits, .chops(3), limits: limits).events
        #expect(seen == [.ping("p"), .binary(Blob(pattern(200) + pattern(100)))])
        var tooMuch = WireFrame.continuation(pattern(101))
        tooMuch.announced = 101
        tooMuch.payload = []
        for cut in Cut.all(for: 212) {
            #expect(transcript([start, tooMuch].bytes, cut, limits: limits).events == [.failure(.messageTooBig)])
        }
        let small = WebSocketLimits(frameBytesMaximum: 200, messageBytesMaximum: 10)
        #expect(transcript(start.bytes, limits: small).events == [.failure(.messageTooBig)])
    }

    @Test func `control frames between the pieces of a message do not count towards it`() {
        let limits = WebSocketLimits(frameBytesMaximum: 125, messageBytesMaximum: 4)
        let ping = WireFrame(opcode: 9, payload: pattern(125))
        let frames: [WireFrame] = [.binary([1, 2], isFinal: false), ping, ping, .continuation([3, 4])]
        let expected: [Seen] = [.ping(Blob(pattern(125))), .ping(Blob(pattern(125))), .binary([1, 2, 3, 4])]
        for cut in Cut.all(for: frames.bytes.count) {
            #expect(transcript(frames.bytes, cut, limits: limits).events == expected)
        }
    }

    @Test func `an empty input gives nothing`() {
        var session = WebSocketSession(role: .server)
        var input = UnsafeMutableRawBufferPointer(start: nil, count: 0)
        let isRead = session.next(&input) == nil
        #expect(isRead)
    }

    @Test func `random streams read the same under random cuts`() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<2000 {
            let wire = RandomStream.make(&generator)
            let limits = WebSocketLimits(frameBytesMaximum: 4096, messageBytesMaximum: 8192)
            let whole = transcript(wire, limits: limits).events
            for _ in 0..<3 {
                let pieces = RandomStream.pieces(of: wire.count, &generator)
                let cut = transcript(wire, pieces: pieces, limits: limits).events
                #expect(cut == whole, "seed \(seed), round \(round), pieces \(pieces)")
            }
        }
    }

    @Test func `random messages survive any fragmentation and any cut`() {
        let seed = testSeed()
        var generator = SeededGenerator(seed: seed)
        for round in 0..<300 {
            let payload = (0..<Int.random(in: 0...700, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let size = Int.random(in: 1...max(payload.count, 1), using: &generator)
            let wire = LargeMessageTests.wire(.binary, payload, fragmentSize: size)
            let pieces = RandomStream.pieces(of: wire.count, &generator)
            let events = transcript(wire, pieces: pieces).events
            #expect(events == [.binary(Blob(payload))], "seed \(seed), round \(round)")
        }
    }
}
