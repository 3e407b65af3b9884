internal import PylonBytes
internal import PylonEventLoop
internal import PylonWebSocket

/// Compresses frames for the WebSockets that have negotiated it (RFC 7692): one compression serves them all, since none carries a
/// context over. One on each loop, made when the loop first needs it.
final class FrameDeflater {
    /// 256 bytes: what less saves is smaller than the headers of the packet it travels in.
    static let messageBytesMinimum = 256
    /// 64 KiB: more would keep the loop from its other shards for longer than half a millisecond.
    static let messageBytesMaximum = 64 * 1024

    private static let instances = LoopLocal { FrameDeflater() }
    private let deflater = MessageDeflater()
    private var scratch = ByteBuffer()

    static func on(_ loop: EventLoop) -> FrameDeflater { instances.value(on: loop) }

    /// Compresses the message in `frame`, an unmasked binary frame, into `target`; false, and nothing written, when it is better sent
    /// as it is.
    func deflate(_ frame: SharedBytes, into target: inout SharedBytes?) -> Bool {
        let bytes = frame.unsafeBytes
        let header = FrameEncoder.headerLength(ofFrame: bytes)
        guard (Self.messageBytesMinimum...Self.messageBytesMaximum).contains(bytes.count - header) else { return false }
        scratch.removeAll()
        guard deflater.compress(UnsafeRawBufferPointer(rebasing: bytes[header...]), into: &scratch) else {
            return false
        }
        scratch.withUnsafeBytes { message in
            let header = FrameEncoder.headerLength(for: message.count)
            SharedBytes.refill(&target, count: header + message.count) { frame in
                FrameEncoder.writeHeader(.binary, isCompressed: true, payloadCount: message.count, to: frame)
                UnsafeMutableRawBufferPointer(rebasing: frame[header...]).copyMemory(from: message)
            }
        }
        return true
    }
}
