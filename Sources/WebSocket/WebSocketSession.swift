internal import PylonBytes

/// Reads one peer's side of a WebSocket connection: bytes in, messages and control frames out (RFC 6455 §5 to §8).
///
/// A frame that lies whole in the input costs neither a copy nor an allocation: it is unmasked and delivered where it
/// arrived. Only pieces are gathered, in a buffer that is given back as soon as it has been delivered, so that an idle
/// session holds no heap memory.
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
    }

    private var decoder: FrameDecoder
    /// The message under way, then the control frame under way: control frames come between fragments, and only one of
    /// the two can be in the middle of a frame.
    private var buffer = ByteBuffer()
    private var validator = UTF8Validator()
    /// The type of the message under way, nil between messages.
    private var message: Opcode?
    private var controlCount: UInt8 = 0
    private var delivered = Delivered.nothing

    /// A session at the start of a stream, behind the handshake.
    package init(role: WebSocketRole, limits: WebSocketLimits = WebSocketLimits()) {
        decoder = FrameDecoder(role: role, limits: limits)
    }

    /// The heap memory held: a message or control frame of which only a part has arrived, otherwise 0.
    package var bufferedBytes: Int { buffer.capacityBytes }

    /// The next event in `input`, which shrinks by what was read; nil when all of it has been taken.
    ///
    /// Call it until it returns nil, also to give back the memory of the last event. After `close` and `failure` all
    /// further input is dropped.
    package mutating func next(_ input: inout UnsafeMutableRawBufferPointer) -> WebSocketEvent? {
        forgetDelivered()
        do throws(WebSocketError) {
            while let chunk = try decoder.next(&input) {
                let event = try chunk.opcode.isControl ? takeControl(chunk) : takeData(chunk)
                if let event { return event }
            }
            return nil
        } catch {
            finish()
            return .failure(error)
        }
    }

    private mutating func takeData(_ chunk: FrameChunk) throws(WebSocketError) -> WebSocketEvent? {
        if chunk.startsFrame { try start(chunk) }
        if chunk.startsFrame, chunk.endsFrame, chunk.isFinal, chunk.opcode != .continuation {
            message = nil
            guard chunk.opcode == .text else { return .binary(chunk.bytes) }
            guard UTF8Validator.isValid(chunk.bytes) else { throw .invalidText }
            return .text(chunk.bytes)
        }
        if message == .text, !validator.feed(chunk.bytes) { throw .invalidText }
        buffer.append(chunk.bytes)
        guard chunk.endsFrame, chunk.isFinal else { return nil }
        let isText = message == .text
        if isText, !validator.isComplete { throw .invalidText }
        message = nil
        delivered = .message
        let bytes = buffer.withUnsafeBytes { $0 }
        return isText ? .text(bytes) : .binary(bytes)
    }

    /// Checks a data frame against the message under way (§5.4) and the message limit, before its payload is kept.
    private mutating func start(_ chunk: FrameChunk) throws(WebSocketError) {
        switch (chunk.opcode, message) {
        case (.continuation, nil): throw .continuationWithoutMessage
        case (.continuation, _): break
        case (_, nil):
            message = chunk.opcode
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

    private mutating func forgetDelivered() {
        switch delivered {
        case .nothing: return
        case .message: buffer.releaseMemory()
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
