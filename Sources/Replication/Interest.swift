/// What a subscriber wants to see: where it looks, how far, with whose eyes.
///
/// Interest is judged by cells: a subscriber sees the entities of every cell that its shape may touch from anywhere in its own cell. So
/// it never sees less than its shape, sees up to a cell more, and shares its view with all who are in the same cell and want the same.
public struct Interest: Hashable, Sendable {
    /// Where a subscriber looks.
    public enum Centre: Hashable, Sendable {
        case position(Vector3)
        /// Wherever the entity is; once it is gone, where it was last.
        case entity(EntityID)
    }

    /// How far it looks.
    public enum Shape: Hashable, Sendable {
        case sphere(radius: Double)
        /// So far along each axis, to both sides.
        case box(halfExtents: Vector3)
        /// So many cells of the replicator to each side and diagonally, in the ground plane: x/y in two dimensions, x/z in three,
        /// whatever the height.
        case grid(radiusCells: Int)
        /// The whole zone.
        case everything
    }

    public var centre: Centre
    public var shape: Shape
    /// Entities that share a bit with this are visible.
    public var teams: UInt32
    /// Who is looking, for ``ReplicatedSimulation/isVisible(_:to:)``: subscribers with equal keys see alike.
    public var viewKey: UInt32

    public init(centre: Centre, shape: Shape, teams: UInt32 = .max, viewKey: UInt32 = 0) {
        self.centre = centre
        self.shape = shape
        self.teams = teams
        self.viewKey = viewKey
    }

    /// All of the zone that everybody may see.
    public static let everything = Interest(centre: .position(Vector3(0, 0)), shape: .everything)
}
