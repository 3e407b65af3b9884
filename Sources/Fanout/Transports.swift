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
}

/// How many subscribers there are of each transport.
struct TransportCounts {
    private var webSocket = 0
    private var eventStream = 0
    private var webSocketDeflated = 0

    var isEmpty: Bool { webSocket + eventStream + webSocketDeflated == 0 }

    /// The transports that somebody has.
    var transports: Transports {
        var transports: Transports = []
        if webSocket > 0 { transports.insert(.webSocket) }
        if eventStream > 0 { transports.insert(.eventStream) }
        if webSocketDeflated > 0 { transports.insert(.webSocketDeflated) }
        return transports
    }

    mutating func change(_ transport: Transports, by amount: Int) {
        switch transport {
        case .webSocket: webSocket += amount
        case .eventStream: eventStream += amount
        case .webSocketDeflated: webSocketDeflated += amount
        default: preconditionFailure("not one transport")
        }
    }
}
