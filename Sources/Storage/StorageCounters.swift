package import PylonTelemetry

/// What the database did so far, for the metrics.
package final class StorageCounters: Sendable {
    /// Commits of the writer, each of one batch.
    package let commits = Counter()
    /// Jobs whose changes were committed.
    package let writes = Counter()
    /// Jobs that failed, whatever the cause.
    package let writesFailed = Counter()
    /// Batches whose commit failed.
    package let commitsFailed = Counter()
    /// Reads and writes refused because a queue was full.
    package let refused = Counter()
    /// Reads that were run.
    package let reads = Counter()
    /// Reads that hit their deadline.
    package let readsTimedOut = Counter()
    /// From the first job of a batch to the end of its commit.
    package let batchTime = DurationHistogram()

    init() {}
}
