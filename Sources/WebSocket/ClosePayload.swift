internal import PylonBytes

/// The payload of a Close frame (RFC 6455 §5.5.1): nothing, or a code and a reason.
struct ClosePayload {
    /// The longest reason: a control frame's 125 bytes less the code.
    static let reasonBytesMaximum = 123

    /// The code, nil for an empty payload.
    let code: CloseCode?
    /// The reason, valid UTF-8; it points into the payload that was read.
    let reason: UnsafeRawBufferPointer

    /// Reads and checks a payload.
    init(_ payload: UnsafeRawBufferPointer) throws(WebSocketError) {
        guard !payload.isEmpty else {
            code = nil
            reason = payload
            return
        }
        guard payload.count >= 2 else { throw .closePayloadTooShort }
        let code = CloseCode(rawValue: UInt16(payload[0]) << 8 | UInt16(payload[1]))
        guard code.isValidOnWire else { throw .invalidCloseCode(code.rawValue) }
        reason = UnsafeRawBufferPointer(rebasing: payload[2...])
        guard UTF8Validator.isValid(reason) else { throw .invalidCloseReason }
        self.code = code
    }

    /// How many of the first bytes of `reason`, which is UTF-8, fit without cutting a character in two.
    static func truncatedCount(of reason: UnsafeRawBufferPointer) -> Int {
        guard reason.count > reasonBytesMaximum else { return reason.count }
        var end = reasonBytesMaximum
        while end > 0, reason[end] & 0xC0 == 0x80 { end -= 1 }
        return end
    }
}
