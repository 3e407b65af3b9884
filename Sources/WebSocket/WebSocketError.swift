/// What a peer did wrong. The connection cannot go on: send ``closeCode`` and disconnect (RFC 6455 §7.1.7).
package enum WebSocketError: Error, Hashable, Sendable {
    /// A bit that no negotiated extension defines is set (§5.2).
    case reservedBits
    /// An opcode of 3 to 7 or 11 to 15 (§5.2).
    case reservedOpcode(UInt8)
    /// A control frame without its FIN bit (§5.5).
    case fragmentedControlFrame
    /// A control frame that announces more than 125 bytes (§5.5).
    case controlFrameTooLong
    /// A length in more bytes than it needs (§5.2: "the minimal number of bytes MUST be used").
    case lengthNotMinimal
    /// A 64-bit length with its highest bit set (§5.2).
    case lengthOutOfRange
    /// A client's frame without a mask (§5.1).
    case maskMissing
    /// A server's frame with a mask (§5.1).
    case maskForbidden
    /// A frame beyond ``WebSocketLimits/frameBytesMaximum``.
    case frameTooBig
    /// A message beyond ``WebSocketLimits/messageBytesMaximum``.
    case messageTooBig
    /// A continuation frame although no message is under way (§5.4).
    case continuationWithoutMessage
    /// A text or binary frame before the last fragment of the previous message (§5.4).
    case messageInsideMessage
    /// A text message that is not UTF-8 (§8.1).
    case invalidText
    /// A compressed message that is no deflate stream, or the beginning of one (RFC 7692 §7.2.2).
    case invalidCompression
    /// A Close frame with a payload of one byte (§5.5.1).
    case closePayloadTooShort
    /// A Close frame with a code that must not be sent (§7.4).
    case invalidCloseCode(UInt16)
    /// A Close frame whose reason is not UTF-8 (§5.5.1).
    case invalidCloseReason

    /// The code that tells the peer (§7.4.1).
    package var closeCode: CloseCode {
        switch self {
        case .reservedBits, .reservedOpcode, .fragmentedControlFrame, .controlFrameTooLong, .lengthNotMinimal,
            .lengthOutOfRange, .maskMissing, .maskForbidden, .continuationWithoutMessage, .messageInsideMessage,
            .closePayloadTooShort, .invalidCloseCode:
            .protocolError
        // RFC 7692 names no code for compression; 1007 is for data that is not consistent with the message's type.
        case .invalidText, .invalidCompression, .invalidCloseReason: .invalidPayload
        case .frameTooBig, .messageTooBig: .messageTooBig
        }
    }

    /// A reason for the Close frame and the log; not contractual.
    package var reason: StaticString {
        switch self {
        case .reservedBits: "reserved bits set"
        case .reservedOpcode: "reserved opcode"
        case .fragmentedControlFrame: "fragmented control frame"
        case .controlFrameTooLong: "control frame over 125 bytes"
        case .lengthNotMinimal: "length not in its shortest form"
        case .lengthOutOfRange: "length out of range"
        case .maskMissing: "frame not masked"
        case .maskForbidden: "frame masked"
        case .frameTooBig: "frame over the limit"
        case .messageTooBig: "message over the limit"
        case .continuationWithoutMessage: "continuation without a message"
        case .messageInsideMessage: "new message inside a fragmented one"
        case .invalidText: "text is not UTF-8"
        case .invalidCompression: "compressed message cannot be inflated"
        case .closePayloadTooShort: "close payload of one byte"
        case .invalidCloseCode: "invalid close code"
        case .invalidCloseReason: "close reason is not UTF-8"
        }
    }
}
