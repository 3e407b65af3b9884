package import PylonBytes
package import PylonEventLoop
internal import PylonStreamProtocol
package import PylonTime

/// One snapshot of one view, encoded once and shared by everyone who receives it: each transport's envelope and the payload in
/// one contiguous buffer, ready for a single `send`.
package final class Frame: @unchecked Sendable {
    // Safety: changed by the `FramePool` it came from alone, and only while that holds the only reference; but for the
    // compressed forms, which are behind their locks.

    package fileprivate(set) var tick = Tick(0)
    /// A binary WebSocket frame: header ‖ tick as u64 big-endian ‖ payload (spec/realtime.md 3.1).
    package var webSocket: SharedBytes? { transports.contains(.webSocket) ? webSocketBytes : nil }
    /// One HTTP chunk holding one server-sent event: `id: <tick>`, `data: <payload>` (spec/realtime.md 3.2).
    package var eventStream: SharedBytes? { transports.contains(.eventStream) ? eventStreamBytes : nil }

    private var transports: Transports = []
    private var webSocketBytes: SharedBytes?
    private var eventStreamBytes: SharedBytes?
    private let deflated = DeflatedForm()
    private var webSocketV2Bytes: SharedBytes?
    private var eventStreamV2Bytes: SharedBytes?
    private let deflatedV2 = DeflatedForm()

    fileprivate init() {}

    /// Encodes `payload` for `transports`, in memory of its own.
    package convenience init(tick: Tick, payload: UnsafeRawBufferPointer, for transports: Transports) {
        self.init()
        var scratch = StreamChunk()
        encode(tick: tick, payload: payload, for: transports, scratch: &scratch)
    }

    /// Whether the frame was encoded for `transport`.
    package func isEncoded(for transport: Transports) -> Bool { transports.contains(transport) }

    /// The form that `transport` carries, nil when the frame was not encoded for it. On `loop`'s thread.
    package func bytes(for transport: Transports, on loop: EventLoop) -> SharedBytes? {
        switch transport {
        case .webSocket: webSocket
        case .eventStream: eventStream
        case .webSocketV2, .webSocketV2Delta: transports.contains(transport) ? webSocketV2Bytes : nil
        case .eventStreamV2: transports.contains(.eventStreamV2) ? eventStreamV2Bytes : nil
        case .webSocketV2Deflated, .webSocketV2DeltaDeflated:
            transports.contains(transport) ? webSocketV2Bytes.map { deflatedV2.bytes(of: $0, on: loop) } : nil
        default: deflatedWebSocket(on: loop)
        }
    }

    /// The whole state as a frame of stream v2, which deltas lead from and to; nil when it was encoded for no WebSocket of it.
    var stateMessage: SharedBytes? { webSocketV2Bytes }

    /// A WebSocket frame compressed with permessage-deflate, or as it is when that is no shorter. On `loop`'s thread, which compresses
    /// it unless another loop has.
    package func deflatedWebSocket(on loop: EventLoop) -> SharedBytes? {
        guard transports.contains(.webSocketDeflated), let plain = webSocketBytes else { return nil }
        return deflated.bytes(of: plain, on: loop)
    }

    /// Whether none of the frame's bytes wait for a client any more. For the one who holds the only reference.
    fileprivate func isUnused() -> Bool {
        (webSocketBytes == nil || isKnownUniquelyReferenced(&webSocketBytes))
            && (eventStreamBytes == nil || isKnownUniquelyReferenced(&eventStreamBytes))
            && (webSocketV2Bytes == nil || isKnownUniquelyReferenced(&webSocketV2Bytes))
            && (eventStreamV2Bytes == nil || isKnownUniquelyReferenced(&eventStreamV2Bytes))
            && deflated.isUnused() && deflatedV2.isUnused()
    }

    fileprivate func encode(
        tick: Tick, payload: UnsafeRawBufferPointer, for transports: Transports, scratch: inout StreamChunk
    ) {
        self.tick = tick
        self.transports = transports
        let message = StreamMessage(number: tick.number, payload: payload)
        deflated.forget(keepingMemory: transports.contains(.webSocketDeflated))
        if transports.contains(.webSocket) || transports.contains(.webSocketDeflated) {
            SharedBytes.refill(&webSocketBytes, count: message.webSocketCount()) { message.writeWebSocket(to: $0) }
        } else {
            webSocketBytes = nil
        }
        if transports.contains(.eventStream) {
            scratch.begin()
            scratch.append(number: tick.number, payload: payload)
            scratch.refill(&eventStreamBytes)
        } else {
            eventStreamBytes = nil
        }
        encodeV2(message, for: transports, scratch: &scratch)
    }

    /// The forms of stream v2.
    private func encodeV2(_ message: StreamMessage, for transports: Transports, scratch: inout StreamChunk) {
        deflatedV2.forget(keepingMemory: !transports.isDisjoint(with: .webSocketsV2Deflated))
        if !transports.isDisjoint(with: .webSocketsV2) {
            let type = ServerMessage.keyframeType
            SharedBytes.refill(&webSocketV2Bytes, count: message.webSocketCount(type: type)) {
                message.writeWebSocket(type: type, to: $0)
            }
        } else {
            webSocketV2Bytes = nil
        }
        if transports.contains(.eventStreamV2) {
            scratch.begin()
            scratch.append(keyframe: message)
            scratch.refill(&eventStreamV2Bytes)
        } else {
            eventStreamV2Bytes = nil
        }
    }
}

/// Makes a view's frames, each in the memory of an earlier one that nobody looks at any more: publishing allocates nothing while
/// clients keep up. Belongs to the shard's worker.
package struct FramePool: ~Copyable {
    /// 48 frames: what a lane and the ring of the slowest client hold together, and the states that deltas lead from.
    package static let framesMaximum = 16 + StateBases.statesMaximum
    /// 64 frames: those that none of so many needed are given back, so that one slow client does not leave its memory behind for ever.
    private static let framesBetweenTrims = 64

    private var frames: ContiguousArray<Frame> = []
    /// How many frames the encodings since the last trim needed, and how many encodings that were.
    private var framesNeeded = 0
    private var encodings = 0
    private var scratch = StreamChunk()

    package init() {}

    /// Encodes `payload` for `transports`.
    package mutating func encode(tick: Tick, payload: UnsafeRawBufferPointer, for transports: Transports) -> Frame {
        let frame = unusedFrame()
        frame.encode(tick: tick, payload: payload, for: transports, scratch: &scratch)
        return frame
    }

    /// The first that nobody looks at, so that the last are the least needed.
    private mutating func unusedFrame() -> Frame {
        trim()
        for index in frames.indices where isKnownUniquelyReferenced(&frames[index]) && frames[index].isUnused() {
            framesNeeded = max(framesNeeded, index + 1)
            return frames[index]
        }
        let frame = Frame()
        if frames.count < Self.framesMaximum { frames.append(frame) }
        framesNeeded = frames.count
        return frame
    }

    private mutating func trim() {
        encodings += 1
        guard encodings > Self.framesBetweenTrims else { return }
        frames.removeLast(frames.count - framesNeeded)
        encodings = 1
        framesNeeded = 0
    }
}
