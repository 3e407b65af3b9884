internal import CSystem
internal import Glibc
internal import PylonTime

/// One small HTTP/1.1 exchange with the server under test, blocking and with a time limit.
struct AdminRequest {
    var method: String
    var path: String
    var token: String
    var body = ""

    /// Sends the request; nil when nobody listens or answers.
    func send(port: Int, timeout: Duration = .seconds(5)) -> (status: Int, body: String)? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: Int(timeout.components.seconds), tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout.size(ofValue: limit)))
        }
        guard Loopback.connect(descriptor, port: port) else { return nil }
        let request = Array(text(port: port).utf8)
        guard Glibc.send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return nil
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.count < 1 << 20 {
            let length = recv(descriptor, &buffer, buffer.count, 0)
            guard length > 0 else { break }
            answer.append(contentsOf: buffer[..<length])
        }
        return Self.parse(String(decoding: answer, as: UTF8.self))
    }

    private func text(port: Int) -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\nConnection: close\r\n"
            + "Authorization: Bearer \(token)\r\nAccept: text/plain, application/json\r\n"
            + "Content-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    private static func parse(_ answer: String) -> (status: Int, body: String)? {
        let words = answer.prefix { $0 != "\r\n" }.split(separator: " ")
        guard words.count >= 2, let status = Int(words[1]) else { return nil }
        let lines = answer.split(separator: "\r\n", omittingEmptySubsequences: false)
        let body = lines.drop { !$0.isEmpty }.dropFirst()
        return (status, body.joined(separator: "\n"))
    }
}
