internal import PylonBytes
package import PylonJSON
package import PylonWebSocket

/// A WebSocket client in the hands of a test.
package final class WebSocketClient {
    /// What came from the server.
    package enum Message: Hashable {
        case text(String)
        case binary([UInt8])
        case ping([UInt8])
        case pong([UInt8])
        case close(UInt16?, String)
        /// The server broke a rule.
        case failure(String)
        /// The connection is over.
        case end
    }

    /// A frame of a shard.
    package struct Snapshot {
        package let tick: UInt64
        /// The bytes behind the tick.
        package let payload: [UInt8]

        /// The payload as JSON; null when it is none.
        package var json: JSONValue {
            do { return try JSONParser.parse(payload.span) } catch { return .null }
        }
    }

    package let socket: TestSocket
    /// The subprotocol that the server chose.
    package private(set) var subprotocol: String?
    /// Whether permessage-deflate was agreed on.
    package var isDeflated: Bool { inflater != nil }
    /// The messages that came compressed.
    package var compressedTotal: UInt64 { inflater?.messagesTotal ?? 0 }
    private var inflater: MessageInflater?
    private var session = WebSocketClient.session(isDeflated: false)
    private var pending: [Message] = []
    private var pendingStart = 0
    private var generator = SystemRandomNumberGenerator()

    /// Connects and shakes hands. Throws `WebSocketClientHandshake.Failure.refused(status:)` when the server will not.
    package convenience init(
        port: UInt16, _ target: String, token: String? = nil, subprotocols: [String] = [], fields: [String] = [],
        offersDeflate: Bool = false, receiveBufferBytes: Int32? = nil
    ) throws {
        try self.init(
            over: try TestSocket(port: port, receiveBufferBytes: receiveBufferBytes), target, token: token,
            subprotocols: subprotocols, fields: fields, offersDeflate: offersDeflate)
    }

    /// Shakes hands over `socket`, which is connected.
    package init(
        over socket: TestSocket, _ target: String, token: String? = nil, subprotocols: [String] = [],
        fields: [String] = [], offersDeflate: Bool = false
    ) throws {
        self.socket = socket
        var pairs: [(name: String, value: String)] = token.map { [("Authorization", "Bearer \($0)")] } ?? []
        for field in fields {
            let parts = field.split(separator: ":", maxSplits: 1)
            pairs.append((String(parts[0]), String(parts[1].drop { $0 == " " })))
        }
        let handshake = WebSocketClientHandshake(
            host: "localhost", target: target, subprotocols: subprotocols, offersDeflate: offersDeflate, fields: pairs,
            from: &generator)
        var request = ByteBuffer()
        handshake.writeRequest(into: &request)
        try socket.send(request.copyBytes())
        while true {
            let waiting = Array(socket.waiting)
            if let acceptance = try handshake.check(waiting.span) {
                subprotocol = acceptance.subprotocol
                if acceptance.isDeflated {
                    inflater = MessageInflater()
                    session = Self.session(isDeflated: true)
                }
                _ = try socket.take(acceptance.headCount)
                return
            }
            guard try socket.receiveMore() else { throw SocketError.ended }
        }
    }

    private static func session(isDeflated: Bool) -> WebSocketSession {
        let limits = WebSocketLimits(frameBytesMaximum: 64 << 20, messageBytesMaximum: 64 << 20)
        return WebSocketSession(role: .client, limits: limits, isDeflated: isDeflated)
    }

    /// The answer to a handshake that is to be refused.
    package static func refusal(
        port: UInt16, _ target: String, token: String? = nil, fields: [String] = []
    ) throws -> HTTPMessage {
        let handshake = [
            "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ]
        return try HTTPClient(port: port).request("GET", target, token: token, fields: handshake + fields)
    }

    // MARK: Sending

    /// Sends a text message.
    package func send(text: String) throws {
        try send(.text, Array(text.utf8))
    }

    /// Sends one frame.
    package func send(
        _ opcode: Opcode, _ payload: [UInt8], isFinal: Bool = true, isCompressed: Bool = false
    ) throws {
        var bytes = ByteBuffer()
        let key = MaskingKey(from: &generator)
        payload.withUnsafeBytes {
            FrameEncoder.write(
                opcode, $0, isFinal: isFinal, isCompressed: isCompressed, maskingKey: key, into: &bytes)
        }
        try socket.send(bytes.copyBytes())
    }

    /// Sends a Close frame.
    package func sendClose(_ code: CloseCode = .normalClosure) throws {
        var bytes = ByteBuffer()
        FrameEncoder.writeClose(code, maskingKey: MaskingKey(from: &generator), into: &bytes)
        try socket.send(bytes.copyBytes())
    }

    // MARK: Receiving

    /// The next message, waiting for it.
    package func next() throws -> Message {
        while pendingStart == pending.count {
            pending.removeAll(keepingCapacity: true)
            pendingStart = 0
            guard var bytes = try takeSome() else { return .end }
            bytes.withUnsafeMutableBytes { buffer in
                var rest = buffer
                while let event = session.next(&rest, inflater: { [self] in inflater ?? MessageInflater() }) {
                    pending.append(Self.message(event))
                }
            }
        }
        pendingStart += 1
        return pending[pendingStart - 1]
    }

    private func takeSome() throws -> [UInt8]? {
        do throws(SocketError) {
            return try socket.takeSome()
        } catch .reset {
            return nil
        }
    }

    private static func message(_ event: WebSocketEvent) -> Message {
        switch event {
        case .text(let bytes): .text(String(decoding: bytes, as: UTF8.self))
        case .binary(let bytes): .binary(Array(bytes))
        case .ping(let bytes): .ping(Array(bytes))
        case .pong(let bytes): .pong(Array(bytes))
        case .close(let code, let reason): .close(code?.rawValue, String(decoding: reason, as: UTF8.self))
        case .failure(let error): .failure("\(error)")
        }
    }

    /// The next snapshot of a shard; nil when something else came, which `next` would have returned.
    package func nextSnapshot() throws -> Snapshot? {
        guard case .binary(let bytes) = try next(), bytes.count >= 8 else { return nil }
        return Snapshot(tick: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }, payload: Array(bytes[8...]))
    }

    /// Reads snapshots until one satisfies `condition`; nil when the stream ended, or none did in time.
    package func snapshot(where condition: (Snapshot) -> Bool) throws -> Snapshot? {
        let deadline = ContinuousClock.now + TestSocket.patience
        while ContinuousClock.now < deadline {
            guard let snapshot = try nextSnapshot() else { return nil }
            if condition(snapshot) { return snapshot }
        }
        return nil
    }

    /// Skips to the Close frame; nil when the connection ended without.
    package func closing() throws -> Message? {
        while true {
            switch try next() {
            case .close(let code, let reason): return .close(code, reason)
            case .end, .failure: return nil
            default: continue
            }
        }
    }
}
