internal import PylonBytes
package import PylonHTTP
package import PylonJSON

/// The API as OpenAPI 3.0.3 (spec/data.md 6.1), made of the tables that the server routes by and of the app's manifest.
///
/// Routes that take an entity's or an action's name become one path for each, with the name as it is routed (defect 48). Where two
/// schemas or operations would have one name, the later gets a `_` behind it.
package struct APIDocument: Sendable {
    package let json: JSONValue

    /// Writes the document; O(routes times entities).
    ///
    /// `errors` are those that come from outside the routes.
    package init(_ routes: [DocumentedRoute], of app: DocumentedApp, errors: SharedFailures) {
        var writer = OperationWriter(app, errors: errors)
        var paths = JSONObject()
        for route in routes {
            for (path, operation) in writer.operations(of: route) {
                var item = paths[path]?.object ?? JSONObject()
                item[route.method.token.lowercased()] = operation
                paths[path] = .object(item)
            }
        }
        let topics = RouteTopic.allCases.filter { topic in routes.contains { $0.description.topic == topic } }
        json = [
            "openapi": "3.0.3", "info": ["title": .string(app.title), "version": .string(app.version)],
            "servers": [["url": ""]], "tags": .array(topics.map { ["name": .string($0.rawValue)] }),
            "paths": .object(paths),
            "components": [
                "schemas": .object(writer.schemas.components), "responses": .object(writer.sharedResponses),
                "securitySchemes": ["BearerAuth": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    /// The document's text.
    package var bytes: [UInt8] {
        var writer = JSONWriter(capacity: 64 * 1024)
        writer.value(json)
        return writer.finish().copyBytes()
    }
}

/// The errors that routes have in common: they come from what stands before a route, not from its handler.
package struct SharedFailures: Sendable {
    /// Of every route.
    package let anywhere: [RouteFailure]
    /// Of routes whose path has parameters: with an empty one it is another path, which may have other methods or none.
    let parameters: [RouteFailure]
    /// Of routes for callers with a user id.
    package let user: RouteFailure
    /// Of routes for administrators.
    package let admin: RouteFailure

    package init(
        anywhere: [RouteFailure], parameters: [RouteFailure], user: RouteFailure, admin: RouteFailure
    ) {
        self.anywhere = anywhere
        self.parameters = parameters
        self.user = user
        self.admin = admin
    }
}
