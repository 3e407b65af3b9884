package import PylonBytes

/// Snapshots that wait for one client, oldest dropped first: bounded in frames and in bytes. The newest is always kept.
///
/// It never allocates. Not thread-safe: it belongs to its connection's loop.
package struct SnapshotRing {
    /// 8 frames: 400 ms of a 20 Hz stream; older state is of no use to a client that fell so far behind.
    package static let framesMaximum = 8
    package static let bytesMaximum = 1024 * 1024

    private var frames: InlineArray<8, SharedBytes?> = .init(repeating: nil)
    private var head: UInt8 = 0
    private var length: UInt8 = 0
    package private(set) var bytesCount = 0

    package init() {}

    package var count: Int { Int(length) }
    package var isEmpty: Bool { length == 0 }

    /// The frame at `index` from the oldest.
    package subscript(index: Int) -> SharedBytes {
        precondition(index < count, "no such frame")
        guard let frame = frames[place(index)] else { preconditionFailure("an empty place inside the ring") }
        return frame
    }

    /// Appends `frame`; returns how many older ones had to go for it.
    package mutating func append(_ frame: SharedBytes) -> Int {
        var dropped = 0
        while !isEmpty, count >= Self.framesMaximum || bytesCount + frame.count > Self.bytesMaximum {
            removeFirst()
            dropped += 1
        }
        frames[place(count)] = frame
        length += 1
        bytesCount += frame.count
        return dropped
    }

    /// Takes out the oldest frame.
    @discardableResult
    package mutating func removeFirst() -> SharedBytes {
        let frame = self[0]
        frames[Int(head)] = nil
        head = UInt8(place(1))
        length -= 1
        bytesCount -= frame.count
        return frame
    }

    private func place(_ index: Int) -> Int { (Int(head) + index) % Self.framesMaximum }
}
