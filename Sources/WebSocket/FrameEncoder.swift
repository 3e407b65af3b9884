package import PylonBytes

/// Writes frames (RFC 6455 §5.2). Servers pass no masking key, clients a fresh one for each frame. `isCompressed` marks the first
/// frame of a message that a ``MessageDeflater`` has compressed (RFC 7692 §6).
package enum FrameEncoder {
    /// The longest header that a server writes: two bytes and a 64-bit length.
    package static let headerBytesMaximum = 10

    /// The length of the header in front of a payload of `payloadCount` bytes.
    @inlinable
    package static func headerLength(for payloadCount: Int, isMasked: Bool = false) -> Int {
        let length = payloadCount < 126 ? 2 : payloadCount < 65536 ? 4 : 10
        return isMasked ? length + 4 : length
    }

    /// The length of the header at the front of `frame`, which an encoder has written without a masking key.
    package static func headerLength(ofFrame frame: UnsafeRawBufferPointer) -> Int {
        switch frame[1] {
        case 126: 4
        case 127: 10
        default: 2
        }
    }

    /// Writes an unmasked header to the front of `target`, which must have ``headerLength(for:isMasked:)`` bytes.
    /// Returns the number of bytes written. For payloads that are written before their length is known: leave
    /// ``headerBytesMaximum`` bytes free in front, then write the header right before the payload.
    @discardableResult
    package static func writeHeader(
        _ opcode: Opcode, isFinal: Bool = true, isCompressed: Bool = false, payloadCount: Int,
        to target: UnsafeMutableRawBufferPointer
    ) -> Int {
        target[0] = opcode.rawValue | (isFinal ? 0x80 : 0) | (isCompressed ? 0x40 : 0)
        if payloadCount < 126 {
            target[1] = UInt8(payloadCount)
            return 2
        }
        if payloadCount < 65536 {
            target[1] = 126
            target.storeBytes(of: UInt16(payloadCount).bigEndian, toByteOffset: 2, as: UInt16.self)
            return 4
        }
        target[1] = 127
        target.storeBytes(of: UInt64(payloadCount).bigEndian, toByteOffset: 2, as: UInt64.self)
        return 10
    }

    /// Appends a header for a payload of `payloadCount` bytes, which the caller appends, masked if there is a key.
    package static func writeHeader(
        _ opcode: Opcode, isFinal: Bool = true, isCompressed: Bool = false, payloadCount: Int,
        maskingKey: MaskingKey? = nil, into output: inout ByteBuffer
    ) {
        output.withSpareCapacity(headerBytesMaximum + 4) { spare in
            var length = writeHeader(
                opcode, isFinal: isFinal, isCompressed: isCompressed, payloadCount: payloadCount, to: spare)
            if let maskingKey {
                spare[1] |= 0x80
                spare.storeBytes(of: maskingKey.bits.littleEndian, toByteOffset: length, as: UInt32.self)
                length += 4
            }
            return length
        }
    }

    /// Appends a whole frame.
    package static func write(
        _ opcode: Opcode, _ payload: UnsafeRawBufferPointer, isFinal: Bool = true, isCompressed: Bool = false,
        maskingKey: MaskingKey? = nil, into output: inout ByteBuffer
    ) {
        writeHeader(
            opcode, isFinal: isFinal, isCompressed: isCompressed, payloadCount: payload.count, maskingKey: maskingKey,
            into: &output)
        let start = output.count
        output.append(payload)
        guard let maskingKey else { return }
        output.withUnsafeMutableBytes {
            maskingKey.apply(to: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
        }
    }

    /// Appends a whole frame.
    package static func write(
        _ opcode: Opcode, _ payload: Span<UInt8>, isFinal: Bool = true, maskingKey: MaskingKey? = nil,
        into output: inout ByteBuffer
    ) {
        payload.withUnsafeBytes { write(opcode, $0, isFinal: isFinal, maskingKey: maskingKey, into: &output) }
    }

    /// Appends a text message of one frame.
    package static func writeText(
        _ text: String, maskingKey: MaskingKey? = nil, into output: inout ByteBuffer
    ) {
        write(.text, text.utf8Span.span, maskingKey: maskingKey, into: &output)
    }

    /// Appends a Close frame. A reason beyond the 123 bytes that fit is cut at a character's boundary.
    package static func writeClose(
        _ code: CloseCode?, reason: String = "", maskingKey: MaskingKey? = nil, into output: inout ByteBuffer
    ) {
        guard let code else {
            return write(.close, UnsafeRawBufferPointer(start: nil, count: 0), maskingKey: maskingKey, into: &output)
        }
        precondition(code.isValidOnWire, "close code \(code.rawValue) must not be sent")
        var reason = reason
        reason.withUTF8 { text in
            let reason = UnsafeRawBufferPointer(text)
            let count = ClosePayload.truncatedCount(of: reason)
            var payload: InlineArray<125, UInt8> = .init(repeating: 0)
            payload[0] = UInt8(truncatingIfNeeded: code.rawValue >> 8)
            payload[1] = UInt8(truncatingIfNeeded: code.rawValue)
            for index in 0..<count { payload[2 + index] = reason[index] }
            write(.close, payload.span.extracting(..<(2 + count)), maskingKey: maskingKey, into: &output)
        }
    }
}
