internal import PylonEventStream
internal import PylonJSON
internal import PylonTestSupport
internal import PylonWebSocket

/// A client of stream v2 in the hands of a test: reads messages as docs/protocol/stream-v2.md describes them, over either transport.
struct StreamV2Client {
    /// One message.
    enum Message: Hashable {
        /// A JSON message other than a state and an event.
        case json(type: String, String)
        case keyframe(tick: Int, String)
        case event(number: Int, String)
        case close(UInt16?, String)
        case end

        /// The JSON of a message, or of what it carries.
        var json: JSONValue {
            switch self {
            case .json(_, let text), .keyframe(_, let text), .event(_, let text):
                do { return try JSONParser.parse(text) } catch { return .null }
            case .close, .end: return .null
            }
        }

        var type: String {
            switch self {
            case .json(let type, _): type
            case .keyframe: "keyframe"
            case .event: "event"
            case .close: "close"
            case .end: "end"
            }
        }
    }

    let socket: WebSocketClient

    /// Asks for `query` on `server`'s shard port.
    init(
        _ server: ServerHarness, _ query: String, token: String? = ServerHarness.adminToken,
        subprotocols: [String] = ["pylon.v2"], offersDeflate: Bool = false, receiveBufferBytes: Int32? = nil
    ) throws {
        socket = try WebSocketClient(
            port: server.shardPort, "/?\(query)", token: token, subprotocols: subprotocols,
            offersDeflate: offersDeflate, receiveBufferBytes: receiveBufferBytes)
    }

    /// The next message; pings of the server are no messages.
    func next() throws -> Message {
        while true {
            switch try socket.next() {
            case .text(let text):
                let json = try JSONParser.parse(text)
                guard let number = json["seq"]?.int, let event = json["event"] else {
                    return .json(type: json["type"]?.string ?? "", text)
                }
                return .event(number: number, event.text)
            case .binary(let bytes):
                guard bytes.count > 9 else { throw ProcessError.unexpected("a short binary message: \(bytes)") }
                let number = bytes[1..<9].reduce(0) { $0 << 8 | Int($1) }
                let text = String(decoding: bytes[9...], as: UTF8.self)
                switch bytes[0] {
                case 2: return .keyframe(tick: number, text)
                default: throw ProcessError.unexpected("a binary message of type \(bytes[0])")
                }
            case .close(let code, let reason): return .close(code, reason)
            case .end: return .end
            case .ping, .pong: continue
            case .failure(let problem): throw ProcessError.unexpected(problem)
            }
        }
    }

    /// Skips to the next message of `type`.
    func next(_ type: String) throws -> JSONValue {
        while true {
            let message = try next()
            if message.type == type { return message.json }
            if message == .end { throw ProcessError.unexpected("ended without a message of type \(type)") }
        }
    }

    /// The type of every message up to the end.
    func rest() throws -> [Message] {
        var messages: [Message] = []
        while true {
            let message = try next()
            if message == .end { return messages }
            messages.append(message)
            if case .close = message {
                try socket.sendClose()
                return messages
            }
        }
    }

    func send(_ text: String) throws { try socket.send(text: text) }
}
