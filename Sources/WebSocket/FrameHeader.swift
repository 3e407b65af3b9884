/// The bytes in front of a frame's payload (RFC 6455 §5.2), checked.
package struct FrameHeader: Hashable, Sendable {
    /// What the payload is.
    package let opcode: Opcode
    /// Whether this is the last frame of its message.
    package let isFinal: Bool
    /// Whether RSV1 is set: this is the first frame of a compressed message (RFC 7692 §6).
    package let isCompressed: Bool
    /// The payload's length in bytes.
    package let payloadCount: Int
    /// The key that the payload is masked with, nil if it is not.
    package let maskingKey: MaskingKey?

    /// The longest header: two bytes, a 64-bit length, a masking key.
    static let bytesMaximum = 14

    enum Outcome {
        /// Nothing wrong so far, but not all there.
        case incomplete
        /// The header and the number of bytes it takes.
        case complete(FrameHeader, bytes: Int)
        case failure(WebSocketError)
    }

    /// Reads the header at the start of `bytes`.
    ///
    /// Each rule is checked as soon as the bytes that decide it are there, so that a prefix which fails, fails in the
    /// same way however much follows. `isDeflated` says that permessage-deflate was negotiated.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, role: WebSocketRole, limit: Int, isDeflated: Bool
    ) -> Outcome {
        guard let first = bytes.first else { return .incomplete }
        if first & 0x30 != 0 { return .failure(.reservedBits) }
        let isCompressed = first & 0x40 != 0
        // RFC 7692 §6 and §6.1: RSV1 is for the first frame of a data message, not for control frames or further fragments.
        if isCompressed, !isDeflated || first & 0x0F == 0 || first & 0x08 != 0 { return .failure(.reservedBits) }
        guard let opcode = Opcode(rawValue: first & 0x0F) else { return .failure(.reservedOpcode(first & 0x0F)) }
        let isFinal = first & 0x80 != 0
        if opcode.isControl, !isFinal { return .failure(.fragmentedControlFrame) }

        guard bytes.count >= 2 else { return .incomplete }
        let second = bytes[1]
        let isMasked = second & 0x80 != 0
        if isMasked != (role == .server) { return .failure(isMasked ? .maskForbidden : .maskMissing) }
        let short = second & 0x7F
        if opcode.isControl, short > 125 { return .failure(.controlFrameTooLong) }

        var index = 2
        var length = UInt64(short)
        if short >= 126 {
            let width = short == 126 ? 2 : 8
            guard bytes.count >= 2 + width else { return .incomplete }
            length = bytes[2..<2 + width].reduce(0) { $0 << 8 | UInt64($1) }
            index += width
            if length >> 63 != 0 { return .failure(.lengthOutOfRange) }
            if length < (width == 2 ? 126 : 65536) { return .failure(.lengthNotMinimal) }
        }
        if length > UInt64(limit) { return .failure(.frameTooBig) }

        guard isMasked else {
            let header = FrameHeader(
                opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, payloadCount: Int(length), maskingKey: nil
            )
            return .complete(header, bytes: index)
        }
        guard bytes.count >= index + 4 else { return .incomplete }
        let key = MaskingKey(bytes[index], bytes[index + 1], bytes[index + 2], bytes[index + 3])
        let header = FrameHeader(
            opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, payloadCount: Int(length), maskingKey: key)
        return .complete(header, bytes: index + 4)
    }
}
