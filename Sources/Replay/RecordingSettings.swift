package import PylonTelemetry

/// Where recordings go and how much room they get.
package struct RecordingSettings: Sendable {
    /// Made when it is missing.
    package var folder: String
    /// Shards that do not ask for it are recorded, too, and keep what is newer than this; nil: those that ask only.
    package var window: Duration?
    /// The files of one shard together. 64 MiB: days of a shard with a few players.
    package var shardBytesMaximum = 64 << 20
    /// The files of all shards together, those of shards long gone included.
    package var bytesMaximum = 4 << 30
    /// Written into each recording, for people.
    package var program = ""

    /// What may wait for the writer, of one shard and of all together: what a disk that hangs for a while costs.
    static let shardBytesWaitingMaximum = 8 << 20
    static let bytesWaitingMaximum = 64 << 20
    /// Blocks that may wait, of all shards together.
    static let blocksWaitingMaximum = 16_384
    /// A block is written when it has so many bytes, or when anything happened and a second has passed; a quiet shard takes longer.
    static let blockBytes = 64 << 10
    static let flushInterval = Duration.seconds(1)
    static let flushIntervalQuiet = Duration.seconds(10)
    /// Segments in the room of a shard, or in its window: the oldest goes when there is one more.
    static let segmentsPerShard = 4

    package init(folder: String) {
        self.folder = folder
    }
}

/// What recordings did so far.
package struct RecordingCounters: Sendable {
    /// Shards being recorded.
    package let active = Gauge()
    package let bytesWritten = Counter()
    package let segments = Counter()
    /// Segments removed to make room, or because they were too old.
    package let segmentsDropped = Counter()
    /// Blocks that are missing: the writer was too far behind, or the disk refused.
    package let blocksLost = Counter()
    /// Writes that the operating system refused.
    package let writesFailed = Counter()
    /// Recordings that ended because their room was used up.
    package let outOfRoom = Counter()

    package init() {}
}
