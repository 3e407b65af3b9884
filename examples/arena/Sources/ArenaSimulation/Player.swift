public import Pylon

/// Someone at a keyboard, or a bot that behaves like one.
public struct Player: Located, Sendable {
    /// The short name on the wire; never used twice in the life of a zone.
    public let number: Int
    public let subscriber: SubscriberID
    public internal(set) var name: String
    /// An index into the page's palette.
    public let colour: Int
    public internal(set) var position: Vector
    public internal(set) var score = 0
    public internal(set) var health = Self.healthMaximum

    /// What clients know it as, from the first step on.
    var entity: EntityID?
    var velocity = Vector.zero
    /// Where the player wants to go; at most 1 long.
    var move = Vector.zero
    var aim = Heading(step: 0)
    /// While the trigger is held a shot leaves at every end of the cooldown.
    var isFiring = false
    /// One more shot is owed: a tap shorter than a tick must not get lost.
    var owesShot = false
    var cooldown = Timer()
    /// Running while nothing can hurt this player.
    var shield = Timer()
    /// Running while the player is down.
    var revival = Timer()
    var mending = Timer()

    static let radius = 16.0
    static let healthMaximum = 5
    /// Pixels per second.
    static let speed = 270.0
    /// Pixels per second, per second: from rest to full speed in a fifth of a second.
    static let acceleration = 1350.0
    static let paletteCount = 8
    /// In characters; longer names are cut.
    static let nameLengthMaximum = 16

    init(number: Int, subscriber: SubscriberID, position: Vector) {
        self.number = number
        self.subscriber = subscriber
        self.position = position
        name = Nickname.derived(from: subscriber.name)
        colour = number % Self.paletteCount
    }

    public var isDown: Bool { revival.isRunning }
    var isPresent: Bool { !isDown }
}

/// A countdown in seconds of simulated time.
struct Timer: Sendable {
    private var remaining = 0.0

    init() {}

    init(restoring state: inout StateReader) throws(StateError) {
        remaining = try state.readFiniteDouble()
    }

    var isRunning: Bool { remaining > 0 }

    mutating func start(_ seconds: Double) {
        remaining = seconds
    }

    /// Counts down; true in the one step in which it runs out.
    mutating func elapses(in seconds: Double) -> Bool {
        guard remaining > 0 else { return false }
        remaining -= seconds
        // A rounding error must not cost a whole step: 0.2 - 4 x 0.05 is not quite zero.
        if remaining < 1e-9 { remaining = 0 }
        return remaining == 0
    }

    func save(into state: inout StateWriter) {
        state.write(remaining)
    }
}
