/// The ways a shard's stream can travel.
package struct Transports: OptionSet, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let webSocket = Transports(rawValue: 1)
    package static let eventStream = Transports(rawValue: 2)
}
