/// The bounds within which a replicator works, and its settings.
public struct ReplicationLimits: Hashable, Sendable {
    /// Entities in one view; farther cells are left out.
    public var viewEntitiesMaximum = 4096
    /// Entities of one owner that are sent as its own; those of the highest slots are left out.
    public var ownedEntitiesMaximum = 256
    /// Views of a subscriber that were sent and not acknowledged; the oldest is forgotten, its acknowledgement then means nothing.
    public var viewsInFlightMaximum = 32
    /// Bytes of a frame's body. What does not fit comes with later frames.
    public var frameBytesMaximum = 256 * 1024
    /// Bytes of a subscriber's frame unless set for it; leaving and owned entities are sent even beyond it.
    public var bytesPerFrame: Int?
    /// Cells a view may look up one by one; larger shapes look at all occupied cells instead.
    public var cellsPerViewMaximum = 4096
    /// Kinds of shape whose cells are remembered.
    public var shapesMaximum = 256
    /// The edge of a cell, in the units of positions.
    public var cellSize = 32.0
    /// How far beyond its cell's border an entity or a centre must be to change the cell, as a share of the cell's edge.
    public var cellMargin = 0.125
    /// Subscribers at a time.
    public var subscribersMaximum = 1_000_000

    public init() {}
}
