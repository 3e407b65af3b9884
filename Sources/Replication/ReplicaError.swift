/// Why a body was not applied. The decoder stays as it was and asks for a keyframe.
public enum ReplicaError: Error, Hashable, Sendable {
    /// The bytes end too early.
    case truncated
    /// The bytes mean nothing that a server sends.
    case malformed(StaticReason)
    /// More entities than the decoder was told to hold.
    case tooManyEntities

    /// A reason for people.
    public struct StaticReason: Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
        public let description: String

        public init(stringLiteral value: String) {
            description = value
        }
    }
}
