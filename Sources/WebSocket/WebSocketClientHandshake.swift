package import PylonBytes

/// The client's half of the opening handshake (RFC 6455 §4.1): the request, and a check of the response.
package struct WebSocketClientHandshake: Sendable {
    /// Why a response was not accepted.
    package enum Failure: Error, Hashable, Sendable {
        /// The head is not HTTP, or longer than ``headBytesMaximum``.
        case malformed
        /// A status other than 101.
        case refused(status: Int)
        /// `Upgrade` or `Connection` do not say that the protocol changes.
        case notUpgraded
        /// `Sec-WebSocket-Accept` does not match the key.
        case acceptMismatch
        /// A subprotocol or an extension that was not offered, or one accepted in a way that was not.
        case unexpectedNegotiation
    }

    /// A response that was accepted.
    package struct Acceptance: Hashable, Sendable {
        /// The subprotocol that the server chose.
        package let subprotocol: String?
        /// Whether messages may be compressed: permessage-deflate was offered and accepted.
        package let isDeflated: Bool
        /// The length of the response head; frames follow.
        package let headCount: Int
    }

    /// A longer response head is taken for an attack.
    package static let headBytesMaximum = 16 << 10

    /// The value of `Host`.
    package let host: String
    /// The request target: path and query.
    package let target: String
    /// The value of `Sec-WebSocket-Key`.
    package let key: String
    /// The subprotocols offered.
    package let subprotocols: [String]
    /// Whether permessage-deflate is offered.
    package let offersDeflate: Bool
    /// More fields, such as `Authorization`.
    package let fields: [(name: String, value: String)]

    /// A handshake. `generator` makes the key of 16 random bytes (§4.1 item 7).
    package init(
        host: String, target: String = "/", subprotocols: [String] = [], offersDeflate: Bool = false,
        fields: [(name: String, value: String)] = [], from generator: inout some RandomNumberGenerator
    ) {
        self.host = host
        self.target = target
        self.subprotocols = subprotocols
        self.offersDeflate = offersDeflate
        self.fields = fields
        key = Base64.encode((0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) })
    }

    /// Appends the request.
    package func writeRequest(into output: inout ByteBuffer) {
        var head = "GET \(target) HTTP/1.1\r\nHost: \(host)\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        head += "Sec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
        if !subprotocols.isEmpty {
            head += "Sec-WebSocket-Protocol: \(subprotocols.joined(separator: ", "))\r\n"
        }
        if offersDeflate { head += "Sec-WebSocket-Extensions: \(DeflateNegotiation.offer)\r\n" }
        for field in fields { head += "\(field.name): \(field.value)\r\n" }
        output.append(head + "\r\n")
    }

    /// Checks the response at the start of `received`: everything since the connection opened. Nil while the head's
    /// end has not arrived.
    package func check(_ received: Span<UInt8>) throws(Failure) -> Acceptance? {
        guard let count = Self.headCount(received) else {
            guard received.count < Self.headBytesMaximum else { throw .malformed }
            return nil
        }
        guard count <= Self.headBytesMaximum else { throw .malformed }
        let head = received.extracting(..<(count - 4)).withUnsafeBytes { String(validating: $0, as: UTF8.self) }
        guard let head else { throw .malformed }
        var lines = head.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(Substring($0.last == 0x0D ? $0.dropLast() : $0)) }[...]
        try Self.checkStatus(lines.popFirst() ?? "")
        var response = Response()
        for line in lines { try response.add(line) }
        try check(response)
        return Acceptance(
            subprotocol: try subprotocol(response), isDeflated: try isDeflated(response), headCount: count)
    }

    private func check(_ response: Response) throws(Failure) {
        guard WebSocketHandshake.contains("websocket", in: response.upgrade),
            WebSocketHandshake.contains("upgrade", in: response.connection)
        else { throw .notUpgraded }
        guard response.accept == [WebSocketHandshake.accept(key)] else { throw .acceptMismatch }
    }

    private func isDeflated(_ response: Response) throws(Failure) -> Bool {
        let answer = DeflateNegotiation.check(answer: response.extensions)
        guard let answer, offersDeflate || !answer else { throw .unexpectedNegotiation }
        return answer
    }

    private func subprotocol(_ response: Response) throws(Failure) -> String? {
        guard response.subprotocol.count <= 1 else { throw .unexpectedNegotiation }
        guard let subprotocol = response.subprotocol.first else { return nil }
        guard subprotocols.contains(subprotocol) else { throw .unexpectedNegotiation }
        return subprotocol
    }

    private static func checkStatus(_ line: String) throws(Failure) {
        let parts = line.split(separator: " ", maxSplits: 2)
        guard parts.count >= 2, parts[0] == "HTTP/1.1", parts[1].utf8.count == 3, let status = Int(parts[1]) else {
            throw .malformed
        }
        guard status == 101 else { throw .refused(status: status) }
    }

    /// The length of the head with the empty line that ends it.
    private static func headCount(_ received: Span<UInt8>) -> Int? {
        var index = 3
        while index < received.count {
            if received[index] == 0x0A, received[index - 1] == 0x0D, received[index - 2] == 0x0A,
                received[index - 3] == 0x0D
            {
                return index + 1
            }
            index += 1
        }
        return nil
    }

    /// The fields of a response that matter here.
    private struct Response {
        var upgrade: [String] = []
        var connection: [String] = []
        var accept: [String] = []
        var subprotocol: [String] = []
        var extensions: [String] = []

        mutating func add(_ line: String) throws(Failure) {
            guard let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")) else { throw .malformed }
            let name = line.utf8[..<colon]
            var value = line[line.utf8.index(after: colon)...]
            while value.first == " " || value.first == "\t" { value.removeFirst() }
            while value.last == " " || value.last == "\t" { value.removeLast() }
            let text = String(value)
            if WebSocketHandshake.equalsIgnoringCase(name, "upgrade") { upgrade.append(text) }
            if WebSocketHandshake.equalsIgnoringCase(name, "connection") { connection.append(text) }
            if WebSocketHandshake.equalsIgnoringCase(name, "sec-websocket-accept") { accept.append(text) }
            if WebSocketHandshake.equalsIgnoringCase(name, "sec-websocket-protocol") { subprotocol.append(text) }
            if WebSocketHandshake.equalsIgnoringCase(name, "sec-websocket-extensions") { extensions.append(text) }
        }
    }
}
