/// The ways a shard's stream can travel.
package struct Transports: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let webSocket = Transports(rawValue: 1)
    package static let eventStream = Transports(rawValue: 2)
    /// WebSocket with permessage-deflate. Snapshots only: an event by itself is too short to gain.
    package static let webSocketDeflated = Transports(rawValue: 4)
    /// The same three for stream v2 (docs/protocol/stream-v2.md), whose messages say what they are.
    package static let webSocketV2 = Transports(rawValue: 8)
    package static let eventStreamV2 = Transports(rawValue: 16)
    package static let webSocketV2Deflated = Transports(rawValue: 32)
    /// WebSockets of stream v2 that take states as what changed since one they have.
    package static let webSocketV2Delta = Transports(rawValue: 64)
    package static let webSocketV2DeltaDeflated = Transports(rawValue: 128)

    /// The WebSockets of stream v2, of which each needs the whole state as a frame.
    static let webSocketsV2: Transports = [
        .webSocketV2, .webSocketV2Deflated, .webSocketV2Delta, .webSocketV2DeltaDeflated,
    ]
    static let webSocketsV2Deflated: Transports = [.webSocketV2Deflated, .webSocketV2DeltaDeflated]
    static let deltas: Transports = [.webSocketV2Delta, .webSocketV2DeltaDeflated]

    /// The place of its subscribers among the lists of a stripe.
    var listIndex: Int {
        precondition(rawValue.nonzeroBitCount == 1, "not one transport")
        return rawValue.trailingZeroBitCount
    }

    /// Whether it carries stream v2.
    package var isV2: Bool { rawValue >= Self.webSocketV2.rawValue }

    /// Whether it is a WebSocket's.
    package var isWebSocket: Bool { self != .eventStream && self != .eventStreamV2 }

    /// The transport of the events of a stream v2 whose state comes by this one.
    package var ofEvents: Transports { Self.webSocketsV2.contains(self) ? .webSocketV2 : self }
}

/// How many subscribers there are of each transport.
struct TransportCounts {
    private var counts = InlineArray<8, Int>(repeating: 0)
    /// The transports that somebody has.
    private(set) var transports: Transports = []

    var isEmpty: Bool { transports.isEmpty }

    mutating func change(_ transport: Transports, by amount: Int) {
        let index = transport.listIndex
        counts[index] += amount
        if counts[index] > 0 { transports.insert(transport) } else { transports.remove(transport) }
    }
}
