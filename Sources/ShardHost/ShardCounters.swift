package import PylonFanout
package import PylonTelemetry

/// What the shards of a process add up to.
package struct ShardCounters: Sendable {
    package let ticks = Counter()
    /// Steps that will never run because a worker was more than four behind.
    package let ticksSkipped = Counter()
    package let lateness = DurationHistogram()
    package let inputsApplied = Counter()
    /// Refused because the queue was full, the JSON did not fit, a hook said no, or the world threw.
    package let inputsRefused = Counter()
    package let subscribers = Gauge()
    package let fanout = FanoutCounters()

    package init() {}
}
