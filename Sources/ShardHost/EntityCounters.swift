internal import PylonReplication
package import PylonTelemetry

/// What the worlds of entities of a process add up to.
package struct EntityCounters: Sendable {
    package let framesSent = Counter()
    /// Those of them that were packed against nothing.
    package let keyframesSent = Counter()
    /// Bodies packed; the other frames shared one.
    package let bodiesPacked = Counter()
    package let bytesSent = Counter()
    /// Entities that had news and did not fit a frame.
    package let entitiesStarved = Counter()
    /// Views that would have held more entities than they may.
    package let viewsCut = Counter()
    /// Unacknowledged views that were forgotten.
    package let viewsForgotten = Counter()
    /// Acknowledgements of no view that was in flight.
    package let acknowledgementsIgnored = Counter()

    init() {}

    /// Adds what a replicator did between two readings of its own counters.
    func add(_ now: ReplicationCounters, since then: ReplicationCounters) {
        framesSent.add(Int(clamping: now.framesSent - then.framesSent))
        keyframesSent.add(Int(clamping: now.keyframesSent - then.keyframesSent))
        bodiesPacked.add(Int(clamping: now.bodiesPacked - then.bodiesPacked))
        bytesSent.add(Int(clamping: now.bytesSent - then.bytesSent))
        entitiesStarved.add(Int(clamping: now.entitiesStarved - then.entitiesStarved))
        viewsCut.add(Int(clamping: now.viewsCut - then.viewsCut))
        viewsForgotten.add(Int(clamping: now.viewsForgotten - then.viewsForgotten))
        acknowledgementsIgnored.add(Int(clamping: now.acknowledgementsIgnored - then.acknowledgementsIgnored))
    }
}
