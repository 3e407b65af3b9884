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
