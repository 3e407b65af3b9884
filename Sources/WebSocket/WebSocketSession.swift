internal import PylonBytes

/// Reads one peer's side of a WebSocket connection: bytes in, messages and control frames out (RFC 6455 §5 to §8).
///
/// A frame that lies whole in the input costs neither a copy nor an allocation: it is unmasked and delivered where it
/// arrived. Only pieces are gathered, in a buffer that is given back as soon as it has been delivered, so that an idle
/// session holds no heap memory. A compressed message is inflated when all of it is there, by an inflater that many sessions
/// share.
///
/// ```swift
/// var input = received  // UnsafeMutableRawBufferPointer; the session writes to it
/// while let event = session.next(&input) { … }
/// ```
package struct WebSocketSession: ~Copyable {
    /// What the last event left in `buffer` that nobody needs any more.
    private enum Delivered: UInt8 {
        case nothing
        /// The whole buffer.
        case message
        /// The last `controlCount` bytes; in front of them may be a message that is under way.
        case control
        /// The message in the inflater.
        case inflated
    }

    private var decoder: FrameDecoder
    /// The message under way, then the control frame under way: control frames come between fragments, and only one of
    /// the two can be in the middle of a frame.
    private var buffer = ByteBuffer()
    private var validator = UTF8Validator()
    /// The type of the message under way, nil between messages.
    private var message: Opcode?
    /// Whether the message under way is compressed.
    private var isCompressed = false
    private var controlCount: UInt8 = 0
    private var delivered = Delivered.nothing

    /// A session at the start of a stream, behind the handshake, which has agreed on permessage-deflate if `isDeflated`.
    ///
    /// `limits` hold for a message as it travels and as it is delivered.
    package init(role: WebSocketRole, limits: WebSocketLimits = WebSocketLimits(), isDeflated: Bool = false) {
        decoder = FrameDecoder(role: role, limits: limits, isDeflated: isDeflated)
    }

    /// The heap memory held: a message or control frame of which only a part has arrived, otherwise 0.
    package var bufferedBytes: Int { buffer.capacityBytes }

    /// The next event in `input`, which shrinks by what was read; nil when all of it has been taken.
    ///
    /// Call it until it returns nil, also to give back the memory of the last event. After `close` and `failure` all
    /// further input is dropped. An event's bytes are valid until the next call, on this session or on another one with the
    /// same inflater; `inflater` is asked for it only when a compressed message has arrived.
    package mutating func next(
        _ input: inout UnsafeMutableRawBufferPointer, inflater: () -> MessageInflater
    ) -> WebSocketEvent? {
        forgetDelivered(inflater)
        do throws(WebSocketError) {
            while let chunk = try decoder.next(&input) {
                let event = try chunk.opcode.isControl ? takeControl(chunk) : takeData(chunk, inflater)
                if let event { return event }
            }
            return nil
        } catch {
            finish()
            return .failure(error)
        }
    }

    /// The next event of a session without permessage-deflate.
    package mutating func next(_ input: inout UnsafeMutableRawBufferPointer) -> WebSocketEvent? {
        next(&input) { preconditionFailure("a session with permessage-deflate needs an inflater") }
    }

    private mutating func takeData(
        _ chunk: FrameChunk, _ inflater: () -> MessageInflater
    ) throws(WebSocketError) -> WebSocketEvent? {
        if chunk.startsFrame { try start(chunk) }
        if chunk.startsFrame, chunk.endsFrame, chunk.isFinal, chunk.opcode != .continuation {
            message = nil
            if chunk.isCompressed { return try inflate(chunk.bytes, isText: chunk.opcode == .text, inflater()) }
            guard chunk.opcode == .text else { return .binary(chunk.bytes) }
            guard UTF8Validator.isValid(chunk.bytes) else { throw .invalidText }
            return .text(chunk.bytes)
        }
        if message == .text, !isCompressed, !validator.feed(chunk.bytes) { throw .invalidText }
        buffer.append(chunk.bytes)
        guard chunk.endsFrame, chunk.isFinal else { return nil }
        let isText = message == .text
        if isCompressed { return try inflateGathered(isText: isText, inflater()) }
        if isText, !validator.isComplete { throw .invalidText }
        message = nil
        delivered = .message
        let bytes = buffer.withUnsafeBytes { $0 }
        return isText ? .text(bytes) : .binary(bytes)
    }

    private mutating func inflateGathered(
        isText: Bool, _ inflater: MessageInflater
    ) throws(WebSocketError) -> WebSocketEvent {
        let event = try inflate(buffer.withUnsafeBytes { $0 }, isText: isText, inflater)
        message = nil
        buffer.releaseMemory()
        return event
    }

    private mutating func inflate(
        _ bytes: UnsafeRawBufferPointer, isText: Bool, _ inflater: MessageInflater
    ) throws(WebSocketError) -> WebSocketEvent {
        let inflated = try inflater.inflate(bytes, limit: decoder.limits.messageBytesMaximum)
        if isText, !UTF8Validator.isValid(inflated) {
            inflater.release()
            throw .invalidText
        }
        delivered = .inflated
        return isText ? .text(inflated) : .binary(inflated)
    }

    /// Checks a data frame against the message under way (§5.4) and the message limit, before its payload is kept.
    private mutating func start(_ chunk: FrameChunk) throws(WebSocketError) {
        switch (chunk.opcode, message) {
        case (.continuation, nil): throw .continuationWithoutMessage
        case (.continuation, _): break
        case (_, nil):
            message = chunk.opcode
            isCompressed = chunk.isCompressed
            validator = UTF8Validator()
        default: throw .messageInsideMessage
        }
        let frameCount = chunk.bytes.count + chunk.remainingCount
        if buffer.count + frameCount > decoder.limits.messageBytesMaximum { throw .messageTooBig }
        if !chunk.endsFrame {
            // A header is cheap to send: what it announces is reserved only up to a bound, the rest as it arrives.
            buffer.reserve(min(frameCount, 64 << 10))
        }
    }

    private mutating func takeControl(_ chunk: FrameChunk) throws(WebSocketError) -> WebSocketEvent? {
        if chunk.startsFrame, chunk.endsFrame { return try control(chunk.opcode, chunk.bytes) }
        buffer.append(chunk.bytes)
        controlCount += UInt8(chunk.bytes.count)
        guard chunk.endsFrame else { return nil }
        delivered = .control
        let count = Int(controlCount)
        return try control(chunk.opcode, buffer.withUnsafeBytes { UnsafeRawBufferPointer(rebasing: $0.suffix(count)) })
    }

    private mutating func control(
        _ opcode: Opcode, _ payload: UnsafeRawBufferPointer
    ) throws(WebSocketError) -> WebSocketEvent {
        switch opcode {
        case .ping: return .ping(payload)
        case .pong: return .pong(payload)
        default:
            let close = try ClosePayload(payload)
            decoder.end()
            // A message that was under way will not be finished: the whole buffer can go.
            message = nil
            delivered = .message
            return .close(close.code, reason: close.reason)
        }
    }

    private mutating func forgetDelivered(_ inflater: () -> MessageInflater) {
        switch delivered {
        case .nothing: return
        case .message: buffer.releaseMemory()
        case .inflated: inflater().release()
        case .control:
            buffer.dropLast(Int(controlCount))
            controlCount = 0
            if message == nil { buffer.releaseMemory() }
        }
        delivered = .nothing
    }

    private mutating func finish() {
        decoder.end()
        buffer.releaseMemory()
        controlCount = 0
        delivered = .nothing
        message = nil
    }
}
