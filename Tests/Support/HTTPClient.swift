package import PylonJSON

/// A response as a test looks at it.
package struct HTTPMessage {
    package let status: Int
    package let version: String
    package let fields: [(name: String, value: String)]
    package var body: [UInt8] = []

    /// The value of the one field called `name` in any case; nil when there is none or more than one.
    package func field(_ name: String) -> String? {
        let values = fields.filter { $0.name.lowercased() == name.lowercased() }.map(\.value)
        return values.count == 1 ? values[0] : nil
    }

    /// The body as text.
    package var text: String { String(decoding: body, as: UTF8.self) }

    /// The body as JSON; null when it is none.
    package var json: JSONValue {
        do { return try JSONParser.parse(text) } catch { return .null }
    }

    /// The stable code of an error body.
    package var errorCode: String? { json["error"]?["code"]?.string }
}

/// Speaks HTTP/1.1 byte by byte as a test dictates.
package final class HTTPClient {
    package let socket: TestSocket

    /// Connects to `port`.
    package convenience init(port: UInt16) throws {
        self.init(over: try TestSocket(port: port))
    }

    /// Speaks over `socket`, which is connected.
    package init(over socket: TestSocket) {
        self.socket = socket
    }

    /// Sends a whole request: a head made of the arguments, then `body`.
    package func send(
        _ method: String, _ target: String, token: String? = nil, fields: [String] = [], body: String? = nil
    ) throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for field in fields { head += field + "\r\n" }
        if let body { head += "Content-Length: \(body.utf8.count)\r\n" }
        try socket.send(head + "\r\n" + (body ?? ""))
    }

    /// Reads the head of a response, the empty line included.
    package func readHead() throws -> HTTPMessage {
        let head = String(decoding: try socket.take(through: "\r\n\r\n"), as: UTF8.self)
        var lines = Self.split(head, "\r\n")[...]
        let status = Self.split(lines.popFirst() ?? "", " ")
        let fields = lines.compactMap { line -> (name: String, value: String)? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }
            return (String(line[..<colon]), String(value))
        }
        return HTTPMessage(
            status: status.count > 1 ? Int(status[1]) ?? 0 : 0, version: status.first ?? "", fields: fields)
    }

    /// Reads a whole response; that to a HEAD has no body, whatever its fields say.
    package func readResponse(toHead: Bool = false) throws -> HTTPMessage {
        var message = try readHead()
        let hasNoBody = toHead || message.status == 204 || message.status == 304 || message.status < 200
        if hasNoBody { return message }
        if message.field("Transfer-Encoding") == "chunked" {
            while let chunk = try readChunk() { message.body += chunk }
        } else if let length = message.field("Content-Length").flatMap({ Int($0) }) {
            message.body = try socket.take(length)
        } else {
            message.body = try socket.takeRest()
        }
        return message
    }

    /// Reads a chunk of a chunked body; nil at its end.
    package func readChunk() throws -> [UInt8]? {
        let line = String(decoding: try socket.take(through: "\r\n").dropLast(2), as: UTF8.self)
        guard let size = Int(line, radix: 16) else { throw SocketError.failed("chunk size \(line)", 0) }
        let chunk = try socket.take(size)
        guard try socket.take(2) == [0x0D, 0x0A] else { throw SocketError.failed("chunk end", 0) }
        return size == 0 ? nil : chunk
    }

    /// Sends a request and reads its response; the connection stays open.
    package func request(
        _ method: String, _ target: String, token: String? = nil, fields: [String] = [], body: String? = nil
    ) throws -> HTTPMessage {
        try send(method, target, token: token, fields: fields, body: body)
        return try readResponse(toHead: method == "HEAD")
    }

    private static func split(_ text: String, _ separator: String) -> [String] {
        var parts: [String] = []
        var rest = Array(text.utf8)[...]
        let mark = Array(separator.utf8)
        while let found = rest.indices.first(where: { rest[$0...].starts(with: mark) }) {
            parts.append(String(decoding: rest[..<found], as: UTF8.self))
            rest = rest[(found + mark.count)...]
        }
        return parts + [String(decoding: rest, as: UTF8.self)]
    }
}
