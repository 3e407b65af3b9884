package import PylonBytes
package import PylonTime

/// A subscriber's share of a tick, ready to be sent: the head is the stream's business.
package struct ReplicaFrame {
    /// The tick whose state it leads to.
    package let tick: Tick
    /// How many ticks before it the view was sent against which it is packed; 0 is a keyframe, packed against nothing.
    package let baseAge: UInt64
    /// Shared with all who get the same. To be followed by ``owned``.
    package let body: SharedBytes
    /// What only this subscriber gets, often nothing. Valid during the call.
    package let owned: UnsafeRawBufferPointer
    /// Nothing changed: it need not be sent.
    package let isUnchanged: Bool
}

/// What a replicator did so far.
package struct ReplicationCounters: Hashable, Sendable {
    /// Frames that were sent.
    package var framesSent: UInt64 = 0
    /// Those of them that were packed against nothing.
    package var keyframesSent: UInt64 = 0
    /// Bodies packed; the other frames shared one.
    package var bodiesPacked: UInt64 = 0
    /// Bytes of bodies and owned parts sent.
    package var bytesSent: UInt64 = 0
    /// Entities that had news and did not fit a frame.
    package var entitiesStarved: UInt64 = 0
    /// Views that would have held more entities than they may.
    package var viewsCut: UInt64 = 0
    /// Unacknowledged views that were forgotten.
    package var viewsForgotten: UInt64 = 0
    /// Acknowledgements of no view that was in flight.
    package var acknowledgementsIgnored: UInt64 = 0
    /// Entities in the views sent.
    package var entitiesShown: UInt64 = 0

    /// Nothing yet.
    package init() {}
}
