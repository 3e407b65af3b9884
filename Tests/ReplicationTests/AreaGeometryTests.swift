import Testing

@testable import PylonReplication

struct AreaGeometryTests {
    @Test func aSphereHoldsItsSurface() {
        let sphere = SphereArea(centre: Vector3(1, 2, 3), radius: 5)
        #expect(sphere.contains(Vector3(1, 2, 8)))
        #expect(sphere.contains(Vector3(4, 6, 3)))
        #expect(!sphere.contains(Vector3(4, 6, 3.01)))
        #expect(SphereArea(centre: Vector3(1, 2, 3), radius: 0).contains(Vector3(1, 2, 3)))
    }

    @Test func aBoxHoldsItsFaces() {
        let box = BoxArea(min: Vector3(-1, 0, 0), max: Vector3(1, 2, 3))
        for corner in [Vector3(-1, 0, 0), Vector3(1, 2, 3), Vector3(-1, 2, 0), Vector3(0, 1, 1)] {
            #expect(box.contains(corner))
        }
        for axis in 0..<3 {
            var below = box.min
            below[axis] = box.min[axis].nextDown
            var above = box.max
            above[axis] = box.max[axis].nextUp
            #expect(!box.contains(below) && !box.contains(above))
        }
    }

    @Test func aGridCountsCellsOnTheGroundDiagonalsToo() {
        let grid = GridArea(cellX: 0, cellZ: -1, cellSize: 10, radiusCells: 1)
        #expect(grid.contains(Vector3(-10, 1e9, -20)))
        #expect(grid.contains(Vector3(19.999, 0, 9.999)))
        #expect(!grid.contains(Vector3(20, 0, 0)))
        #expect(!grid.contains(Vector3(0, 0, 10)))
        #expect(!grid.contains(Vector3(-10.001, 0, 0)))
        #expect(!grid.contains(Vector3(0, 0, -20.001)))
        #expect(!grid.contains(Vector3(.nan, 0, 0)))
    }
}
