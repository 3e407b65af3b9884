internal import PylonBytes
internal import PylonEventLoop
internal import PylonThreading

/// The compressed form of a frame, made by the first loop that needs it.
final class DeflatedForm: Sendable {
    private struct Made {
        var bytes: SharedBytes?
        var state = State.missing
    }

    private enum State {
        case missing
        /// A loop is at it; others need not wait, since a message may always go as it is.
        case underWay
        case made
        /// It would be no shorter.
        case useless
    }

    private let made = Lock(Made())

    /// `plain` compressed with permessage-deflate, or as it is when that is no shorter. On `loop`'s thread, which compresses it unless
    /// another loop has.
    func bytes(of plain: SharedBytes, on loop: EventLoop) -> SharedBytes {
        var (state, bytes) = made.withLock { made in
            let found = made
            if made.state == .missing { made = Made(bytes: nil, state: .underWay) }
            return (found.state, found.bytes)
        }
        guard state == .missing else { return state == .made ? bytes ?? plain : plain }
        // Not under the lock: compressing takes its time.
        state = FrameDeflater.on(loop).deflate(plain, into: &bytes) ? .made : .useless
        let now = Made(bytes: bytes, state: state)
        made.withLock { $0 = now }
        return state == .made ? bytes ?? plain : plain
    }

    /// Whether its bytes wait for no client any more. For the one who holds the only reference to the frame.
    func isUnused() -> Bool { made.withLock { $0.bytes == nil || isKnownUniquelyReferenced(&$0.bytes) } }

    /// Begins with another frame, in the memory of this one if that is to be used again.
    func forget(keepingMemory: Bool) { made.withLock { $0 = Made(bytes: keepingMemory ? $0.bytes : nil) } }
}
