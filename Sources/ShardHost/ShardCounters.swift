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
    /// Of those: refused because the subscriber sent too many a second.
    package let inputsRateLimited = Counter()
    /// Inputs for a tick that had passed already; they are applied at once.
    package let inputsLate = Counter()
    /// Acknowledgements sent over streams v2.
    package let acknowledgements = Counter()
    package let subscribers = Gauge()
    /// Of those: streams v2.
    package let sessions = Gauge()
    /// Seats held for subscribers without a connection; those that were taken up again, and those that were given up.
    package let seatsHeld = Gauge()
    package let seatsResumed = Counter()
    package let seatsExpired = Counter()
    /// Hashes of clients' states that were compared with the shard's.
    package let hashesCompared = Counter()
    /// Clients' states that were not the shard's.
    package let desyncs = Counter()
    /// What was handed to other shards, and how often what had not been answered within a second was sent again.
    package let handoffsSent = Counter()
    package let handoffsResent = Counter()
    /// What shards took in from others, and what they refused.
    package let handoffsReceived = Counter()
    package let handoffsRefused = Counter()
    /// What is on its way.
    package let handoffsUnderWay = Gauge()
    /// What shards that ended had handed off and nobody took, or nobody answered for.
    package let handoffsLost = Counter()
    /// Shards that have ended and wait for answers.
    package let shardsSettling = Gauge()
    /// Streams that followed their subscribers to other shards.
    package let streamsMoved = Counter()
    /// Connections sent on to where their subscribers had gone.
    package let streamsForwarded = Counter()
    package let fanout = FanoutCounters()
    package let entities = EntityCounters()

    package init() {}
}
