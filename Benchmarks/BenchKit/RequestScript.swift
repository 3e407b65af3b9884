/// The requests that a load client sends, made once: as lines for a file between two processes, and as bytes for a socket.
package struct RequestScript: Sendable {
    /// One request; its body, if any, is JSON.
    package struct Request: Equatable, Sendable {
        package var method: String
        package var target: String
        package var body: String

        package init(_ method: String, _ target: String, body: String = "") {
            self.method = method
            self.target = target
            self.body = body
        }
    }

    /// The requests, in the order in which they are sent, over and over.
    package var requests: [Request]

    package init(_ requests: [Request]) {
        self.requests = requests
    }

    /// A line for each request: method, target and body with blanks between them. Bodies are written without line ends.
    package var text: String {
        requests.map { "\($0.method) \($0.target) \($0.body)\n" }.joined()
    }

    /// Reads what ``text`` wrote; nil when it is something else.
    package init?(text: String) {
        var requests: [Request] = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, !parts[0].isEmpty, parts[1].hasPrefix("/") else { return nil }
            requests.append(Request(String(parts[0]), String(parts[1]), body: String(parts[2])))
        }
        if requests.isEmpty { return nil }
        self.requests = requests
    }

    /// The requests as they go over a connection that is kept; `token` is the bearer's, empty for none.
    package func messages(host: String, token: String) -> [[UInt8]] {
        requests.map { request in
            var message = "\(request.method) \(request.target) HTTP/1.1\r\nHost: \(host)\r\n"
            if !token.isEmpty { message += "Authorization: Bearer \(token)\r\n" }
            if !request.body.isEmpty {
                message += "Content-Type: application/json\r\nContent-Length: \(request.body.utf8.count)\r\n"
            }
            return Array("\(message)\r\n\(request.body)".utf8)
        }
    }
}
