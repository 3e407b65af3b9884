internal import PylonBytes
internal import PylonTelemetry
internal import PylonSimulation
internal import Synchronization

/// The way from one shard's worker to its files. What the writer cannot take is counted and becomes a gap in the file. Belongs to the
/// shard's worker.
package final class RecordingTrack {
    private let recordings: Recordings
    private let segments: SegmentWriter
    /// Shared with the writer.
    private let waiting = WaitingBytes()
    /// What could not be handed over since the last block that was.
    private var gap: RecordingGap?

    private final class WaitingBytes: Sendable {
        let count = Atomic<Int>(0)
    }

    init(_ recordings: Recordings, segments: SegmentWriter) {
        self.recordings = recordings
        self.segments = segments
        recordings.counters.active.add(1)
    }

    deinit {
        recordings.counters.active.add(-1)
    }

    /// Whether everything since the beginning of the segment is in the file, or on its way there.
    var isWhole: Bool { gap == nil && !segments.isBroken }

    /// Whether the writer has caught up so far that another segment is worth its beginning.
    var hasRoom: Bool { waiting.count.load(ordering: .relaxed) <= RecordingSettings.shardBytesWaitingMaximum / 2 }

    /// Begins a segment with its header and, where it has one, its state. False when the writer cannot take it.
    func begin(header: SharedBytes, state: SharedBytes?, startedAt: UInt64, number: UInt64) -> Bool {
        let isTaken = hand(over: header.count + (state?.count ?? 0)) { [segments] in
            segments.begin(header: header, state: state, startedAt: startedAt, number: number)
        }
        if isTaken { gap = nil } else { recordings.counters.blocksLost.add() }
        return isTaken
    }

    /// Appends a block of history that begins at `tick`.
    func append(_ payload: UnsafeRawBufferPointer, tick: UInt64) {
        guard payload.count <= RecordingBlock.payloadBytesMaximum else { return lose(payload.count, tick) }
        let bytes = SharedBytes(payload)
        let isTaken = hand(over: bytes.count) { [segments, gap] in segments.append(bytes, tick: tick, behind: gap) }
        if isTaken { gap = nil } else { lose(bytes.count, tick) }
    }

    /// Ends the file; nothing may come behind it but another segment.
    func end(_ end: RecordingEnd) {
        // When it is not taken the file ends without saying why, which says that something happened.
        _ = hand(over: 0) { [segments] in segments.end(end) }
    }

    private func lose(_ count: Int, _ tick: UInt64) {
        recordings.counters.blocksLost.add()
        let before = gap ?? RecordingGap(tick: tick, blocks: 0, bytes: 0)
        gap = RecordingGap(tick: before.tick, blocks: before.blocks + 1, bytes: before.bytes + UInt64(count))
    }

    private func hand(over count: Int, _ work: @escaping @Sendable () -> Void) -> Bool {
        let waiting = waiting
        let total = waiting.count.wrappingAdd(count, ordering: .relaxed).newValue
        guard total <= RecordingSettings.shardBytesWaitingMaximum || total == count, recordings.reserve(count) else {
            waiting.count.wrappingSubtract(count, ordering: .relaxed)
            return false
        }
        let isTaken = recordings.submit { [recordings] in
            work()
            waiting.count.wrappingSubtract(count, ordering: .relaxed)
            recordings.settle(count)
        }
        if !isTaken {
            waiting.count.wrappingSubtract(count, ordering: .relaxed)
            recordings.settle(count)
        }
        return isTaken
    }
}
