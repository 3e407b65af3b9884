package import PylonGateway
package import PylonHTTP

/// A file that the server hands out as it is, compiled into the binary.
public struct Page: Sendable {
    /// The path it is served under, exactly, e.g. `/` or `/arena.js`.
    public let path: String
    /// The value of Content-Type.
    public let contentType: String
    public let bytes: [UInt8]

    public init(path: String, contentType: String, bytes: [UInt8]) {
        self.path = path
        self.contentType = contentType
        self.bytes = bytes
    }
}

/// The pages of a game, same-origin by policy: nothing is loaded from, sent to or framed by other hosts.
package enum PageRoutes {
    /// Scripts only from files of the server's own; sockets to its other ports.
    static let contentSecurityPolicy =
        "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        + "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

    /// One route for each page.
    package static func table(_ pages: [Page]) -> [Route<Handler>] {
        pages.map { page in
            var fields: HTTPFields = [.contentType: page.contentType, .cacheControl: "no-cache"]
            fields["Content-Security-Policy"] = contentSecurityPolicy
            let response = HTTPResponse(.ok, fields: fields, body: .bytes(page.bytes))
            return Route(
                .get, page.path, nil, access: .anyone, bodyLimit: .none,
                handler: .immediate { (_) throws(APIError) in response })
        }
    }
}
