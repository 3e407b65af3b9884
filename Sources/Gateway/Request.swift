package import PylonAuth
package import PylonBytes
package import PylonHTTP
package import PylonJSON

/// One request on its way through the pipeline and to its handler.
package struct Request: Sendable {
    package let head: HTTPRequestHead
    /// The socket's other end.
    package let peer: IPAddress
    /// Who is behind the trusted proxies; the same as `peer` without any. Set by the first stage.
    package var client: IPAddress
    /// Set by the identity stage.
    package var identity = Identity.anonymous
    /// What the route's pattern took from the path.
    package var parameters = RouteParameters()
    /// For the access log's stage.
    var record: RequestRecord?
    /// The whole body; empty for methods whose body is ignored.
    package var body: [UInt8] = []

    package init(head: HTTPRequestHead, peer: IPAddress) {
        self.head = head
        self.peer = peer
        client = peer
    }

    /// The first query parameter called `name`, percent-decoded; `+` stays a plus.
    package func query(_ name: String) -> String? { head.query().first(name) }

    /// The body as JSON. Throws `APIError.invalidJSON`.
    package func json() throws(APIError) -> JSONValue {
        do {
            return try JSONParser.parse(body.span)
        } catch {
            throw .invalidJSON(error.description)
        }
    }
}
