package import PylonTelemetry

/// What fan-out adds up to over all hubs.
package struct FanoutCounters: Sendable {
    package let framesBuilt = Counter()
    /// Frames that a loop was too slow to take, dropped for newer ones before any subscriber saw them.
    package let laneDrops = Counter()
    /// Events that simulations have broadcast.
    package let eventsPublished = Counter()
    /// Times that a loop was so slow that events were lost on the way to it, and with them their subscribers' streams.
    package let eventGaps = Counter()
    /// Messages for single connections: acknowledgements, refusals.
    package let messagesSent = Counter()
    /// Times that a loop was so slow that such messages were lost on the way to it, and with them their subscribers' streams.
    package let messageGaps = Counter()

    /// Deltas made, each for all clients of a loop that have the same state.
    package let deltasMade = Counter()
    /// States sent as what changed since one the client has.
    package let deltasSent = Counter()
    /// What those would have taken more as whole states, in bytes.
    package let deltaBytesSaved = Counter()
    /// Bytes of the states that are kept for deltas to lead from.
    package let deltaBaseBytes = Gauge()

    package init() {}
}
