internal import PylonBytes
package import PylonJSON
internal import PylonStreamProtocol
package import PylonTime

/// A message of a shard's stream as it was read from the wire, whichever the transport and the version (docs/protocol/shards.md and
/// docs/protocol/stream-v2.md).
package enum IncomingMessage {
    case hello(ShardHello)
    case acknowledgement(InputAcknowledgement)
    case refusal(InputRefusal)
    case event(ShardEvent)
    case pong(Pong)
    case bye(ShardBye)
    /// A whole state, as JSON text that has not been looked at.
    case state(tick: Tick, json: UnsafeRawBufferPointer)
    /// A whole state that came inside a JSON message.
    case stateValue(tick: Tick, JSONValue)
    /// What leads to a state from the one so many ticks before it. Valid during the call.
    case delta(tick: Tick, baseAge: UInt64, operations: UnsafeRawBufferPointer)
    /// A frame of a world of entities with the newest input it contains.
    case entities(EntityFrame, clientSequence: UInt64?)
    /// Of a later version: not for us.
    case unknown

    /// The answer to a ping.
    package struct Pong: Hashable, Sendable {
        package let id: UInt64
        package let serverMilliseconds: Double
        package let tick: Tick
        package let tickAgeMilliseconds: Double
    }

    /// A tick as 64 bits.
    private static let tickBytes = 8

    // MARK: Text

    /// Reads a text message of stream v2, or a state that a v1 server sends as text (spec/realtime.md 3.1). O(count).
    package init(text: UnsafeRawBufferPointer) throws(ClientError) {
        self = try Self.message(Self.parse(text))
    }

    /// Reads an event of an event stream. States are `message` in v1 and `keyframe` in v2, with the tick as id; `end` is v1's last word.
    /// The others are messages by themselves.
    package init(eventName: String, id: String, data: UnsafeRawBufferPointer) throws(ClientError) {
        switch eventName {
        case "message", "keyframe":
            guard let tick = UInt64(id) else { throw .invalidMessage("the id of a state is its tick") }
            self = .state(tick: Tick(tick), json: data)
        case "end":
            let reason = try Self.parse(data)["reason"]?.string ?? ""
            self = .bye(ShardBye(code: nil, reason: reason, retryAfter: nil))
        default:
            try self.init(text: data)
        }
    }

    private static func parse(_ text: UnsafeRawBufferPointer) throws(ClientError) -> JSONValue {
        do { return try JSONParser.parse(text) } catch { throw .invalidMessage("not JSON: \(error)") }
    }

    private static func message(_ json: JSONValue) throws(ClientError) -> IncomingMessage {
        guard json.object != nil else { throw .invalidMessage("a message is an object, not \(json.kind)") }
        switch json["type"]?.string {
        case "hello": return .hello(try hello(json))
        case "ack": return .acknowledgement(try acknowledgement(json))
        case "error":
            return .refusal(
                InputRefusal(
                    code: try text("code", in: json), message: json["message"]?.string ?? "",
                    clientSequence: try optional("client_seq", in: json)))
        case "event":
            guard let event = json["event"] else { throw .invalidMessage("\"event\" is missing") }
            return .event(ShardEvent(sequence: try number("seq", in: json), event: event))
        case "pong": return .pong(try pong(json))
        case "bye": return .bye(try bye(json))
        case nil where json["snapshot"] != nil:
            return .stateValue(tick: Tick(try number("tick", in: json)), json["snapshot"] ?? .null)
        default: return .unknown
        }
    }

    private static func hello(_ json: JSONValue) throws(ClientError) -> ShardHello {
        guard try number("proto", in: json) == 2 else { throw .invalidMessage("\"proto\" is not 2") }
        let isOfEntities = json["state"]?.string == "entities"
        return ShardHello(
            shard: json["shard"]?.string ?? "", movedFrom: json["moved_from"]?.string,
            subscriber: json["sid"]?.string ?? "",
            tick: Tick(try number("tick", in: json)),
            tickRate: json["tick_rate_hz"]?.int.flatMap { TickRate(hertz: $0) },
            ticksPerSnapshot: max(1, json["ticks_per_snapshot"]?.int ?? 1),
            hashTicks: max(0, json["hash_ticks"]?.int ?? 0),
            serverMilliseconds: try milliseconds("server_ms", in: json),
            resumeToken: json["resume"]?.string, isResumed: json["resumed"]?.bool ?? false,
            stateKind: isOfEntities ? .entities : .json, schema: isOfEntities ? json["schema"] : nil,
            acknowledgement: try newestInput(json["ack"]),
            eventSequence: try optional("event_seq", in: json), json: json)
    }

    private static func newestInput(_ json: JSONValue?) throws(ClientError) -> InputAcknowledgement? {
        guard let json, !json.isNull else { return nil }
        return try acknowledgement(json)
    }

    private static func acknowledgement(_ json: JSONValue) throws(ClientError) -> InputAcknowledgement {
        InputAcknowledgement(
            clientSequence: try number("client_seq", in: json), tick: try optional("tick", in: json).map { Tick($0) })
    }

    private static func pong(_ json: JSONValue) throws(ClientError) -> Pong {
        Pong(
            id: try number("id", in: json), serverMilliseconds: try milliseconds("server_ms", in: json),
            tick: Tick(try number("tick", in: json)), tickAgeMilliseconds: try milliseconds("tick_age_ms", in: json))
    }

    private static func bye(_ json: JSONValue) throws(ClientError) -> ShardBye {
        let retryAfter = try optional("retry_after_ms", in: json)
        return ShardBye(
            code: try text("code", in: json), reason: json["reason"]?.string ?? "",
            // A server that asks for more than a day is mistaken, or was made to say so.
            retryAfter: retryAfter.map { .milliseconds(Int64(min($0, 86_400_000))) },
            shard: json["shard"]?.string)
    }

    private static func text(_ name: String, in json: JSONValue) throws(ClientError) -> String {
        guard let text = json[name]?.string else { throw .invalidMessage("\"\(name)\" must be a text") }
        return text
    }

    private static func milliseconds(_ name: String, in json: JSONValue) throws(ClientError) -> Double {
        guard let number = json[name]?.double, number.isFinite, number >= 0 else {
            throw .invalidMessage("\"\(name)\" must be a number from 0")
        }
        return number
    }

    private static func number(_ name: String, in json: JSONValue) throws(ClientError) -> UInt64 {
        guard let number = try optional(name, in: json) else { throw .invalidMessage("\"\(name)\" is missing") }
        return number
    }

    /// A whole number from 0; nil when it is absent or null.
    private static func optional(_ name: String, in json: JSONValue) throws(ClientError) -> UInt64? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let number = value.int, number >= 0 else {
            throw .invalidMessage("\"\(name)\" must be a whole number from 0")
        }
        return UInt64(number)
    }

    // MARK: Binary

    /// Reads a binary message of stream v1: the tick, then the state.
    package init(version1 bytes: UnsafeRawBufferPointer) throws(ClientError) {
        guard bytes.count > Self.tickBytes else { throw .invalidMessage("a state is cut short") }
        self = .state(tick: Tick(Self.bigEndian(bytes)), json: Self.rest(of: bytes, behind: Self.tickBytes))
    }

    /// Reads a binary message of stream v2: a type byte, then what it says.
    package init(version2 bytes: UnsafeRawBufferPointer) throws(ClientError) {
        guard let type = bytes.first else { throw .invalidMessage("an empty message") }
        let content = Self.rest(of: bytes, behind: 1)
        switch type {
        case ServerMessage.keyframeType: try self.init(version1: content)
        case ServerMessage.entitiesType: self = try Self.entities(content)
        case StateDelta.type:
            var offset = 0
            guard let head = StateDelta.Head(content, at: &offset) else { throw .invalidMessage("the head of a delta") }
            self = .delta(
                tick: Tick(head.tick), baseAge: head.baseAge, operations: Self.rest(of: content, behind: offset))
        default: self = .unknown
        }
    }

    private static func entities(_ content: UnsafeRawBufferPointer) throws(ClientError) -> IncomingMessage {
        var offset = 0
        guard let tick = PackedNumber.read(content, at: &offset), let baseAge = PackedNumber.read(content, at: &offset),
            let acknowledged = PackedNumber.read(content, at: &offset)
        else { throw .invalidMessage("a number is cut short or too long") }
        guard baseAge <= tick else { throw .invalidMessage("a frame is packed against a tick before the first") }
        return .entities(
            EntityFrame(tick: Tick(tick), baseAge: baseAge, body: rest(of: content, behind: offset)),
            clientSequence: acknowledged == 0 ? nil : acknowledged - 1)
    }

    private static func bigEndian(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
        UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
    }

    private static func rest(of bytes: UnsafeRawBufferPointer, behind count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[count...])
    }
}
