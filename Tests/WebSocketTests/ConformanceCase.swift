@testable import PylonWebSocket
import Testing

/// A stream of client frames and what a server must make of it, numbered as in the public Autobahn case list.
struct ConformanceCase: CustomTestStringConvertible, Sendable {
    let number: String
    let wire: [UInt8]
    let expected: [Seen]

    init(_ number: String, _ frames: [WireFrame], _ expected: [Seen]) {
        self.number = number
        wire = frames.bytes
        self.expected = expected
    }

    var testDescription: String { number }

    /// Checks the case under every cut, and that a session without a message under way holds no memory.
    func check(sourceLocation: SourceLocation = #_sourceLocation) {
        for cut in Cut.all(for: wire.count) {
            let (events, bufferedBytes) = transcript(wire, cut)
            #expect(events == expected, "case \(number), \(cut)", sourceLocation: sourceLocation)
            #expect(bufferedBytes == 0, "case \(number), \(cut)", sourceLocation: sourceLocation)
        }
    }
}

/// Bytes 0, 1, 2, … that wrap around: a shifted or repeated piece shows.
func pattern(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
        for index in 0..<count { bytes[index] = UInt8(truncatingIfNeeded: index) }
        initialized = count
    }
}
