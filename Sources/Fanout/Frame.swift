package import PylonBytes
package import PylonEventLoop
internal import PylonThreading
package import PylonTime

/// One snapshot of one view, encoded once and shared by everyone who receives it: each transport's envelope and the payload in
/// one contiguous buffer, ready for a single `send`.
package final class Frame: @unchecked Sendable {
    // Safety: changed by the `FramePool` it came from alone, and only while that holds the only reference; but for `deflated`,
    // which is behind its lock.

    package fileprivate(set) var tick = Tick(0)
    /// A binary WebSocket frame: header ‖ tick as u64 big-endian ‖ payload (spec/realtime.md 3.1).
    package var webSocket: SharedBytes? { transports.contains(.webSocket) ? webSocketBytes : nil }
    /// One HTTP chunk holding one server-sent event: `id: <tick>`, `data: <payload>` (spec/realtime.md 3.2).
    package var eventStream: SharedBytes? { transports.contains(.eventStream) ? eventStreamBytes : nil }

    private var transports: Transports = []
    private var webSocketBytes: SharedBytes?
    private var eventStreamBytes: SharedBytes?
    private let deflated = Lock(Deflated())

    /// The compressed form, made by the first loop that needs it.
    private struct Deflated {
        var bytes: SharedBytes?
        var state = State.missing

        enum State {
            case missing
            /// A loop is at it; others need not wait, since a message may always go as it is.
            case underWay
            case made
            /// It would be no shorter.
            case useless
        }
    }

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
        default: deflatedWebSocket(on: loop)
        }
    }

    /// A WebSocket frame compressed with permessage-deflate, or as it is when that is no shorter. On `loop`'s thread, which compresses
    /// it unless another loop has.
    package func deflatedWebSocket(on loop: EventLoop) -> SharedBytes? {
        guard transports.contains(.webSocketDeflated), let plain = webSocketBytes else { return nil }
        var (state, bytes) = deflated.withLock { deflated in
            let found = deflated
            if deflated.state == .missing { deflated = Deflated(bytes: nil, state: .underWay) }
            return (found.state, found.bytes)
        }
        guard state == .missing else { return state == .made ? bytes : plain }
        // Not under the lock: compressing takes its time.
        state = FrameDeflater.on(loop).deflate(plain, into: &bytes) ? .made : .useless
        let made = Deflated(bytes: bytes, state: state)
        deflated.withLock { $0 = made }
        return state == .made ? bytes : plain
    }

    /// Whether none of the frame's bytes wait for a client any more. For the one who holds the only reference.
    fileprivate func isUnused() -> Bool {
        (webSocketBytes == nil || isKnownUniquelyReferenced(&webSocketBytes))
            && (eventStreamBytes == nil || isKnownUniquelyReferenced(&eventStreamBytes))
            && deflated.withLock { $0.bytes == nil || isKnownUniquelyReferenced(&$0.bytes) }
    }

    fileprivate func encode(
        tick: Tick, payload: UnsafeRawBufferPointer, for transports: Transports, scratch: inout StreamChunk
    ) {
        self.tick = tick
        self.transports = transports
        let isDeflated = transports.contains(.webSocketDeflated)
        deflated.withLock { $0 = Deflated(bytes: isDeflated ? $0.bytes : nil) }
        if transports.contains(.webSocket) || isDeflated {
            let message = StreamMessage(number: tick.number, payload: payload)
            SharedBytes.refill(&webSocketBytes, count: message.webSocketCount) { message.writeWebSocket(to: $0) }
        } else {
            webSocketBytes = nil
        }
        if transports.contains(.eventStream) {
            scratch.begin()
            scratch.append(number: tick.number, payload: payload)
            scratch.withFinishedBytes { chunk in
                SharedBytes.refill(&eventStreamBytes, count: chunk.count) { $0.copyMemory(from: chunk) }
            }
        } else {
            eventStreamBytes = nil
        }
    }
}

/// Makes a view's frames, each in the memory of an earlier one that nobody looks at any more: publishing allocates nothing while
/// clients keep up. Belongs to the shard's worker.
package struct FramePool: ~Copyable {
    /// 16 frames: what a lane and the ring of the slowest client hold together.
    package static let framesMaximum = 16
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
