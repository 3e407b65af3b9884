internal import PylonBytes

/// The bodies packed at this tick, by what they lead from and to.
struct BodyTable {
    /// One body.
    struct Body {
        let bytes: SharedBytes
        /// It says nothing.
        let isEmpty: Bool
    }

    private struct Key: Hashable {
        let target: UInt64
        let base: UInt64
    }

    private var known: [Key: Int] = [:]
    private var bodies: ContiguousArray<Body> = []
    /// Buffers of earlier ticks, used again when nobody sends them any more.
    private var buffers: ContiguousArray<SharedBytes?> = []
    private var buffersUsed = 0

    /// The body from one view to another, by their serials; 0 is none.
    func body(to target: UInt64, from base: UInt64) -> Body? {
        known[Key(target: target, base: base)].map { bodies[$0] }
    }

    /// Keeps the bits of `writer` as the body from one view to another.
    mutating func insert(_ writer: borrowing BitWriter, isEmpty: Bool, to target: UInt64, from base: UInt64) -> Body {
        let body = Body(bytes: bytes(of: writer), isEmpty: isEmpty)
        known[Key(target: target, base: base)] = bodies.count
        bodies.append(body)
        return body
    }

    /// The bits of `writer` as bytes.
    mutating func bytes(of writer: borrowing BitWriter) -> SharedBytes {
        if buffersUsed == buffers.count { buffers.append(nil) }
        let index = buffersUsed
        buffersUsed += 1
        SharedBytes.refill(&buffers[index], count: writer.byteCount) { writer.copy(to: $0) }
        guard let bytes = buffers[index] else { preconditionFailure("refilled with nothing") }
        return bytes
    }

    /// Forgets the bodies; whoever sends them still holds them.
    mutating func removeAll() {
        known.removeAll(keepingCapacity: true)
        bodies.removeAll(keepingCapacity: true)
        buffersUsed = 0
    }
}
