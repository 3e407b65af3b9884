package import PylonAuth
package import PylonBytes
package import PylonHTTP
package import PylonJSON
package import PylonNet
package import PylonSimulation

/// One request on its way through the pipeline and to its handler.
package struct Request: Sendable {
    package let head: HTTPRequestHead
    /// The socket's other end; loopback for one on a Unix socket.
    package let peer: IPAddress
    /// The operating system's user at the other end of a Unix socket; nil over TCP.
    package let peerUserID: UInt32?
    private let isLocal: Bool
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

    package init(head: HTTPRequestHead, connection: Connection) {
        self.head = head
        peer = connection.peer
        isLocal = connection.isLocal
        peerUserID = connection.peerUserID
        client = peer
    }

    /// What the request counts against in caps; nil for zone servers and proxies on the same host that speak for themselves.
    package var cappedAddress: IPAddress? { isLocal && client == peer ? nil : client }

    /// Who is asking, as worlds see them.
    package var caller: Caller {
        Caller(userID: identity.userID, isAdmin: identity.isAdmin, systemUserID: peerUserID)
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
