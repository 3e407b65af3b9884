package import PylonTelemetry

/// What one listener's connections add up to; shared by all loops.
package final class NetCounters: Sendable {
    package let accepted = Counter()
    package let open = Gauge()
    /// Accepted only to be closed because the process had no descriptor left.
    package let refusedForDescriptors = Counter()
    package let bytesReceived = Counter()
    package let bytesSent = Counter()
    /// Snapshots handed to the kernel whole, and those dropped because a newer one came before the client took them.
    package let snapshotsSent = Counter()
    package let snapshotsDropped = Counter()
    /// Writes of one or more merged events that the kernel took whole.
    package let eventBatchesSent = Counter()
    /// Streams ended because the client was too slow for its events.
    package let eventStreamsOverrun = Counter()
    /// Connections closed because nothing moved for `Connection.stallMaximum` while data waited.
    package let stalled = Counter()

    package init() {}
}
