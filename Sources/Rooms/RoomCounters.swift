package import PylonTelemetry

/// What rooms did so far, for the metrics.
package struct RoomCounters: Sendable {
    /// Events handed to the sink.
    package let events = Counter()
    /// Members that left because no sign of life came from them.
    package let evicted = Counter()
    /// Calls refused for a limit.
    package let refused = Counter()

    package init() {}
}
