import PylonTestSupport
import PylonTime
import Testing

@testable import PylonReplication

struct CellGridTests {
    private static func schema(_ dimensions: Int = 2) throws -> ComponentSchema {
        try ComponentSchema(
            position: PositionSchema(dimensions: dimensions, min: -1024, max: 1024, bits: 24), types: [EntityType("a")])
    }

    @Test func aPointNearTheBorderKeepsItsCell() throws {
        let measure = CellMeasure(schema: try Self.schema(), size: 32, margin: 0.125)
        let home = measure.cell(at: Vector3(31, 16))
        #expect(home == Cell(x: 0, y: 0, z: 0))
        #expect(measure.cell(at: Vector3(36, 16), from: home) == home)
        #expect(measure.cell(at: Vector3(36.1, 16), from: home) == Cell(x: 1, y: 0, z: 0))
        #expect(measure.cell(at: Vector3(31, 16), from: Cell(x: 1, y: 0, z: 0)) == Cell(x: 1, y: 0, z: 0))
        #expect(measure.cell(at: Vector3(-4, 16), from: home) == home)
        #expect(measure.cell(at: Vector3(-4.1, 16), from: home) == Cell(x: -1, y: 0, z: 0))
        #expect(measure.cell(at: Vector3(16, 36.1), from: home) == Cell(x: 0, y: 1, z: 0))
        // Far away the margin is no help.
        #expect(measure.cell(at: Vector3(500, 500), from: home) == Cell(x: 15, y: 15, z: 0))
    }

    @Test func pointsOutsideTheZoneAreInItsOutermostCells() throws {
        let measure = CellMeasure(schema: try Self.schema(3), size: 100, margin: 0)
        #expect(measure.cell(at: Vector3(1e300, -1e300, .nan)) == Cell(x: 10, y: -11, z: -11))
    }

    @Test func anEntityOnTheBorderDoesNotFlicker() throws {
        var table = EntityTable(schema: try Self.schema())
        let id = try table.spawn(0, at: Vector3(31, 5))
        let grid = CellGrid(measure: CellMeasure(schema: table.schema, size: 32, margin: 0.125))
        var changes = 0
        var last: Cell?
        for tick in 1...100 as ClosedRange<UInt64> {
            table.move(id, to: Vector3(tick.isMultiple(of: 2) ? 29 : 35, 5))
            table.commit(Tick(tick))
            grid.follow(table, try #require(table.row(at: tick)))
            if grid.cell(ofSlot: 0) != last { changes += 1 }
            last = grid.cell(ofSlot: 0)
        }
        #expect(changes == 1)
        #expect(grid.cellsOccupied == 1)
    }

    @Test(arguments: [2, 3])
    func theGridListsWhatIsThere(dimensions: Int) throws {
        var random = SeededBits(seed: testSeed())
        var table = EntityTable(schema: try Self.schema(dimensions), historyTicks: 2)
        let grid = CellGrid(measure: CellMeasure(schema: table.schema, size: 200, margin: 0))
        var ids: [EntityID] = []
        func place() -> Vector3 {
            func number() -> Double { Double(random.next() % 2048) - 1024 }
            return Vector3(number(), number(), number())
        }
        for tick in 1...200 as ClosedRange<UInt64> {
            for _ in 0..<(random.next() % 6) { ids.append(try table.spawn(0, at: place())) }
            for _ in 0..<(random.next() % 5) where !ids.isEmpty {
                table.despawn(ids.remove(at: Int(random.next() % UInt64(ids.count))))
            }
            for id in ids where random.next() % 4 == 0 { table.move(id, to: place()) }
            table.commit(Tick(tick))
            // Not every tick is published.
            if random.next() % 3 == 0 { continue }
            grid.follow(table, try #require(table.row(at: tick)))
            var expected: [Cell: Set<Int>] = [:]
            for id in ids {
                let position = try #require(table.position(of: id))
                expected[grid.measure.cell(at: position), default: []].insert(Int(id.slot))
            }
            #expect(grid.cellsOccupied == expected.count)
            let wrong = expected.filter { cell, slots in
                var listed: Set<Int> = []
                _ = grid.forEachSlot(in: cell) { listed.insert($0).inserted }
                return listed != slots
            }
            #expect(wrong.isEmpty)
            var all = 0
            grid.forEachSlot(where: { _ in true }) { _ in
                all += 1
                return true
            }
            #expect(all == ids.count)
        }
    }

    @Test func theMapIsADictionary() {
        var random = SeededBits(seed: testSeed())
        var map = CellMap()
        var model: [UInt64: Int32] = [:]
        var faults = 0
        for step in 0..<20_000 {
            let key = random.next() % 512 << 42 | random.next() % 3
            if map[key] != model[key] { faults += 1 }
            if model[key] != nil {
                map.remove(key)
                model[key] = nil
            } else {
                map.insert(key, Int32(step))
                model[key] = Int32(step)
            }
            if map.count != model.count { faults += 1 }
        }
        for (key, value) in model where map[key] != value { faults += 1 }
        #expect(faults == 0)
    }

    @Test func slotSetsGiveRisingSlotsAndAreEmptyThen() {
        var random = SeededBits(seed: testSeed())
        var set = SlotSet()
        for _ in 0..<50 {
            let limit = 1 + Int(random.next() % 20_000)
            set.reserve(limit)
            var model: Set<UInt32> = []
            for _ in 0..<(random.next() % 300) {
                let slot = Int(random.next() % UInt64(limit))
                set.insert(slot)
                model.insert(UInt32(slot))
            }
            #expect(set.count == model.count)
            var slots: ContiguousArray<UInt32> = []
            set.drain(into: &slots)
            #expect(Array(slots) == model.sorted())
        }
    }
}
