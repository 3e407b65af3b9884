internal import PylonBytes
internal import PylonEventLoop
internal import PylonNet
internal import PylonTestSupport
internal import PylonWebSocket

/// A server of shards that says what a test has it say, over real sockets.
final class ScriptedServer: Sendable {
    let server: TestServer
    private let accepted = Mailbox<ScriptedPeer>()

    init() throws {
        let accepted = accepted
        server = try TestServer(makeHandler: { connection in
            let handler = PeerHandler()
            accepted.put(ScriptedPeer(handler, connection))
            return handler
        })
    }

    deinit {
        server.stop()
    }

    var url: String { "http://127.0.0.1:\(server.port)" }

    /// The next connection and its request.
    func next() throws -> ScriptedPeer {
        let peer = try accepted.next()
        peer.request = try peer.requests.next()
        return peer
    }

    /// The next connection, greeted as a WebSocket of stream v2.
    func nextV2(_ hello: String = ScriptedServer.hello()) throws -> ScriptedPeer {
        let peer = try next()
        try peer.acceptWebSocket(subprotocol: "pylon.v2")
        peer.send(hello)
        return peer
    }

    /// Writes each byte by itself.
    func writeSlowly(_ bytes: [UInt8], to peer: ScriptedPeer) throws {
        for byte in bytes {
            peer.write([byte])
            try server.thread.turn()
        }
    }

    static func hello(
        shard: String = "zone", resume: String = "00ff", resumed: Bool = false, ack: Int? = nil, _ more: String = ""
    ) -> String {
        let ack = ack.map { #"{"client_seq":\#($0),"seq":1,"tick":1}"# } ?? "null"
        return """
            {"type":"hello","proto":2,"shard":"\(shard)","sid":"u1","tick":1,"tick_rate_hz":20,"server_ms":1000,\
            "resume":"\(resume)","resumed":\(resumed),"state":"json","ack":\(ack)\(more)}
            """
    }
}

/// One connection to a scripted server, in the hands of a test: a request's lines, then messages.
final class ScriptedPeer: @unchecked Sendable {
    // Safety: `handler` and `connection` are touched on the server's loop only; `request` by the test alone.
    private let handler: PeerHandler
    private let connection: Connection
    let requests: Mailbox<String>
    let messages: Mailbox<String>
    let ended: Mailbox<Void>
    /// The head and the body of the request read last.
    var request = ""

    fileprivate init(_ handler: PeerHandler, _ connection: Connection) {
        self.handler = handler
        self.connection = connection
        requests = handler.requests
        messages = handler.messages
        ended = handler.ended
    }

    /// The value of a field of the request.
    func field(_ name: String) -> String? {
        request.split(separator: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ":") }
            .map { String($0.dropFirst(name.utf8.count + 1).drop { $0 == " " }) }
    }

    /// The request's target.
    var target: String { String(request.split(separator: " ")[1]) }

    func acceptWebSocket(subprotocol: String?) throws {
        let accept = WebSocketHandshake.accept(field("Sec-WebSocket-Key") ?? "")
        var head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Accept: \(accept)\r\n"
        if let subprotocol { head += "Sec-WebSocket-Protocol: \(subprotocol)\r\n" }
        onLoop { handler, _ in handler.isWebSocket = true }
        write(Array((head + "\r\n").utf8))
    }

    /// Sends a text message.
    func send(_ text: String) { sendFrame(.text, Array(text.utf8)) }

    /// Sends a binary message.
    func send(_ bytes: [UInt8]) { sendFrame(.binary, bytes) }

    /// Sends a state of stream v2.
    func send(state: String, tick: UInt64) {
        send([2] + (0..<8).map { UInt8(truncatingIfNeeded: tick >> (56 - 8 * UInt64($0))) } + Array(state.utf8))
    }

    func sendClose(_ code: UInt16, reason: String = "") {
        var output = ByteBuffer()
        FrameEncoder.writeClose(CloseCode(rawValue: code), reason: reason, into: &output)
        write(output.copyBytes())
        onLoop { _, connection in connection.finish() }
    }

    private func sendFrame(_ opcode: Opcode, _ payload: [UInt8]) {
        var output = ByteBuffer()
        FrameEncoder.write(opcode, payload.span, into: &output)
        write(output.copyBytes())
    }

    /// Writes bytes as they are.
    func write(_ bytes: [UInt8]) {
        onLoop { _, connection in connection.write { $0.append(bytes) } }
    }

    /// Answers the request, and keeps the connection.
    func answer(_ status: String, _ body: String, fields: String = "") {
        write(Array("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(fields)\r\n\(body)".utf8))
    }

    /// Begins an event stream.
    func beginEventStream() {
        write(Array("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n".utf8))
    }

    /// Sends one event as a chunk.
    func send(event name: String?, id: String? = nil, _ data: String) {
        var text = name.map { "event: \($0)\n" } ?? ""
        if let id { text += "id: \(id)\n" }
        text += "data: \(data)\n\n"
        write(Array("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n".utf8))
    }

    /// Ends the connection without a word.
    func cut() { onLoop { _, connection in connection.close() } }

    /// The next message that is not a ping.
    func nextMessage() throws -> String {
        while true {
            let message = try messages.next()
            if !message.contains("\"type\":\"ping\"") { return message }
        }
    }

    private func onLoop(_ body: @escaping @Sendable (PeerHandler, Connection) -> Void) {
        connection.loop.submit { [self] in body(handler, connection) }
    }
}

/// Gathers requests, and messages once the connection is a WebSocket's.
private final class PeerHandler: ConnectionHandler {
    let requests = Mailbox<String>()
    let messages = Mailbox<String>()
    let ended = Mailbox<Void>()
    var isWebSocket = false
    private var session = WebSocketSession(role: .server)

    override func received(_ bytes: UnsafeMutableRawBufferPointer, on connection: Connection) -> Int {
        guard isWebSocket else { return takeRequest(bytes) }
        var rest = bytes
        while let event = session.next(&rest) {
            switch event {
            case .text(let text): messages.put(String(decoding: text, as: UTF8.self))
            case .binary(let bytes): messages.put(Hex.encode(Array(bytes)))
            case .close(let code, _):
                messages.put("close \(code?.rawValue ?? 0)")
                connection.finish()
            default: break
            }
        }
        return bytes.count
    }

    private func takeRequest(_ bytes: UnsafeMutableRawBufferPointer) -> Int {
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        guard let blank = lines.dropLast().firstIndex(of: "") else { return 0 }
        let length =
            lines.first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        // Each line has two bytes behind it, the empty one included.
        let total = lines[...blank].reduce(0) { $0 + $1.utf8.count + 2 } + length
        guard bytes.count >= total else { return 0 }
        requests.put(String(decoding: bytes[..<total], as: UTF8.self))
        return total
    }

    override func closed(on connection: Connection) { ended.put(()) }
}
