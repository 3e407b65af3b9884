/// What a frame carries (RFC 6455 §5.2). Reserved values cannot be represented; the decoder refuses them.
package enum Opcode: UInt8, Sendable {
    /// A further piece of the message that an earlier frame began.
    case continuation = 0x0
    /// A message, or its first piece, that is UTF-8 text.
    case text = 0x1
    /// A message, or its first piece, of any bytes.
    case binary = 0x2
    /// The last frame of its sender.
    case close = 0x8
    /// A question that must be answered by a pong with the same payload.
    case ping = 0x9
    /// The answer to a ping, or an unsolicited sign of life.
    case pong = 0xA

    /// Whether this is a control frame: never fragmented, at most 125 bytes, allowed between fragments (§5.5).
    @inlinable
    package var isControl: Bool { rawValue & 0x8 != 0 }
}
