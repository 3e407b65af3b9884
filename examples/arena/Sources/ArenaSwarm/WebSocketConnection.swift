/// A WebSocket seen from the client (RFC 6455), just enough of it: the handshake's answer is trusted, extensions are
/// not offered, and messages are put together from their fragments.
public final class WebSocketConnection {
    private let socket: Socket
    private var inbox: [UInt8] = []
    private var message: [UInt8] = []
    private var random = SystemRandomNumberGenerator()
    public private(set) var bytesReceived = 0

    /// 64 MiB: what a browser's screenshot may need, and more than any snapshot.
    private static let payloadMaximum = 64 << 20

    /// For `poll`.
    public var descriptor: Int32 { socket.descriptor }

    /// Connects and upgrades. `subprotocol` is offered as it is.
    public init(to endpoint: Endpoint, path: String, subprotocol: String? = nil) throws(ClientError) {
        socket = try Socket(to: endpoint)
        let key = Self.base64((0..<16).map { _ in UInt8.random(in: 0...255) })
        let offer = subprotocol.map { "Sec-WebSocket-Protocol: \($0)\r\n" } ?? ""
        let head = """
            GET \(path) HTTP/1.1\r
            Host: \(endpoint)\r
            Upgrade: websocket\r
            Connection: Upgrade\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: \(key)\r
            \(offer)\r

            """
        try socket.send(Array(head.utf8))
        let answer = try AnswerHead(from: socket, into: &inbox)
        guard answer.status == 101 else { throw .refused(status: answer.status) }
    }

    public func send(text: String) throws(ClientError) {
        try send(opcode: 0x1, Array(text.utf8))
    }

    /// Says goodbye; the connection itself closes with the object.
    public func sendClose() throws(ClientError) {
        try send(opcode: 0x8, [0x03, 0xE8])
    }

    /// Hands over the messages that are there; with `waiting`, at least one. Control frames are dealt with here.
    public func receive(waiting: Bool, _ body: (_ message: [UInt8]) throws(ClientError) -> Void) throws(ClientError) {
        var delivered = false
        while true {
            while let frame = try nextFrame() {
                if try handle(frame, body) { delivered = true }
            }
            if delivered { return }
            guard try receiveMore(waiting: waiting) else { return }
        }
    }

    private struct Frame {
        let isFinal: Bool
        let opcode: UInt8
        let payload: ArraySlice<UInt8>
    }

    private func receiveMore(waiting: Bool) throws(ClientError) -> Bool {
        let before = inbox.count
        let received = try socket.receive(into: &inbox, waiting: waiting)
        bytesReceived += inbox.count - before
        return received
    }

    /// Cuts the first complete frame off the inbox.
    private func nextFrame() throws(ClientError) -> Frame? {
        guard inbox.count >= 2 else { return nil }
        guard inbox[1] & 0x80 == 0 else { throw .malformed("frame: masked by the server") }
        var length = Int(inbox[1] & 0x7F)
        var start = 2
        if length >= 126 {
            let width = length == 126 ? 2 : 8
            guard inbox.count >= 2 + width else { return nil }
            let extended = inbox[2..<2 + width].reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
            guard extended <= UInt64(Self.payloadMaximum) else { throw .malformed("frame: too long") }
            length = Int(extended)
            start += width
        }
        guard inbox.count >= start + length else { return nil }
        let frame = Frame(
            isFinal: inbox[0] & 0x80 != 0, opcode: inbox[0] & 0x0F, payload: inbox[start..<start + length])
        inbox.removeFirst(start + length)
        return frame
    }

    /// True when the frame completed a message.
    private func handle(
        _ frame: Frame, _ body: (_ message: [UInt8]) throws(ClientError) -> Void
    ) throws(ClientError) -> Bool {
        switch frame.opcode {
        case 0x0, 0x1, 0x2:
            guard message.count + frame.payload.count <= Self.payloadMaximum else {
                throw .malformed("message: too long")
            }
            message += frame.payload
            guard frame.isFinal else { return false }
            defer { message.removeAll(keepingCapacity: true) }
            try body(message)
            return true
        case 0x8:
            let code = frame.payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
            throw .closed(code: frame.payload.count >= 2 ? code : nil)
        case 0x9: try send(opcode: 0xA, Array(frame.payload))
        case 0xA: break
        default: throw .malformed("frame: opcode \(frame.opcode)")
        }
        return false
    }

    private func send(opcode: UInt8, _ payload: [UInt8]) throws(ClientError) {
        var frame: [UInt8] = [0x80 | opcode]
        switch payload.count {
        case ..<126: frame.append(0x80 | UInt8(payload.count))
        case ..<65_536: frame += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: frame += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        let key = random.next() as UInt32
        let mask = (0..<4).map { UInt8(truncatingIfNeeded: key >> (24 - 8 * $0)) }
        frame += mask
        for (index, byte) in payload.enumerated() { frame.append(byte ^ mask[index & 3]) }
        try socket.send(frame)
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var text = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 { text.append(place <= group.count ? digits[bits >> (18 - 6 * place) & 63] : "=") }
        }
        return text
    }
}
