/// A ball around a point; what lies on its surface is in it (spec/realtime.md 2.6).
public struct SphereArea: Hashable, Sendable {
    public var centre: Vector3
    public var radius: Double

    public init(centre: Vector3, radius: Double) {
        self.centre = centre
        self.radius = radius
    }

    public func contains(_ point: Vector3) -> Bool { centre.squaredDistance(to: point) <= radius * radius }
}

/// A box along the axes; what lies on its faces is in it.
public struct BoxArea: Hashable, Sendable {
    public var min: Vector3
    public var max: Vector3

    public init(min: Vector3, max: Vector3) {
        self.min = min
        self.max = max
    }

    public func contains(_ point: Vector3) -> Bool {
        (0..<3).allSatisfy { min[$0] <= point[$0] && point[$0] <= max[$0] }
    }
}

/// Square cells on the x/z plane around one of them, `radiusCells` to each side and diagonally (Chebyshev).
public struct GridArea: Hashable, Sendable {
    public var cellX: Int
    public var cellZ: Int
    public var cellSize: Double
    public var radiusCells: Int

    public init(cellX: Int, cellZ: Int, cellSize: Double, radiusCells: Int) {
        self.cellX = cellX
        self.cellZ = cellZ
        self.cellSize = cellSize
        self.radiusCells = radiusCells
    }

    /// A cell reaches from its lower edge, inclusive, to its upper edge, exclusive.
    public func contains(_ point: Vector3) -> Bool {
        let (x, z) = ((point.x / cellSize).rounded(.down), (point.z / cellSize).rounded(.down))
        return abs(x - Double(cellX)) <= Double(radiusCells) && abs(z - Double(cellZ)) <= Double(radiusCells)
    }
}
