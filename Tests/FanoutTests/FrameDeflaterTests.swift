import PylonBytes
import PylonFanout
import PylonTestSupport
import PylonTime
import PylonWebSocket
import Testing

/// The compressed form of a frame: one for everybody who negotiated it.
@Suite struct FrameDeflaterTests {
    private func frame(_ payload: String, tick: UInt64 = 7, _ transports: Transports = .webSocketDeflated) -> Frame {
        var payload = payload
        return payload.withUTF8 { Frame(tick: Tick(tick), payload: UnsafeRawBufferPointer($0), for: transports) }
    }

    private func snapshot(bytes: Int) -> String {
        let members = (0..<bytes / 16).map { #"{"id":\#($0 % 10),"x":\#($0)}"# }
        return "[" + members.joined(separator: ",") + "]"
    }

    @Test(arguments: [400, 4_000, 50_000]) func itInflatesToTickAndSnapshot(bytes: Int) throws {
        let thread = try LoopThread()
        let payload = snapshot(bytes: bytes)
        let frame = frame(payload, tick: 42)
        let compressed = try thread.run { frame.deflatedWebSocket(on: thread.loop) }
        let shared = try #require(compressed)
        #expect(shared.count < payload.utf8.count / 2)
        #expect(shared.unsafeBytes[0] == 0xC2)
        let header = FrameEncoder.headerLength(ofFrame: shared.unsafeBytes)
        let inflater = MessageInflater()
        let message = try inflater.inflate(
            UnsafeRawBufferPointer(rebasing: shared.unsafeBytes[header...]), limit: 1 << 20)
        let isSame = [UInt8](message) == [0, 0, 0, 0, 0, 0, 0, 42] + Array(payload.utf8)
        #expect(isSame)
        withExtendedLifetime((shared, inflater)) {}
        thread.stop()
    }

    @Test func twoLoopsShareOneCompression() throws {
        let threads = [try LoopThread(index: 0), try LoopThread(index: 1)]
        let frame = frame(snapshot(bytes: 1000))
        let forms = try threads.map { thread in try thread.run { frame.deflatedWebSocket(on: thread.loop) } }
        #expect(forms[0] != nil && forms[0] === forms[1])
        for thread in threads { thread.stop() }
    }

    @Test func whatIsShortOrDoesNotShrinkGoesAsItIs() throws {
        let thread = try LoopThread()
        var generator = SeededGenerator(seed: 1)
        let noise = String((0..<2000).map { _ in Character(Unicode.Scalar(UInt8(33 + generator.next() % 90))) })
        for payload in ["{}", String(repeating: "x", count: 240), String(repeating: "x", count: 65_600)] {
            let frame = frame(payload)
            let form = try thread.run { frame.deflatedWebSocket(on: thread.loop) }
            #expect(form?.unsafeBytes[0] == 0x82, "\(payload.utf8.count) bytes")
            #expect(form?.count == payload.utf8.count + 8 + FrameEncoder.headerLength(for: payload.utf8.count + 8))
        }
        let dense = frame(noise)
        let form = try thread.run { dense.deflatedWebSocket(on: thread.loop) }
        #expect((form?.count ?? 0) <= noise.utf8.count + 12)
        thread.stop()
    }

    @Test func aFrameForOthersHasNone() throws {
        let thread = try LoopThread()
        let frame = frame(snapshot(bytes: 1000), [.webSocket, .eventStream])
        #expect(try thread.run { frame.deflatedWebSocket(on: thread.loop) == nil })
        #expect(frame.webSocket != nil)
        let both = self.frame(snapshot(bytes: 1000), .webSocketDeflated)
        #expect(both.webSocket == nil, "nobody asked for the plain form")
        thread.stop()
    }

    @Test func aFrameUsedAgainIsCompressedAgain() throws {
        let thread = try LoopThread()
        let payloads = (1...40).map { snapshot(bytes: 400 + $0 * 16) }
        try thread.run {
            var pool = FramePool()
            for (index, text) in payloads.enumerated() {
                var text = text
                let frame = text.withUTF8 {
                    pool.encode(tick: Tick(UInt64(index)), payload: UnsafeRawBufferPointer($0), for: .webSocketDeflated)
                }
                guard let shared = frame.deflatedWebSocket(on: thread.loop) else {
                    Issue.record("no compressed form")
                    return
                }
                let header = FrameEncoder.headerLength(ofFrame: shared.unsafeBytes)
                let inflater = MessageInflater()
                let message = try inflater.inflate(
                    UnsafeRawBufferPointer(rebasing: shared.unsafeBytes[header...]), limit: 1 << 20)
                let isSame = [UInt8](message.dropFirst(8)) == Array(text.utf8)
                #expect(isSame)
                withExtendedLifetime((shared, inflater)) {}
            }
        }
        thread.stop()
    }
}
