package import PylonHTTP

/// A route without its handler: what a document says of it.
package struct DocumentedRoute: Hashable, Sendable {
    package let method: HTTPMethod
    package let pattern: String
    package let access: RouteAccess
    package let bodyLimit: BodyLimit
    package let description: RouteDescription

    /// Nil for a route that is no part of the API.
    package init?<Handler>(_ route: Route<Handler>) {
        guard let description = route.description else { return nil }
        method = route.method
        pattern = route.pattern
        access = route.access
        bodyLimit = route.bodyLimit
        self.description = description
    }
}
