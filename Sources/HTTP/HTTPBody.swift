package import PylonBytes

/// What a response carries behind its head.
package enum HTTPBody: Sendable {
    /// Nothing; Content-Length is 0 where the status allows a body.
    case empty
    case bytes([UInt8])
    case shared(SharedBytes)
    /// A string's UTF-8.
    case text(String)
    /// A literal's UTF-8.
    case literal(StaticString)
    /// Several, one behind the other, each of a known length.
    case joined([HTTPBody])
    /// Chunks that the caller writes after the head, without a length known beforehand: server-sent events.
    case stream
    /// Chunks that a source makes while they are sent.
    case pieces(any HTTPBodySource)

    /// The number of bytes; nil where it is not known beforehand.
    package var count: Int? {
        switch self {
        case .empty: 0
        case .bytes(let bytes): bytes.count
        case .shared(let bytes): bytes.count
        case .text(let text): text.utf8.count
        case .literal(let literal): literal.utf8CodeUnitCount
        case .joined(let parts): parts.reduce(0) { $0 + ($1.count ?? 0) }
        case .stream, .pieces: nil
        }
    }
}
