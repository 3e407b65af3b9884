/// The end of the connection that a session plays; it decides who masks (RFC 6455 §5.1).
package enum WebSocketRole: Sendable {
    /// Accepts connections: what it reads must be masked, what it writes is not.
    case server
    /// Opens connections: what it writes must be masked, what it reads must not be.
    case client
}
