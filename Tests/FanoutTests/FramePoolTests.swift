import PylonBytes
import PylonFanout
import PylonTestSupport
import PylonTime
import Testing

@Suite struct FramePoolTests {
    private static func payload(_ tick: UInt64, _ count: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(truncatingIfNeeded: tick &* 31 | 0x40) & 0x7F, count: count)
    }

    private func encode(
        _ pool: inout FramePool, _ tick: UInt64, _ count: Int = 500, for transports: Transports = .webSocket
    ) -> Frame {
        Self.payload(tick, count).withUnsafeBytes { pool.encode(tick: Tick(tick), payload: $0, for: transports) }
    }

    /// What a frame of its own holds, to compare with.
    private static func expected(_ tick: UInt64, _ count: Int, _ transport: Transports) -> [UInt8]? {
        payload(tick, count).withUnsafeBytes { Frame(tick: Tick(tick), payload: $0, for: transport) }
            .plainBytes(for: transport)?.array
    }

    @Test func aFrameNobodyLooksAtIsUsedAgain() {
        var pool = FramePool()
        let first = ObjectIdentifier(encode(&pool, 1))
        let second = encode(&pool, 2)
        #expect(ObjectIdentifier(second) == first)
        #expect(second.tick == Tick(2) && second.webSocket?.array == Self.expected(2, 500, .webSocket))
    }

    @Test func aFrameSomebodyHasIsLeftAlone() {
        var pool = FramePool()
        let first = encode(&pool, 1)
        let second = encode(&pool, 2)
        #expect(first !== second)
        #expect(first.tick == Tick(1) && first.webSocket?.array == Self.expected(1, 500, .webSocket))
    }

    @Test(arguments: [Transports.webSocket, .eventStream]) func bytesThatWaitForAClientAreLeftAlone(held: Transports) {
        var pool = FramePool()
        let bytes = encode(&pool, 1, for: [.webSocket, .eventStream]).plainBytes(for: held)
        for tick in 2..<50 { _ = encode(&pool, UInt64(tick), for: [.webSocket, .eventStream]) }
        #expect(bytes?.array == Self.expected(1, 500, held))
    }

    @Test func aFormThatIsNotEncodedAnyMoreIsNotShown() {
        var pool = FramePool()
        _ = encode(&pool, 1, for: [.webSocket, .eventStream])
        let frame = encode(&pool, 2, for: .eventStream)
        #expect(frame.webSocket == nil && !frame.isEncoded(for: .webSocket))
        #expect(frame.eventStream?.array == Self.expected(2, 500, .eventStream))
    }

    @Test func aFormThatNobodyNeedsAnyMoreGivesItsMemoryBack() {
        var pool = FramePool()
        weak var bytes: SharedBytes?
        do { bytes = encode(&pool, 1, for: [.webSocket, .eventStream]).eventStream }
        #expect(bytes != nil)
        _ = encode(&pool, 2, for: .webSocket)
        #expect(bytes == nil)
    }

    @Test func bytesStayIntactUnderAnyHolding() {
        var generator = SeededGenerator(seed: testSeed())
        var pool = FramePool()
        var frames: [(tick: UInt64, count: Int, frame: Frame)] = []
        var held: [(tick: UInt64, count: Int, transport: Transports, bytes: SharedBytes)] = []
        for tick in 1...2000 as ClosedRange<UInt64> {
            let count = Int.random(in: 1...3000, using: &generator)
            let transports = Transports(rawValue: UInt8.random(in: 1...3, using: &generator))
            let frame = encode(&pool, tick, count, for: transports)
            for transport in [Transports.webSocket, .eventStream] where transports.contains(transport) {
                if Int.random(in: 0..<3, using: &generator) == 0, let bytes = frame.plainBytes(for: transport) {
                    held.append((tick, count, transport, bytes))
                }
            }
            if Bool.random(using: &generator) { frames.append((tick, count, frame)) }
            while held.count > Int.random(in: 0...30, using: &generator) {
                held.remove(at: Int.random(in: held.indices, using: &generator))
            }
            while frames.count > Int.random(in: 0...12, using: &generator) {
                frames.remove(at: Int.random(in: frames.indices, using: &generator))
            }
            if let one = held.randomElement(using: &generator) {
                #expect(one.bytes.array == Self.expected(one.tick, one.count, one.transport))
            }
            if let one = frames.randomElement(using: &generator) {
                #expect(one.frame.tick == Tick(one.tick))
                for transport in [Transports.webSocket, .eventStream] {
                    guard let bytes = one.frame.plainBytes(for: transport) else { continue }
                    #expect(bytes.array == Self.expected(one.tick, one.count, transport))
                }
            }
        }
    }

    private struct Weak {
        weak var frame: Frame?
    }

    private static func alive(_ frames: [Weak]) -> Int { frames.filter { $0.frame != nil }.count }

    @Test func itKeepsABoundedNumberAndGivesTheRestBackWhenTheyAreNotNeeded() {
        var pool = FramePool()
        var seen: [Weak] = []
        do {
            let frames = (1...40).map { encode(&pool, $0) }
            seen = frames.map { Weak(frame: $0) }
            #expect(Set(frames.map { ObjectIdentifier($0) }).count == 40)
        }
        #expect(Self.alive(seen) <= FramePool.framesMaximum)
        // A client was slow once: what was needed for it goes when nobody needed it for a while.
        for tick in 41..<300 as Range<UInt64> { _ = encode(&pool, tick) }
        #expect(Self.alive(seen) == 1)
    }
}

extension Frame {
    /// The form that the frame was encoded with, no compressed one.
    fileprivate func plainBytes(for transport: Transports) -> SharedBytes? {
        transport == .webSocket ? webSocket : eventStream
    }
}
