/// What a session read. Payloads point into the caller's input or into the session and are valid until the next call
/// of ``WebSocketSession/next(_:)``; copy what has to live longer.
package enum WebSocketEvent {
    /// A whole text message: valid UTF-8.
    case text(UnsafeRawBufferPointer)
    /// A whole binary message.
    case binary(UnsafeRawBufferPointer)
    /// A ping, to be answered by a pong with the same payload (RFC 6455 §5.5.2).
    case ping(UnsafeRawBufferPointer)
    /// A pong, asked for or not.
    case pong(UnsafeRawBufferPointer)
    /// The peer's Close frame: its code, nil if it gave none, and its reason, valid UTF-8. The session is over.
    case close(CloseCode?, reason: UnsafeRawBufferPointer)
    /// The peer broke a rule. The session is over.
    case failure(WebSocketError)
}
