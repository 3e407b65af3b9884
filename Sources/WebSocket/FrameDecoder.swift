/// A part of one frame: all of it when all of it was there.
package struct FrameChunk {
    /// What the frame carries.
    package let opcode: Opcode
    /// Whether the frame is the last of its message.
    package let isFinal: Bool
    /// Whether this chunk starts a frame that starts a compressed message (RFC 7692 §6).
    package let isCompressed: Bool
    /// Whether this chunk holds the frame's first byte. It may then be empty: the header alone has arrived.
    package let startsFrame: Bool
    /// Whether this chunk holds the frame's last byte.
    package let endsFrame: Bool
    /// The bytes of the frame that are still to come behind this chunk.
    package let remainingCount: Int
    /// The payload's bytes, unmasked, where they arrived. Valid until the input is overwritten.
    package let bytes: UnsafeRawBufferPointer
}

/// Cuts a stream of bytes into frames (RFC 6455 §5.2), whatever the pieces it arrives in.
///
/// It keeps no payload: bytes are unmasked where they lie and handed on at once. It knows frames, not messages; see
/// ``WebSocketSession`` for those.
package struct FrameDecoder {
    private enum State {
        /// In front of or inside a header, of which these bytes have arrived.
        case header(PartialHeader)
        /// Inside a payload: the bytes still missing, and the key as it applies to the next one.
        case payload(missing: UInt32, key: MaskingKey)
        /// Behind a failure or a Close frame: whatever arrives is dropped.
        case ended
    }

    private var state = State.header(PartialHeader())
    private var opcode = Opcode.continuation
    private var isFinal = false
    /// Which end of the connection this is.
    package let role: WebSocketRole
    /// What the peer may send; only the frame limit is applied here.
    package let limits: WebSocketLimits
    /// Whether permessage-deflate was negotiated. It changes the bits that are allowed; nothing is inflated here.
    package let isDeflated: Bool

    /// A decoder at the start of a stream, behind the handshake.
    package init(role: WebSocketRole, limits: WebSocketLimits = WebSocketLimits(), isDeflated: Bool = false) {
        self.role = role
        self.limits = limits
        self.isDeflated = isDeflated
    }

    /// Takes the next chunk from the front of `input`, shrinking it; nil when all of it has been taken.
    ///
    /// Throws once, at the first byte that breaks a rule; from then on everything is dropped.
    package mutating func next(_ input: inout UnsafeMutableRawBufferPointer) throws(WebSocketError) -> FrameChunk? {
        guard !input.isEmpty else { return nil }
        switch state {
        case .ended:
            input.removeFirst(input.count)
            return nil
        case .payload(let missing, let key):
            return takePayload(&input, missing: Int(missing), key: key, startsFrame: false, isCompressed: false)
        case .header(let partial):
            switch partial.count == 0 ? parse(UnsafeRawBufferPointer(input)) : parse(partial, input) {
            case .incomplete:
                state = .header(partial.appending(UnsafeRawBufferPointer(input)))
                input.removeFirst(input.count)
                return nil
            case .failure(let error):
                end()
                input.removeFirst(input.count)
                throw error
            case .complete(let header, let bytes):
                input.removeFirst(bytes - Int(partial.count))
                opcode = header.opcode
                isFinal = header.isFinal
                let key = header.maskingKey ?? MaskingKey(0, 0, 0, 0)
                return takePayload(
                    &input, missing: header.payloadCount, key: key, startsFrame: true, isCompressed: header.isCompressed
                )
            }
        }
    }

    private func parse(_ bytes: UnsafeRawBufferPointer) -> FrameHeader.Outcome {
        FrameHeader.parse(bytes, role: role, limit: limits.frameBytesMaximum, isDeflated: isDeflated)
    }

    /// Parses the header that `partial` and `more` begin with.
    private func parse(_ partial: PartialHeader, _ more: UnsafeMutableRawBufferPointer) -> FrameHeader.Outcome {
        partial.appending(UnsafeRawBufferPointer(more)).withBytes { parse($0) }
    }

    /// Drops everything that is still to come, as §5.5.1 asks behind a Close frame.
    package mutating func end() {
        state = .ended
    }

    private mutating func takePayload(
        _ input: inout UnsafeMutableRawBufferPointer, missing: Int, key: MaskingKey, startsFrame: Bool,
        isCompressed: Bool
    ) -> FrameChunk {
        let taken = min(missing, input.count)
        let bytes = UnsafeMutableRawBufferPointer(rebasing: input[..<taken])
        input.removeFirst(taken)
        if role == .server { key.apply(to: bytes) }
        let endsFrame = taken == missing
        state =
            endsFrame
            ? .header(PartialHeader()) : .payload(missing: UInt32(missing - taken), key: key.advanced(by: taken))
        return FrameChunk(
            opcode: opcode, isFinal: isFinal, isCompressed: isCompressed, startsFrame: startsFrame,
            endsFrame: endsFrame,
            remainingCount: missing - taken, bytes: UnsafeRawBufferPointer(bytes))
    }
}

/// The bytes of a header whose end has not arrived; inline, so that a split header costs no allocation.
private struct PartialHeader {
    private var bytes: InlineArray<14, UInt8> = .init(repeating: 0)
    private(set) var count: UInt8 = 0

    /// Lets `body` read these bytes.
    func withBytes(_ body: (UnsafeRawBufferPointer) -> FrameHeader.Outcome) -> FrameHeader.Outcome {
        withUnsafeBytes(of: bytes) { body(UnsafeRawBufferPointer(rebasing: $0[..<Int(count)])) }
    }

    /// These bytes followed by as many of `more` as a header can have.
    func appending(_ more: UnsafeRawBufferPointer) -> PartialHeader {
        var joined = self
        for byte in more.prefix(FrameHeader.bytesMaximum - Int(count)) {
            joined.bytes[Int(joined.count)] = byte
            joined.count += 1
        }
        return joined
    }
}

extension UnsafeMutableRawBufferPointer {
    /// Drops `count` bytes from the front.
    @inline(__always)
    fileprivate mutating func removeFirst(_ count: some BinaryInteger) {
        self = UnsafeMutableRawBufferPointer(rebasing: self[Int(count)...])
    }
}
