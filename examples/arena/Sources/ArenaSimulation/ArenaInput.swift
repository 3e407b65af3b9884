public import Pylon

/// What a player may ask for. One message may hold several wishes:
/// `{"move":{"x":0.5,"y":-1},"aim":{"angle":1.57},"fire":true,"shoot":{"angle":0},"name":"Ada"}`.
///
/// Angles are radians, 0 along x, growing clockwise on the screen. Members that nobody knows are ignored, so that a
/// newer page can talk to an older zone; a known member that makes no sense refuses the whole message.
public struct ArenaInput: Hashable, Sendable {
    /// The direction to move in until told otherwise; shortened to length 1.
    public var move: Vector?
    public var aim: Heading?
    /// Whether the trigger is held from now on.
    public var fire: Bool?
    /// Fires once, as soon as the cooldown allows, without holding the trigger.
    public var shoot: Heading?
    public var name: String?

    public init(
        move: Vector? = nil, aim: Heading? = nil, fire: Bool? = nil, shoot: Heading? = nil, name: String? = nil
    ) {
        self.move = move
        self.aim = aim
        self.fire = fire
        self.shoot = shoot
        self.name = name
    }

    /// Decodes and validates one message.
    public init(_ json: JSONValue) throws(InvalidInput) {
        guard json.object != nil else { throw InvalidInput("an input is an object") }
        move = try json["move"].map(Self.direction)
        aim = try json["aim"].map(Self.heading)
        shoot = try json["shoot"].map(Self.heading)
        if let value = json["fire"] {
            guard let held = value.bool else { throw InvalidInput("fire must be true or false") }
            fire = held
        }
        if let value = json["name"] {
            guard let name = value.string.flatMap(Nickname.cleaned) else { throw InvalidInput("not a usable name") }
            self.name = name
        }
    }

    private static func direction(_ json: JSONValue) throws(InvalidInput) -> Vector {
        guard let x = json["x"]?.double, let y = json["y"]?.double, x.isFinite, y.isFinite else {
            throw InvalidInput("move must be {\"x\":number,\"y\":number}")
        }
        // Clamping each side first keeps the length finite however large the numbers are.
        return Vector(min(1, max(-1, x)), min(1, max(-1, y))).shortened(to: 1)
    }

    private static func heading(_ json: JSONValue) throws(InvalidInput) -> Heading {
        guard let angle = json["angle"]?.double, let heading = Heading(radians: angle) else {
            throw InvalidInput("aim and shoot must be {\"angle\":radians}")
        }
        return heading
    }
}

/// An input that the zone refuses, in words for whoever sent it.
public struct InvalidInput: Error, Hashable, CustomStringConvertible {
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
