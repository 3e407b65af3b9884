/// What a body consists of.
package enum RouteContent: Hashable, Sendable {
    case json(ValueSchema)
    /// Text of a media type, without a schema.
    case text(mediaType: String)
    /// Server-sent events without end.
    case eventStream

    /// Without parameters.
    package var mediaType: String {
        switch self {
        case .json: "application/json"
        case .text(let mediaType): mediaType
        case .eventStream: "text/event-stream"
        }
    }
}

/// An answer of a route that does not come from an error.
package struct RouteAnswer: Hashable, Sendable {
    package let status: HTTPStatus
    package let summary: String
    /// The forms that the body can have; none where there is no body.
    package let contents: [RouteContent]
    /// Header fields that it always has beside those of every answer.
    package let fields: [String]

    package init(_ status: HTTPStatus, _ summary: String, _ contents: [RouteContent] = [], fields: [String] = []) {
        self.status = status
        self.summary = summary
        self.contents = contents
        self.fields = fields
    }

    /// 200 with JSON.
    package static func ok(_ summary: String, _ schema: ValueSchema) -> Self { Self(.ok, summary, [.json(schema)]) }
    /// 201 with JSON.
    package static func created(_ summary: String, _ schema: ValueSchema) -> Self {
        Self(.created, summary, [.json(schema)])
    }
}

/// An error that a request can be answered with: its status and its stable code.
package struct RouteFailure: Hashable, Sendable {
    package let status: HTTPStatus
    package let code: String
    /// Header fields that come with it.
    package let fields: [String]

    package init(_ status: HTTPStatus, _ code: String, fields: [String] = []) {
        self.status = status
        self.code = code
        self.fields = fields
    }
}
