internal import PylonBytes
package import PylonJSON

/// What a client of stream v2 may send (docs/protocol/stream-v2.md). Text messages are JSON objects, binary ones begin with a type byte.
package enum ClientMessage: Equatable, Sendable {
    /// Something for the world. `tick` is the client's own tick that it belongs to.
    case input(JSONValue, clientSequence: UInt64?, tick: UInt64?)
    /// The newest state that the client has applied.
    case acknowledgement(tick: UInt64)
    /// The client wants the whole state.
    case keyframe
    /// The client compares clocks; `clientMilliseconds` comes back to it.
    case ping(id: UInt64, clientMilliseconds: Double?)
    /// The hash of the client's own state of a tick.
    case hash(tick: UInt64, hash: UInt64)

    /// The type byte of a binary acknowledgement.
    package static let acknowledgementType: UInt8 = 0x04

    /// Reads a text message, which is UTF-8. O(count).
    package init(text: UnsafeRawBufferPointer, limits: JSONLimits = .standard) throws(ClientMessageError) {
        let json: JSONValue
        do {
            json = try JSONParser.parse(text, limits: limits)
        } catch {
            throw ClientMessageError(error.description)
        }
        guard json.object != nil else { throw ClientMessageError("a message is an object, not \(json.kind)") }
        self = try Self.message(json)
    }

    /// Reads a binary message.
    package init(binary bytes: UnsafeRawBufferPointer) throws(ClientMessageError) {
        guard let type = bytes.first else { throw ClientMessageError("an empty message") }
        guard type == Self.acknowledgementType else {
            throw ClientMessageError("no message of a client begins with the byte \(type)")
        }
        var offset = 1
        guard let tick = PackedNumber.read(bytes, at: &offset), offset == bytes.count else {
            throw ClientMessageError("the tick behind the type must be one number, seven bits to a byte")
        }
        self = .acknowledgement(tick: tick)
    }

    // MARK: JSON

    private static func message(_ json: JSONValue) throws(ClientMessageError) -> ClientMessage {
        switch json["type"] {
        case nil, .string("input"): return try input(json)
        case .string("ack"): return .acknowledgement(tick: try required("tick", in: json))
        case .string("keyframe"): return .keyframe
        case .string("ping"): return try ping(json)
        case .string("hash"): return try hash(json)
        case .string: throw ClientMessageError("\"type\" names no message of a client")
        case let other?: throw ClientMessageError("\"type\" must be a string, not \(other.kind)")
        }
    }

    private static func input(_ json: JSONValue) throws(ClientMessageError) -> ClientMessage {
        let clientSequence = try optional("client_seq", in: json)
        guard let input = json["input"] else {
            throw ClientMessageError("\"input\" is missing", clientSequence: clientSequence)
        }
        do {
            return .input(input, clientSequence: clientSequence, tick: try optional("tick", in: json))
        } catch {
            throw ClientMessageError(error.message, clientSequence: clientSequence)
        }
    }

    private static func ping(_ json: JSONValue) throws(ClientMessageError) -> ClientMessage {
        let id = try required("id", in: json)
        guard let time = json["client_ms"], !time.isNull else { return .ping(id: id, clientMilliseconds: nil) }
        guard let milliseconds = time.double, milliseconds.isFinite else {
            throw ClientMessageError("\"client_ms\" must be a number")
        }
        return .ping(id: id, clientMilliseconds: milliseconds)
    }

    private static func hash(_ json: JSONValue) throws(ClientMessageError) -> ClientMessage {
        let tick = try required("tick", in: json)
        guard let text = json["hash"]?.string, text.utf8.count == 16,
            text.utf8.allSatisfy({ Hex.value($0) != nil }), let hash = UInt64(text, radix: 16)
        else { throw ClientMessageError("\"hash\" must be 16 hexadecimal digits") }
        return .hash(tick: tick, hash: hash)
    }

    private static func required(_ name: String, in json: JSONValue) throws(ClientMessageError) -> UInt64 {
        guard let number = try optional(name, in: json) else { throw ClientMessageError("\"\(name)\" is missing") }
        return number
    }

    /// A whole number from 0; nil when it is absent or null.
    private static func optional(_ name: String, in json: JSONValue) throws(ClientMessageError) -> UInt64? {
        guard let value = json[name], !value.isNull else { return nil }
        guard let number = value.int, number >= 0 else {
            throw ClientMessageError("\"\(name)\" must be a whole number from 0")
        }
        return UInt64(number)
    }
}

/// A message that is none of a client's.
package struct ClientMessageError: Error, Hashable, Sendable {
    /// Text for people.
    package let message: String
    /// The input's number, where that could be read.
    package let clientSequence: UInt64?

    init(_ message: String, clientSequence: UInt64? = nil) {
        self.message = message
        self.clientSequence = clientSequence
    }
}
