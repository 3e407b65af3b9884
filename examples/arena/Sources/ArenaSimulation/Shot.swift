internal import Pylon

/// A shot in flight: straight ahead until it hits something or fades.
public struct Shot: Sendable {
    /// The number of the player who fired it, perhaps gone by now.
    let owner: Int
    public internal(set) var position: Vector
    public let heading: Heading
    /// What clients know it as, from the first step on.
    var entity: EntityID?
    var life = Timer()

    static let radius = 4.0
    /// Pixels per second; 36 in a tick of 20 Hz, more than a wanderer is wide, which is why hits are swept.
    static let speed = 720.0
    /// Seconds of flight: 540 pixels.
    static let lifetime = 0.75
    /// Seconds between two shots of one player.
    static let cooldown = 0.2

    init(owner: Int, position: Vector, heading: Heading) {
        self.owner = owner
        self.position = position
        self.heading = heading
        life.start(Self.lifetime)
    }
}
