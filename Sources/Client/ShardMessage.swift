public import PylonJSON
public import PylonTime

/// What a shard's stream says, in the order in which it was said.
public enum ShardMessage: Sendable {
    /// The connection came to life, was lost, or is over.
    case status(ShardStatus)
    /// The first message of a stream v2.
    case hello(ShardHello)
    /// A state. When they come faster than they are read, older ones are left out.
    case state(ShardState)
    /// The world contains an input now that it did not before. When they come faster than they are read, older ones are left out.
    case acknowledged(InputAcknowledgement)
    /// Something that happened; asked for with ``ShardOptions/followsEvents``. None is left out.
    case event(ShardEvent)
    /// One input or message was refused; the stream goes on.
    case refused(InputRefusal)
    /// Something went wrong on the way; the status says whether the connection comes back.
    case failure(ClientError)
    /// The server's last words on a stream.
    case bye(ShardBye)
}

/// What a connection is doing.
public enum ShardStatus: Hashable, Sendable {
    /// It is looking for a way in.
    case connecting
    /// States come, inputs go.
    case live
    /// The stream was cut; the next attempt follows.
    case lost
    /// It is over, and the messages end behind this.
    case closed(ShardEnding)
}

/// Why a connection does not come back.
public enum ShardEnding: Hashable, Sendable {
    /// ``ShardConnection/close()`` was called.
    case closedHere
    /// The server said why in its bye, and that coming back is of no use.
    case bye(ShardBye)
    /// An attempt would end as the last one did.
    case failed(ClientError)
}

/// The first message of a stream v2.
public struct ShardHello: Sendable {
    /// How the world sends its state.
    public enum StateKind: Hashable, Sendable {
        /// JSON, each time whole.
        case json
        /// Entities, in frames that a ``Replica`` takes in.
        case entities
    }

    public let shard: String
    /// The shard from which the stream has come with what its subscriber plays; nil for one that has not.
    public let movedFrom: String?
    /// The name under which this connection takes part.
    public let subscriber: String
    /// The shard's last step.
    public let tick: Tick
    /// Nil for a rate that this client does not know.
    public let tickRate: TickRate?
    public let ticksPerSnapshot: Int
    /// Every how many ticks the server compares hashes of the state; 0 for never.
    public let hashTicks: Int
    /// The server's monotonic clock, in milliseconds.
    public let serverMilliseconds: Double
    /// Names this subscriber's seat to a later connection.
    public let resumeToken: String?
    /// Whether the seat of an earlier connection goes on.
    public let isResumed: Bool
    public let stateKind: StateKind
    /// What describes the entities; nil for a state of JSON.
    public let schema: JSONValue?
    public let acknowledgement: InputAcknowledgement?
    /// The number that the stream's events come behind; nil when it carries none.
    public let eventSequence: UInt64?
    /// All of it, for members that this client does not know.
    public let json: JSONValue
}

/// The newest input of this subscriber that the world contains.
public struct InputAcknowledgement: Hashable, Sendable {
    /// The number that ``ShardConnection/send(_:tick:)-(JSONValue,_)`` returned.
    public let clientSequence: UInt64
    /// The step in which it was applied, where the server says so.
    public let tick: Tick?
}

/// A shard's state at one tick.
public struct ShardState: Sendable {
    /// What a state holds.
    enum Content: Sendable {
        /// JSON text that nobody has looked at.
        case text([UInt8])
        /// JSON that came inside a message.
        case value(JSONValue)
        /// The connection's replica shows it, or a newer one.
        case entities(Replica)
    }

    public let tick: Tick
    /// The newest input of one's own that it contains; 0 for none, and always on a stream v1.
    public let acknowledged: UInt64
    let content: Content
    /// Its size as it came, without the transport's envelope.
    public let bytesCount: Int
    /// When it arrived, by the client's clock.
    public let arrived: Instant

    /// What shows a world of entities, at this tick or a newer one; nil for a state of JSON.
    public var replica: Replica? { if case .entities(let replica) = content { replica } else { nil } }

    /// The state as JSON; null for entities. O(bytes): it is read on the caller's thread, not on the loop's.
    public func json() throws(ClientError) -> JSONValue {
        switch content {
        case .entities: return .null
        case .value(let value): return value
        case .text(let bytes):
            do { return try JSONParser.parse(bytes) } catch { throw .invalidMessage("the state is not JSON: \(error)") }
        }
    }

    /// The state as a value of the game's own type.
    public func decode<Value: Decodable>(as type: Value.Type = Value.self) throws -> Value {
        try JSONValueDecoder().decode(type, from: try json())
    }
}

/// Something that happened in a shard.
public struct ShardEvent: Sendable {
    /// Rises by one from event to event.
    public let sequence: UInt64
    public let event: JSONValue
}

/// One input or message of one's own was refused.
public struct InputRefusal: Hashable, Sendable {
    /// `INPUT_REJECTED`, `UNAUTHORIZED`, `RATE_LIMITED`, `INPUT_QUEUE_FULL`, `INVALID_MESSAGE` and the like.
    public let code: String
    /// Text for people.
    public let message: String
    /// The input's number; nil for a message that has none.
    public let clientSequence: UInt64?
}

/// The server's last words on a stream.
public struct ShardBye: Hashable, Sendable {
    /// `FINISHED`, `STOPPED`, `GOING_AWAY`, `TOO_SLOW`, `REPLACED`, `RESYNC_REQUIRED` and the like; nil on a stream v1.
    public let code: String?
    /// Text for people.
    public let reason: String
    /// When to come back; the connection keeps to it by itself.
    public let retryAfter: Duration?
    /// With `MOVED`, the shard to come back to, which the connection does by itself.
    public let shard: String?

    init(code: String?, reason: String, retryAfter: Duration?, shard: String? = nil) {
        self.code = code
        self.reason = reason
        self.retryAfter = retryAfter
        self.shard = shard
    }
}
