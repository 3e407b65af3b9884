/// A direction in 1/1,024 turns: 0 looks along x, 256 along y (down the screen).
///
/// The zone never calls `sin` or `cos` while it runs: their last bit differs between C libraries, and one bit is
/// enough to send two replays of the same inputs different ways. The table is built with multiplications only.
public struct Heading: Hashable, Sendable {
    /// 0..<1024.
    public let step: Int

    static let stepsPerTurn = 1024

    /// Any whole number of steps; full turns are dropped.
    public init(step: Int) {
        self.step = step & (Self.stepsPerTurn - 1)
    }

    /// The nearest step to an angle in radians; nil for what is not a number or further out than a million turns.
    public init?(radians: Double) {
        let steps = radians * (Double(Self.stepsPerTurn) / (2 * Double.pi))
        guard steps.magnitude <= 1_000_000 * Double(Self.stepsPerTurn) else { return nil }
        self.init(step: Int(steps.rounded()))
    }

    /// The vector of length 1 in this direction.
    var unit: Vector { Self.units[step] }

    /// Turned by `steps`, clockwise on a screen.
    func turned(by steps: Int) -> Heading { Heading(step: step + steps) }

    /// After bouncing off a wall to the left or right.
    var mirroredHorizontally: Heading { Heading(step: Self.stepsPerTurn / 2 - step) }

    /// After bouncing off a wall above or below.
    var mirroredVertically: Heading { Heading(step: -step) }

    /// Each entry is the one before it rotated by one step; the rounding error after a full turn is below 1e-12.
    private static let units: [Vector] = {
        // cos and sin of 2π/1024.
        let cosine = 0.999981175282601142656990437728567716
        let sine = 0.006135884649154475359640234590372580
        var units = [Vector(1, 0)]
        units.reserveCapacity(stepsPerTurn)
        while units.count < stepsPerTurn {
            let last = units[units.count - 1]
            units.append(Vector(last.x * cosine - last.y * sine, last.x * sine + last.y * cosine))
        }
        return units
    }()
}
