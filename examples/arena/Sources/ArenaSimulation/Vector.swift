/// A place or a displacement in the zone, in pixels; y grows downwards, as on a screen.
public struct Vector: Hashable, Sendable {
    public var x: Double
    public var y: Double

    public init(_ x: Double, _ y: Double) {
        self.x = x
        self.y = y
    }

    static let zero = Vector(0, 0)

    static func + (left: Vector, right: Vector) -> Vector { Vector(left.x + right.x, left.y + right.y) }
    static func - (left: Vector, right: Vector) -> Vector { Vector(left.x - right.x, left.y - right.y) }
    static func * (vector: Vector, factor: Double) -> Vector { Vector(vector.x * factor, vector.y * factor) }
    static func += (left: inout Vector, right: Vector) { left = left + right }

    var lengthSquared: Double { x * x + y * y }
    var length: Double { lengthSquared.squareRoot() }

    func dot(_ other: Vector) -> Double { x * other.x + y * other.y }

    /// The same direction, at most `limit` long.
    func shortened(to limit: Double) -> Vector {
        let lengthSquared = lengthSquared
        return lengthSquared > limit * limit ? self * (limit / lengthSquared.squareRoot()) : self
    }

    /// The same direction, exactly `length` long; zero stays zero.
    func scaled(to length: Double) -> Vector {
        let current = self.length
        return current > 0 ? self * (length / current) : self
    }

    /// Moved from here towards `target` by at most `stride`.
    func approaching(_ target: Vector, by stride: Double) -> Vector {
        self + (target - self).shortened(to: stride)
    }

    /// The squared distance from this point to the segment between `start` and `end`.
    func distanceSquared(toSegmentFrom start: Vector, to end: Vector) -> Double {
        let span = end - start
        let lengthSquared = span.lengthSquared
        guard lengthSquared > 0 else { return (self - start).lengthSquared }
        let along = min(1, max(0, (self - start).dot(span) / lengthSquared))
        return (self - (start + span * along)).lengthSquared
    }
}
