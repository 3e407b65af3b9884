internal import PylonReplication
internal import PylonSimulation
internal import PylonTime

/// A small zone in which everything happens all the time, and a record of what was true at each tick that shares nothing with the engine's.
struct TrialWorld {
    /// An entity as it was at a tick.
    struct Truth {
        let id: EntityID
        let type: Int
        let position: Vector3
        let values: [FieldValue]
        let owner: SubscriberID?
        let teams: UInt32
    }

    private static let truthTicks = 2048

    private(set) var table: EntityTable
    private(set) var random: SeededGenerator
    private(set) var ids: [EntityID] = []
    /// By slot.
    private var present: [Truth?] = []
    private var past: [[Truth?]] = Array(repeating: [], count: truthTicks)
    let dimensions: Int
    /// Until then nothing happens.
    private var quietUntil: UInt64 = 0

    init(seed: UInt64, entitiesMaximum: Int) {
        var random = SeededGenerator(seed: seed)
        dimensions = random.next() % 2 == 0 ? 2 : 3
        self.random = random
        table = EntityTable(
            schema: Self.schema(dimensions: dimensions), entitiesMaximum: entitiesMaximum,
            historyTicks: [8, 16, 64][Int(random.next() % 3)])
    }

    static func schema(dimensions: Int) -> ComponentSchema {
        let types = [
            EntityType("stone"),
            EntityType(
                "wanderer",
                [
                    ComponentField("heading", .float(min: -180, max: 180, bits: 8)),
                    ComponentField("gold", .unsigned(bits: 20), isOwnerOnly: true),
                    ComponentField("running", .bool, weight: 0.5), ComponentField("mood", .signed(bits: 4)),
                    ComponentField("hidden", .bool, isOwnerOnly: true), ComponentField("health", .unsigned(bits: 7)),
                ]),
            EntityType(
                "monster",
                (0..<9).map { ComponentField("f\($0)", $0 % 3 == 0 ? .signed(bits: 32) : .unsigned(bits: 6 + $0 * 2)) }
                    + [ComponentField("secret", .signed(bits: 32), isOwnerOnly: true)]),
        ]
        do {
            return try ComponentSchema(
                position: PositionSchema(dimensions: dimensions, min: -100, max: 300, bits: 15), types: types)
        } catch {
            fatalError("\(error)")
        }
    }

    /// A whole number below `limit`.
    mutating func roll(_ limit: Int) -> Int { Int(random.next() % UInt64(limit)) }

    /// The entities as they were at a tick, by slot.
    func truth(at tick: UInt64) -> [Truth?] { past[Int(tick % UInt64(Self.truthTicks))] }

    mutating func step(_ tick: UInt64, owners: [SubscriberID]) {
        if tick >= quietUntil {
            if roll(400) == 0 { quietUntil = tick + UInt64(roll(150)) }
            change(owners)
        }
        table.commit(Tick(tick))
        past[Int(tick % UInt64(Self.truthTicks))] = present
    }

    private mutating func change(_ owners: [SubscriberID]) {
        for _ in 0..<roll(3) where ids.count < table.entitiesMaximum { spawn(owners) }
        // Now and then a massacre, so that slots rest by the dozen.
        let deaths = roll(300) == 0 ? ids.count / 2 : roll(8) == 0 ? 1 : 0
        for _ in 0..<deaths where !ids.isEmpty {
            let id = ids.remove(at: roll(ids.count))
            table.despawn(id)
            present[Int(id.slot)] = nil
        }
        for id in ids where roll(3) != 0 { act(id, owners) }
    }

    private mutating func spawn(_ owners: [SubscriberID]) {
        let owner = roll(3) == 0 ? owners[roll(owners.count)] : nil
        guard let id = try? table.spawn(roll(3), at: place(), owner: owner, teams: UInt32(1 + roll(15))) else { return }
        ids.append(id)
        record(id)
    }

    private mutating func place() -> Vector3 {
        Vector3(Double(roll(4400)) / 10 - 120, Double(roll(4400)) / 10 - 120, Double(roll(900)) / 10 - 110)
    }

    private mutating func act(_ id: EntityID, _ owners: [SubscriberID]) {
        switch roll(40) {
        case 0: table.move(id, to: place())
        case 1: table.setTeams(of: id, to: UInt32(roll(16)))
        case 2: table.setOwner(of: id, to: roll(2) == 0 ? nil : owners[roll(owners.count)])
        case 3...30:
            guard let position = table.position(of: id) else { return }
            func step() -> Double { Double(roll(41) - 20) / 20 }
            table.move(id, to: Vector3(position.x + step(), position.y + step(), position.z + step()))
        default: break
        }
        guard let type = table.type(of: id) else { return }
        for (field, declared) in table.schema.types[type].fields.enumerated() where roll(4) == 0 {
            let former = table.value(field, of: id)?.number ?? 0
            switch declared.kind {
            case .bool: table.set(field, of: id, to: roll(2) == 0)
            case .float: table.set(field, of: id, to: former + Double(roll(90) - 45))
            default:
                table.set(
                    field, of: id,
                    to: roll(2) == 0 ? Int(former) + roll(7) - 3 : Int(Int32(truncatingIfNeeded: random.next())))
            }
        }
        record(id)
    }

    private mutating func record(_ id: EntityID) {
        guard let type = table.type(of: id), let position = table.position(of: id), let teams = table.teams(of: id)
        else {
            return
        }
        let values = table.schema.types[type].fields.indices.compactMap { table.value($0, of: id) }
        while present.count <= Int(id.slot) { present.append(nil) }
        present[Int(id.slot)] = Truth(
            id: id, type: type, position: position, values: values, owner: table.owner(of: id), teams: teams)
    }
}
