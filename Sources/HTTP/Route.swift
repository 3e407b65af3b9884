/// One line of a route table: routing, methods, access checks, body limits and the API's document are derived from it.
///
/// A pattern begins with `/`. Its segments are literals, compared with the decoded segments of a path; `:name`, which
/// takes one non-empty segment; or, in last place, `*name`, which takes one or more segments, empty ones included.
package struct Route<Handler> {
    package let method: HTTPMethod
    /// The pattern as written, such as `/api/shards/:id/connect`: the route's label in metrics.
    package let pattern: String
    /// What the API's document says of it; nil for what is no part of the API, such as a page.
    package let description: RouteDescription?
    package let access: RouteAccess
    package let bodyLimit: BodyLimit
    package let handler: Handler

    package init(
        _ method: HTTPMethod, _ pattern: String, _ description: RouteDescription?, access: RouteAccess,
        bodyLimit: BodyLimit = .standard, handler: Handler
    ) {
        self.method = method
        self.pattern = pattern
        self.description = description
        self.access = access
        self.bodyLimit = bodyLimit
        self.handler = handler
    }
}

extension Route: Sendable where Handler: Sendable {}
