package import PylonGateway
package import PylonHTTP
package import PylonOpenAPI

/// The API's own document (spec/data.md 6.1), made once: neither routes nor manifest change while the process lives.
package enum OpenAPIRoutes {
    /// The route to the document of `routes` and of itself.
    package static func table(documenting routes: [Route<Handler>], of app: DocumentedApp) -> [Route<Handler>] {
        func route(_ handler: Handler) -> Route<Handler> {
            Route(.get, "/api/openapi.json", .openAPI, access: .anyone, bodyLimit: .none, handler: handler)
        }
        let itself = route(.immediate { (_) throws(APIError) in throw .notFound })
        let document = APIDocument(
            (routes + [itself]).compactMap(DocumentedRoute.init), of: app,
            errors: SharedFailures(
                anywhere: RouteFailure.anywhere, parameters: [.notFound, .methodNotAllowed], user: .authRequired,
                admin: .forbidden))
        let bytes = document.bytes
        let tag = entityTag(of: bytes)
        return [
            route(
                .immediate { (request) throws(APIError) in
                    var fields: HTTPFields = [.entityTag: tag, .cacheControl: "no-cache"]
                    if request.head.fields.first(.ifNoneMatch) == tag {
                        return HTTPResponse(.notModified, fields: fields)
                    }
                    fields[.contentType] = "application/json"
                    return HTTPResponse(.ok, fields: fields, body: .bytes(bytes))
                })
        ]
    }

    /// FNV-1a of 64 bits: it only has to differ when the document does.
    private static func entityTag(of bytes: [UInt8]) -> String {
        let hash = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "\"\(String(hash, radix: 16))\""
    }
}

extension RouteDescription {
    fileprivate static let openAPI = RouteDescription(
        "getOpenAPI", "This document.", topic: .operations,
        inputs: [.header("If-None-Match", .text, "The `ETag` of a document that the caller has.")],
        answers: [
            RouteAnswer(.ok, "The document.", [.json(.anyObject)], fields: ["ETag"]),
            RouteAnswer(.notModified, "The caller has it.", fields: ["ETag"]),
        ])
}
