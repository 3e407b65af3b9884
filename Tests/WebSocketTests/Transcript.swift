import Glibc
import PylonBytes

@testable import PylonWebSocket

/// Bytes that compare and print fast, also when there are 16 MiB of them.
struct Blob: Equatable, CustomStringConvertible, ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = [UInt8](bytes) }
    init(stringLiteral value: String) { bytes = Array(value.utf8) }
    init(arrayLiteral elements: UInt8...) { bytes = elements }

    static func == (left: Blob, right: Blob) -> Bool {
        left.bytes.count == right.bytes.count && memcmp(left.bytes, right.bytes, left.bytes.count) == 0
    }

    var description: String {
        bytes.count <= 64 ? Hex.encode(bytes) : "\(bytes.count) bytes \(Hex.encode(Array(bytes.prefix(32))))…"
    }
}

/// A ``WebSocketEvent`` that owns its bytes.
enum Seen: Equatable {
    case text(Blob)
    case binary(Blob)
    case ping(Blob)
    case pong(Blob)
    case close(UInt16?, Blob)
    case failure(WebSocketError)

    init(_ event: WebSocketEvent) {
        switch event {
        case .text(let bytes): self = .text(Blob(bytes))
        case .binary(let bytes): self = .binary(Blob(bytes))
        case .ping(let bytes): self = .ping(Blob(bytes))
        case .pong(let bytes): self = .pong(Blob(bytes))
        case .close(let code, let reason): self = .close(code?.rawValue, Blob(reason))
        case .failure(let error): self = .failure(error)
        }
    }
}

/// Where a stream is cut before it is fed to a session.
enum Cut: Equatable {
    case whole
    /// Two pieces, the first of so many bytes.
    case at(Int)
    /// Pieces of so many bytes.
    case chops(Int)

    func pieces(of count: Int) -> [Range<Int>] {
        switch self {
        case .whole: [0..<count]
        case .at(let index): [0..<index, index..<count]
        case .chops(let size): stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
        }
    }

    /// Every cut worth trying for a stream of so many bytes, such that the work stays bounded.
    static func all(for count: Int) -> [Cut] {
        var cuts: [Cut] = [.whole]
        if count <= 512 { cuts += (0...count).map { .at($0) } }
        if count <= 70_000 { cuts.append(.chops(1)) }
        if count <= 300_000 { cuts += [.chops(7), .chops(1021)] }
        return cuts
    }
}

/// Everything that a session reports for `wire`, cut as asked, and the memory it holds in the end.
func transcript(
    _ wire: [UInt8], _ cut: Cut = .whole, role: WebSocketRole = .server, limits: WebSocketLimits = WebSocketLimits(),
    inflater: MessageInflater? = nil
) -> (events: [Seen], bufferedBytes: Int) {
    transcript(wire, pieces: cut.pieces(of: wire.count), role: role, limits: limits, inflater: inflater)
}

/// Everything that a session reports for `wire`, fed in these pieces; with permessage-deflate if there is an inflater.
func transcript(
    _ wire: [UInt8], pieces: [Range<Int>], role: WebSocketRole = .server, limits: WebSocketLimits = WebSocketLimits(),
    inflater: MessageInflater? = nil
) -> (events: [Seen], bufferedBytes: Int) {
    var session = WebSocketSession(role: role, limits: limits, isDeflated: inflater != nil)
    var wire = wire
    let events = wire.withUnsafeMutableBytes { bytes in
        var events: [Seen] = []
        for piece in pieces {
            var input = UnsafeMutableRawBufferPointer(rebasing: bytes[piece])
            while let event = session.next(&input, inflater: { inflater! }) { events.append(Seen(event)) }
            precondition(input.isEmpty, "input left over")
        }
        return events
    }
    return (events, session.bufferedBytes)
}
