internal import Pylon

/// A creature of the zone.
public struct Wanderer: Located, Sendable {
    public let kind: Kind
    public internal(set) var position: Vector
    var velocity = Vector.zero
    /// Where it would go if it were alone.
    var heading: Heading
    var toughness: Int
    /// What clients know it as, while it is in play.
    var entity: EntityID?
    /// Running while it is out of play.
    var absence = Timer()

    init(_ kind: Kind, at position: Vector, heading: Heading) {
        self.kind = kind
        self.position = position
        self.heading = heading
        toughness = kind.traits.toughness
    }

    public var isPresent: Bool { !absence.isRunning }

    /// The order is that of the wire: all drifters first, then the darters, then the hunters.
    public enum Kind: Int, CaseIterable, Sendable {
        /// Drifts about and minds nobody.
        case drifter
        /// Flees from players, faster than most can aim.
        case darter
        /// Follows players and hurts them by touching.
        case hunter

        var traits: Traits {
            switch self {
            case .drifter: Traits(radius: 12, calmSpeed: 42, speed: 42, sight: 0, toughness: 1, points: 1)
            case .darter: Traits(radius: 10, calmSpeed: 70, speed: 215, sight: 190, toughness: 1, points: 3)
            case .hunter: Traits(radius: 19, calmSpeed: 48, speed: 165, sight: 330, toughness: 3, points: 8)
            }
        }
    }

    /// What one kind can do; pixels and pixels per second.
    struct Traits {
        let radius: Double
        let calmSpeed: Double
        let speed: Double
        /// How far away it notices a player; 0: never.
        let sight: Double
        /// Hits it takes.
        let toughness: Int
        let points: Int
    }

    /// The largest of all radii, for queries.
    static let radiusMaximum = 19.0
    /// Pixels per second, per second.
    static let acceleration = 420.0
}
