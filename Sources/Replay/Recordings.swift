package import PylonSimulation
package import PylonThreading
package import PylonTime
internal import Synchronization

/// The recordings of a process: one thread writes them all, so that no tick waits for a disk. Safe to use from any thread.
package final class Recordings: Sendable {
    package let settings: RecordingSettings
    package let counters = RecordingCounters()
    let clock: any Clock
    private let thread = BlockingThread(name: "recordings", capacity: RecordingSettings.blocksWaitingMaximum)
    private let folder: RecordingFolder
    /// Bytes of blocks that wait.
    private let bytesWaiting = Atomic<Int>(0)

    /// Makes the folder if need be, and counts what is in it. Blocks. Throws when there is no such folder.
    package init(_ settings: RecordingSettings, clock: any Clock) throws(RecordingError) {
        self.settings = settings
        self.clock = clock
        folder = RecordingFolder(settings, counters: counters)
        try folder.open()
    }

    /// Starts the writer; join it behind `close`.
    package func start() -> Thread { thread.start() }

    /// Refuses new blocks; the writer ends with those it has.
    package func close() {
        thread.close()
    }

    /// Whether a shard is to be recorded.
    package func records(_ keeping: ShardKeeping) -> Bool { keeping.isRecorded || settings.window != nil }

    /// Where a shard's recording goes.
    package func track(of shard: String, keeping: ShardKeeping) -> RecordingTrack {
        RecordingTrack(
            self,
            segments: SegmentWriter(shard: shard, folder: folder, window: keeping.isRecorded ? nil : settings.window))
    }

    /// Whether the writer may take `count` more bytes; they count until `settle`.
    func reserve(_ count: Int) -> Bool {
        let waiting = bytesWaiting.wrappingAdd(count, ordering: .relaxed).newValue
        // A large state may wait alone.
        if waiting <= RecordingSettings.bytesWaitingMaximum || waiting == count { return true }
        settle(count)
        return false
    }

    func settle(_ count: Int) {
        bytesWaiting.wrappingSubtract(count, ordering: .relaxed)
    }

    /// Lets the writer run `work` behind what it has already; false when it takes no more.
    package func submit(_ work: @escaping @Sendable () -> Void) -> Bool { thread.submit(work) }
}
