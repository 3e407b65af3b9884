package import PylonTelemetry

/// What requests for rows added up to, for the metrics.
package struct RecordCounters: Sendable {
    /// Requests that the rules refused.
    package let denied = Counter()
    /// Requests refused because they asked for more than a limit allows.
    package let limited = Counter()
    /// Rows inserted, updated and deleted, once they were durable.
    package let inserted = Counter()
    package let updated = Counter()
    package let deleted = Counter()

    package init() {}
}
