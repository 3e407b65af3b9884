/// What a response carries behind its head.
package enum HTTPBody: Sendable {
    /// Nothing; Content-Length is 0 where the status allows a body.
    case empty
    case bytes([UInt8])
    /// A string's UTF-8.
    case text(String)
    /// A literal's UTF-8.
    case literal(StaticString)
    /// Chunks that the caller writes after the head, without a length known beforehand: server-sent events.
    case stream

    /// The number of bytes; nil for a stream.
    package var count: Int? {
        switch self {
        case .empty: 0
        case .bytes(let bytes): bytes.count
        case .text(let text): text.utf8.count
        case .literal(let literal): literal.utf8CodeUnitCount
        case .stream: nil
        }
    }
}

/// A response as a handler makes it. Length, date and connection are the writer's business.
package struct HTTPResponse: Sendable {
    package var status: HTTPStatus
    package var fields: HTTPFields
    package var body: HTTPBody
    /// Whether the connection ends with this response even if the client would keep it.
    package var closesConnection: Bool

    package init(
        _ status: HTTPStatus, fields: HTTPFields = HTTPFields(), body: HTTPBody = .empty, closesConnection: Bool = false
    ) {
        self.status = status
        self.fields = fields
        self.body = body
        self.closesConnection = closesConnection
    }

    /// A response with a Content-Type.
    package init(
        _ status: HTTPStatus, contentType: String, body: HTTPBody, closesConnection: Bool = false
    ) {
        self.init(
            status, fields: [.contentType: contentType], body: body, closesConnection: closesConnection)
    }
}
