internal import PylonBytes
internal import PylonHTTP
internal import PylonTelemetry
internal import PylonThreading

/// A large body of a known length, handed on in slices as its client takes them.
///
/// Copied into the connection's buffer in one go it would hold up the loop's other clients, and all of it would be held twice. What such bodies
/// hold together is counted, and bounded by ``ServiceSettings/answerBytesMaximum``: a slow reader of a large answer holds it for minutes.
final class SlicedBody: HTTPBodySource {
    /// Bytes of a slice: some microseconds to copy.
    static let sliceBytes = 256 << 10

    private struct State {
        var parts: [HTTPBody]
        /// Within the first part.
        var offset = 0
    }

    private let state: Lock<State>
    private let byteCount: Int
    private let held: Gauge

    /// Nil for a body that is small, or of a length that is not known.
    init?(_ body: HTTPBody, held: Gauge) {
        guard let count = body.count, count > Self.sliceBytes else { return nil }
        if case .joined(let parts) = body {
            state = Lock(State(parts: parts))
        } else {
            state = Lock(State(parts: [body]))
        }
        byteCount = count
        self.held = held
        held.add(count)
    }

    func next() async -> HTTPBodyPiece { slice() }

    /// The next piece, which is there at once.
    func slice() -> HTTPBodyPiece {
        state.withLock { state in
            while let part = state.parts.first {
                let slice = part.slice(from: state.offset, count: Self.sliceBytes)
                if !slice.isEmpty {
                    state.offset += slice.count
                    return .bytes(slice)
                }
                state.parts.removeFirst()
                state.offset = 0
            }
            return .end
        }
    }

    func close() {
        held.add(-byteCount)
        state.withLock { $0.parts = [] }
    }
}

extension HTTPBody {
    /// Up to `count` bytes from `offset` on; empty behind the end.
    fileprivate func slice(from offset: Int, count: Int) -> [UInt8] {
        switch self {
        case .bytes(let bytes): Array(bytes.dropFirst(offset).prefix(count))
        case .shared(let bytes): Array(bytes.unsafeBytes.dropFirst(offset).prefix(count))
        case .text(let text): Array(text.utf8.dropFirst(offset).prefix(count))
        case .literal(let literal): literal.withUTF8Buffer { Array($0.dropFirst(offset).prefix(count)) }
        case .empty, .joined, .stream, .pieces: []
        }
    }
}
