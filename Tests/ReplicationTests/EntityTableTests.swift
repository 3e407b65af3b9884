import PylonSimulation
import PylonTime
import Testing

@testable import PylonReplication

struct EntityTableTests {
    static func table(entitiesMaximum: Int = 100, historyTicks: Int = 4) throws -> EntityTable {
        let schema = try ComponentSchema(
            position: PositionSchema(dimensions: 2, min: 0, max: 1023, bits: 10),
            types: [
                EntityType(
                    "a", [ComponentField("f", .unsigned(bits: 8)), ComponentField("g", .bool, isOwnerOnly: true)])
            ])
        return EntityTable(schema: schema, entitiesMaximum: entitiesMaximum, historyTicks: historyTicks)
    }

    @Test func thePastIsKeptAsLongAsSaid() throws {
        var table = try Self.table()
        let id = try table.spawn(0, at: Vector3(1, 2))
        for tick in 1...10 as ClosedRange<UInt64> {
            table.move(id, to: Vector3(Double(tick), 2))
            table.set(0, of: id, to: Int(tick) * 2)
            table.commit(Tick(tick))
        }
        table.move(id, to: Vector3(500, 500))
        for tick in 7...10 as ClosedRange<UInt64> {
            let state = try #require(table.state(at: Tick(tick)))
            #expect(state.position(of: id) == Vector3(Double(tick), 2))
            #expect(state.value(0, of: id) == .integer(Int64(tick) * 2))
            #expect(state.value(2, of: id) == nil && state.value(-1, of: id) == nil)
            #expect(state.type(of: id) == 0)
        }
        for tick in [0, 6, 11, 14, 1 << 63] as [UInt64] { #expect(table.state(at: Tick(tick)) == nil) }
        #expect(table.position(of: id) == Vector3(500, 500))
    }

    @Test func thePastKnowsWhoWasThere() throws {
        var table = try Self.table()
        let first = try table.spawn(0, at: Vector3(0, 0))
        table.commit(Tick(1))
        table.despawn(first)
        let second = try table.spawn(0, at: Vector3(0, 0))
        table.commit(Tick(2))
        let (past, present) = (try #require(table.state(at: Tick(1))), try #require(table.state(at: Tick(2))))
        #expect(past.entity(inSlot: 0) == first && past.position(of: second) == nil)
        #expect(present.entity(inSlot: 0) == nil && present.position(of: second) != nil)
        #expect(present.entity(inSlot: -1) == nil && present.entity(inSlot: 1 << 40) == nil)
        #expect(present.position(of: first) == nil && !table.contains(first))
    }

    @Test func someoneWhoLooksBackDoesNotSeeTheRowChange() throws {
        var table = try Self.table()
        let id = try table.spawn(0, at: Vector3(7, 7))
        table.commit(Tick(1))
        let state = try #require(table.state(at: Tick(1)))
        for tick in 2...9 as ClosedRange<UInt64> {
            table.move(id, to: Vector3(100, 100))
            table.commit(Tick(tick))
        }
        #expect(state.position(of: id) == Vector3(7, 7))
    }

    @Test func aCopyIsAWorldOfItsOwn() throws {
        var table = try Self.table()
        let id = try table.spawn(0, at: Vector3(7, 7))
        table.commit(Tick(1))
        let copy = table
        table.move(id, to: Vector3(8, 8))
        for tick in 2...6 as ClosedRange<UInt64> { table.commit(Tick(tick)) }
        #expect(copy.position(of: id) == Vector3(7, 7))
        #expect(copy.state(at: Tick(1))?.position(of: id) == Vector3(7, 7))
        #expect(table.state(at: Tick(1)) == nil)
    }

    @Test func aSlotRestsLongerThanTheHistory() throws {
        var table = try Self.table()
        let id = try table.spawn(0, at: Vector3(0, 0))
        table.commit(Tick(1))
        table.despawn(id)
        // Gone at tick 2; views of tick 1 serve until tick 4, the table looks back until tick 5.
        for tick in 2...6 as ClosedRange<UInt64> {
            let other = try table.spawn(0, at: Vector3(0, 0))
            #expect(other.slot != id.slot)
            table.commit(Tick(tick))
        }
        let again = try table.spawn(0, at: Vector3(0, 0))
        #expect(again.slot == id.slot && again.generation == id.generation + 1)
        let hasMoved = table.move(id, to: Vector3(1, 1))
        #expect(!table.contains(id) && table.position(of: id) == nil && !hasMoved)
        #expect(table.contains(again))
    }

    @Test func aFullTableSaysSo() throws {
        var table = try Self.table(entitiesMaximum: 3)
        let ids = try (0..<3).map { _ in try table.spawn(0, at: Vector3(0, 0)) }
        #expect(throws: EntityTableError.full) { try table.spawn(0, at: Vector3(0, 0)) }
        #expect(throws: EntityTableError.unknownType) { try table.spawn(1, at: Vector3(0, 0)) }
        ids.forEach { table.despawn($0) }
        let isGoneTwice = table.despawn(ids[0])
        #expect(!isGoneTwice)
        for _ in 0..<3 { table.despawn(try table.spawn(0, at: Vector3(0, 0))) }
        // Twice as many slots as entities, and all rest.
        #expect(throws: EntityTableError.full) { try table.spawn(0, at: Vector3(0, 0)) }
        for tick in 1...6 as ClosedRange<UInt64> { table.commit(Tick(tick)) }
        let id = try table.spawn(0, at: Vector3(0, 0))
        #expect(id.slot == 0 && table.count == 1)
    }

    @Test func onlyChangesCountAsChanges() throws {
        var table = try Self.table()
        let id = try table.spawn(0, at: Vector3(3, 3))
        table.commit(Tick(1))
        table.move(id, to: Vector3(3.2, 3.1))
        table.set(0, of: id, to: 0)
        table.commit(Tick(2))
        #expect(table.openTicks[0] == 1 && table.ownedTicks[0] == 1)
        table.set(1, of: id, to: true)
        table.commit(Tick(3))
        #expect(table.openTicks[0] == 1 && table.ownedTicks[0] == 3)
        table.set(0, of: id, to: 1)
        table.commit(Tick(4))
        #expect(table.openTicks[0] == 4 && table.ownedTicks[0] == 3)
        for field in [2, -1] {
            let isSet = table.set(field, of: id, to: 1)
            #expect(!isSet)
        }
    }

    @Test func ownersKnowTheirSlots() throws {
        var table = try Self.table()
        let (anna, bert) = (SubscriberID("anna"), SubscriberID("bert"))
        let ids = try (0..<4).map { try table.spawn(0, at: Vector3(0, 0), owner: $0 == 2 ? nil : anna) }
        #expect(table.slots(ownedBy: anna) == [0, 1, 3])
        table.setOwner(of: ids[1], to: bert)
        table.setOwner(of: ids[2], to: anna)
        table.despawn(ids[3])
        #expect(table.slots(ownedBy: anna) == [0, 2] && table.slots(ownedBy: bert) == [1])
        #expect(table.owner(of: ids[2]) == anna && table.owner(of: ids[3]) == nil)
        table.setOwner(of: ids[1], to: nil)
        #expect(table.slots(ownedBy: bert).isEmpty)
    }
}
