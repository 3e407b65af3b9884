/// The name under which somebody takes part in a shard: the `sid` of the wire. Several connections may share one.
public struct SubscriberID: Hashable, Sendable, CustomStringConvertible {
    /// Longer names are refused when connecting: 256 bytes of UTF-8.
    public static let bytesMaximum = 256

    public let name: String

    public init(_ name: String) {
        self.name = name
    }

    public var description: String { name }

    /// Whether the UTF-8 of the name comes first: an order that no version of Unicode changes.
    package func precedes(_ other: SubscriberID) -> Bool {
        name.utf8.lexicographicallyPrecedes(other.name.utf8)
    }
}
