internal import Glibc
internal import PylonBytes
internal import PylonTelemetry
internal import PylonSimulation
internal import Synchronization

/// Writes one shard's segments to their files. What the disk refuses is taken back to the last whole block and becomes a gap.
final class SegmentWriter: @unchecked Sendable {
    // Safety: everything but `broken` is touched by the recordings' thread only, which runs the commands of a `RecordingTrack` in their order.

    private let shard: String
    private let folder: RecordingFolder
    private let window: Duration?
    private var descriptor: Int32 = -1
    private var segment: RecordingFolder.Segment?
    private var framed = ByteBuffer()
    private var gap: RecordingGap?
    private let broken = Atomic<Bool>(false)

    init(shard: String, folder: RecordingFolder, window: Duration?) {
        self.shard = shard
        self.folder = folder
        self.window = window
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    /// Whether the disk refused something of the segment. Any thread may ask.
    var isBroken: Bool { broken.load(ordering: .relaxed) }

    func begin(header: SharedBytes, state: SharedBytes?, startedAt: UInt64, number: UInt64) {
        finish()
        folder.makeRoom(for: shard, newerThan: window.map { startedAt - min(startedAt, $0.wholeMicroseconds) })
        gap = nil
        broken.store(false, ordering: .relaxed)
        let segment = RecordingFolder.Segment(shard: shard, startedAt: startedAt, number: number)
        descriptor = open(folder.path(of: segment), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { return fail() }
        self.segment = segment
        framed.removeAll()
        framed.append(RecordingBlock.magic)
        RecordingBlock.append(.header, header.unsafeBytes, to: &framed)
        if let state { RecordingBlock.append(.state, state.unsafeBytes, to: &framed) }
        folder.counters.segments.add()
        write()
    }

    func append(_ payload: SharedBytes, tick: UInt64, behind lost: RecordingGap?) {
        guard descriptor >= 0 else { return lose(payload, tick) }
        framed.removeAll()
        if let missing = gap ?? lost {
            var state = StateWriter()
            missing.write(into: &state)
            state.withUnsafeBytes { RecordingBlock.append(.gap, $0, to: &framed) }
        }
        RecordingBlock.append(.history, payload.unsafeBytes, to: &framed)
        if write() { gap = nil } else { lose(payload, tick) }
    }

    func end(_ end: RecordingEnd) {
        guard descriptor >= 0 else { return }
        var state = StateWriter()
        end.write(into: &state)
        framed.removeAll()
        state.withUnsafeBytes { RecordingBlock.append(.end, $0, to: &framed) }
        write()
        if end == .outOfRoom { folder.counters.outOfRoom.add() }
        finish()
    }

    private func finish() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        if let segment { folder.keep(segment) }
        segment = nil
    }

    private func lose(_ payload: SharedBytes, _ tick: UInt64) {
        folder.counters.blocksLost.add()
        let before = gap ?? RecordingGap(tick: tick, blocks: 0, bytes: 0)
        gap = RecordingGap(tick: before.tick, blocks: before.blocks + 1, bytes: before.bytes + UInt64(payload.count))
    }

    private func fail() {
        folder.counters.writesFailed.add()
        broken.store(true, ordering: .relaxed)
    }

    /// Writes what is framed, whole or not at all.
    @discardableResult
    private func write() -> Bool {
        guard let start = segment?.bytes else { return false }
        let count = framed.count
        let written = framed.withUnsafeBytes { bytes in
            var done = 0
            while done < count {
                let result = pwrite(descriptor, bytes.baseAddress.map { $0 + done }, count - done, off_t(start + done))
                if result < 0, errno == EINTR { continue }
                guard result > 0 else { break }
                done += result
            }
            return done
        }
        guard written == count else {
            // What cannot be taken back is overwritten by the next block, and is no block until then.
            _ = ftruncate(descriptor, off_t(start))
            fail()
            return false
        }
        segment?.bytes += count
        folder.counters.bytesWritten.add(count)
        return true
    }
}

extension Duration {
    /// Rounded down; nothing below zero.
    var wholeMicroseconds: UInt64 {
        let (seconds, attoseconds) = components
        return UInt64(max(0, seconds)) * 1_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000_000)
    }
}
