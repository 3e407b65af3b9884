/// Why a shard refused something (spec/realtime.md 2.7).
public enum ShardError: Error, Hashable, Sendable {
    /// The subscriber cap is reached.
    case full
    /// The input queue is full.
    case inputQueueFull
    /// The subscriber sends more inputs a second than the shard takes from one.
    case rateLimited
    /// The shard no longer runs.
    case stopped
    /// What the subscriber plays is on its way to another shard, which gets its next inputs.
    case moving
    /// What the subscriber plays has moved to this shard, and the stream cannot follow by itself.
    case moved(to: String)
    /// The connection was closed before the answer came.
    case disconnected
    /// A hook said no, or the sender has no connection to the shard.
    case unauthorized(reason: String)
    /// The events behind the client's cursor are no longer there, or it is of another stream; `oldest` is the first that could be
    /// had.
    case resyncRequired(oldest: UInt64)
    /// The input does not fit the simulation's type.
    case inputMalformed(reason: String)

    /// Text for people; clients go by the code.
    public var message: String {
        switch self {
        case .full: "the shard is full"
        case .inputQueueFull: "the shard's input queue is full"
        case .rateLimited: "too many inputs a second"
        case .stopped: "the shard has stopped"
        case .moving: "on the way to another shard"
        case .moved: "moved to another shard"
        case .disconnected: "the connection is closed"
        case .unauthorized(let reason): "unauthorized: \(reason)"
        case .resyncRequired(let oldest): "resync required: oldest_seq=\(oldest)"
        case .inputMalformed(let reason): "the input does not fit: \(reason)"
        }
    }
}
