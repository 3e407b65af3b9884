/// The bounds within which a world's entities are sent, and how its zone is cut up for that. A world declares its own
/// (``ReplicatedSimulation/replicationLimits``).
public struct ReplicationLimits: Hashable, Sendable {
    /// Entities in one view, 1...; farther cells are left out.
    public var viewEntitiesMaximum = 4096
    /// Entities of one owner that are sent as its own, 0...; those of the highest slots are left out.
    public var ownedEntitiesMaximum = 256
    /// Views of a subscriber that were sent and not acknowledged, 1...; the oldest is forgotten, its acknowledgement then means nothing.
    public var viewsInFlightMaximum = 32
    /// Bytes of any frame's body, 64...262,144. What does not fit comes with later frames.
    public var frameBytesMaximum = Self.frameBytesRange.upperBound
    /// Bytes of one subscriber's frame, 64...; nil is ``frameBytesMaximum``. A shard's `config` may set another (`bytes_per_frame`). What
    /// leaves and the owner's own entities are sent even beyond it.
    public var bytesPerFrame: Int?
    /// Cells a view may look up one by one, 1...; larger shapes look at all occupied cells instead.
    public var cellsPerViewMaximum = 4096
    /// Kinds of shape whose cells are remembered, 1...
    public var shapesMaximum = 256
    /// The edge of a cell, in the units of positions, above 0. Subscribers whose centres share a cell share what they see, so that it is
    /// packed once: a quarter to a half of the radius they look by is a good size. Smaller ones show less that is out of sight, larger
    /// ones let more subscribers share.
    public var cellSize = 32.0
    /// How far beyond its cell's border an entity or a centre must be to change the cell, 0...1 of the cell's edge.
    public var cellMargin = 0.125
    /// Subscribers at a time. Shards have a limit of their own, `max_subscribers`.
    package var subscribersMaximum = 1_000_000

    /// What ``frameBytesMaximum`` may be.
    static let frameBytesRange = 64...262_144

    public init() {}

    /// What makes no sense; nil for nothing.
    var problem: String? {
        if viewEntitiesMaximum < 1 { return "a view holds 1 entity at least" }
        if ownedEntitiesMaximum < 0 { return "an owner has no less than 0 entities" }
        if viewsInFlightMaximum < 1 { return "1 view may be in flight at least" }
        if !Self.frameBytesRange.contains(frameBytesMaximum) { return "a frame has 64 to 262144 bytes" }
        if let bytesPerFrame, bytesPerFrame < Self.frameBytesRange.lowerBound { return "a frame has 64 bytes at least" }
        if cellsPerViewMaximum < 1 || shapesMaximum < 1 { return "1 cell and 1 shape at least" }
        if !(cellSize > 0 && cellSize.isFinite) { return "cells have a size" }
        return (0...1).contains(cellMargin) ? nil : "the margin is a share of the cell"
    }
}
