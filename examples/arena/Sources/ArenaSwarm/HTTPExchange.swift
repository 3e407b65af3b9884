/// One HTTP/1.1 request on a connection of its own: enough for signing in.
public enum HTTPExchange {
    /// Sends a request without body and returns the body of a 2xx answer; other statuses are thrown.
    public static func request(
        _ method: String, _ path: String, at endpoint: Endpoint
    ) throws(ClientError) -> [UInt8] {
        let socket = try Socket(to: endpoint)
        let head = """
            \(method) \(path) HTTP/1.1\r
            Host: \(endpoint)\r
            Content-Length: 0\r
            Connection: close\r
            \r

            """
        try socket.send(Array(head.utf8))
        var received: [UInt8] = []
        let answer = try AnswerHead(from: socket, into: &received)
        guard (200..<300).contains(answer.status) else { throw .refused(status: answer.status) }
        guard let length = answer.field("content-length").flatMap({ Int($0) }), (0...1_048_576).contains(length) else {
            throw .malformed("answer without a sensible Content-Length")
        }
        while received.count < length { try socket.receive(into: &received, waiting: true) }
        return Array(received.prefix(length))
    }
}

/// Status line and fields of an answer.
struct AnswerHead {
    let status: Int
    private let lines: [Substring]

    /// Reads up to the empty line; what follows it stays in `rest`.
    init(from socket: borrowing Socket, into rest: inout [UInt8]) throws(ClientError) {
        var end = Self.endOfHead(rest)
        while end == nil {
            guard rest.count < 65_536 else { throw .malformed("answer head") }
            try socket.receive(into: &rest, waiting: true)
            end = Self.endOfHead(rest)
        }
        let text = String(decoding: rest.prefix(end ?? 0), as: UTF8.self)
        rest.removeFirst(end ?? 0)
        lines = text.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw .malformed("status line")
        }
        self.status = status
    }

    /// The value of a field; `name` in lower case.
    func field(_ name: String) -> Substring? {
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), line[..<colon].lowercased() == name else { continue }
            return line[line.index(after: colon)...].drop { $0 == " " }
        }
        return nil
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        guard bytes.count >= 4 else { return nil }
        let mark: [UInt8] = [13, 10, 13, 10]
        return (0...bytes.count - 4).first { bytes[$0..<$0 + 4].elementsEqual(mark) }.map { $0 + 4 }
    }
}
