package import PylonBytes

/// Snapshots that wait for one client, oldest dropped first: bounded in frames and in bytes. The newest is always kept.
///
/// Holds no memory while empty. Not thread-safe: it belongs to its connection's loop.
package struct SnapshotRing {
    /// 8 frames: 400 ms of a 20 Hz stream; older state is of no use to a client that fell so far behind.
    package static let framesMaximum = 8
    package static let bytesMaximum = 1024 * 1024

    private var frames: ContiguousArray<SharedBytes> = []
    private var head = 0
    package private(set) var bytesCount = 0

    package init() {}

    package var count: Int { frames.count - head }
    package var isEmpty: Bool { frames.count == head }

    /// The frame at `index` from the oldest.
    package subscript(index: Int) -> SharedBytes { frames[head + index] }

    /// Appends `frame`; returns how many older ones had to go for it.
    package mutating func append(_ frame: SharedBytes) -> Int {
        var dropped = 0
        while count > 0, count >= Self.framesMaximum || bytesCount + frame.count > Self.bytesMaximum {
            removeFirst()
            dropped += 1
        }
        frames.append(frame)
        bytesCount += frame.count
        return dropped
    }

    /// Appends bytes that must not be dropped nor drop anything: the last there will ever be.
    mutating func appendLast(_ bytes: SharedBytes) {
        frames.append(bytes)
        bytesCount += bytes.count
    }

    /// Takes out the oldest frame.
    @discardableResult
    package mutating func removeFirst() -> SharedBytes {
        let frame = frames[head]
        bytesCount -= frame.count
        head += 1
        if head == frames.count {
            frames = []
            head = 0
        } else if head >= Self.framesMaximum {
            frames.removeFirst(head)
            head = 0
        }
        return frame
    }

    package mutating func removeAll() {
        frames = []
        head = 0
        bytesCount = 0
    }
}
