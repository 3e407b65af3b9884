import Pylon
import Testing

@testable import ArenaSimulation

@Suite struct SpatialGridTests {
    private struct Dot: Located {
        var position: Vector
        var isPresent = true
    }

    @Test(arguments: [7.0, 50, 96, 5000])
    func `a query finds everyone within reach, nobody twice and no absentee`(_ cellSize: Double) {
        var random = SeededGenerator(seed: 3)
        var grid = SpatialGrid(width: 700, height: 400, cellSize: cellSize)
        for count in [0, 1, 2, 50, 400, 30] {
            let dots = (0..<count).map { index in
                Dot(
                    position: Vector(random.unitInterval() * 700, random.unitInterval() * 400),
                    isPresent: index % 7 != 6)
            }
            grid.rebuild(from: dots)
            for _ in 0..<50 {
                let centre = Vector(random.unitInterval() * 900 - 100, random.unitInterval() * 600 - 100)
                let radius = random.unitInterval() * 120
                let found = Array(grid.near(centre, radius: radius))
                let reached = dots.indices.filter {
                    dots[$0].isPresent && (dots[$0].position - centre).length <= radius
                }
                #expect(Set(found).count == found.count)
                #expect(found.allSatisfy { dots[$0].isPresent })
                #expect(Set(found).isSuperset(of: reached))
            }
        }
    }

    @Test func `what stands on the border or beyond belongs to the nearest cell`() {
        var grid = SpatialGrid(width: 100, height: 100, cellSize: 30)
        let corners = [Vector(0, 0), Vector(100, 0), Vector(0, 100), Vector(100, 100), Vector(-5, 400)]
        grid.rebuild(from: corners.map { Dot(position: $0) })
        for (index, corner) in corners.enumerated() { #expect(grid.near(corner, radius: 1).contains(index)) }
    }

    @Test func `members of one cell come in the order of their indices`() {
        var grid = SpatialGrid(width: 100, height: 100, cellSize: 100)
        grid.rebuild(from: (0..<20).map { Dot(position: Vector(Double(20 - $0), 5)) })
        #expect(Array(grid.near(Vector(50, 50), radius: 1)) == Array(0..<20))
    }
}
