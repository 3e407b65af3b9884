/// The protocol versions that this server speaks.
package enum HTTPVersion: UInt8, Sendable {
    /// Closes after each response unless the client asks for `keep-alive`; knows no chunks.
    case http10
    /// Keeps the connection unless someone says `close`.
    case http11
}
