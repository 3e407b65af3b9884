/// What can go wrong for a client.
public enum ClientError: Error, Hashable, Sendable {
    /// The text names no server: `http://host:port`, `http://host` or `unix:/path`.
    case invalidURL(String)
    /// `https` and `wss` are not there yet: connect to the server itself, over its Unix socket, or through a proxy that ends TLS here.
    case tlsUnsupported
    /// A name or token that cannot stand in a request.
    case invalidOption(String)
    /// The host has no address.
    case unresolved(host: String)
    /// The connection could not be made or broke; the reason is for people.
    case unreachable(String)
    /// The server refused a request: status, stable code and text for people.
    case refused(status: Int, code: String, message: String)
    /// Nothing came for as long as was waited.
    case timedOut
    /// The server closed the WebSocket with this code, without a bye.
    case closed(code: Int, reason: String)
    /// The other side broke HTTP's, WebSocket's or the stream's rules.
    case invalidMessage(String)
    /// The token could not be had.
    case tokenUnavailable(String)
    /// Events came faster than they were read: the stream ended behind the last that is still to be read, and goes on from there when
    /// all have been.
    case eventsOverflowed(limit: Int)
    /// The events behind the last one read are gone from the server's log; the stream goes on with newer ones. Load the state.
    case eventsLost
    /// There is no stream at the moment, so nothing can be sent.
    case notConnected
    /// So much waits to be sent that another input would only come late.
    case congested
    /// The input is no JSON value.
    case unencodable(String)
    /// The connection or its group has been closed.
    case closedHere
}
