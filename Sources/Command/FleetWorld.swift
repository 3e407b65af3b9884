internal import PylonJSON
internal import PylonReplication
internal import PylonShardHost
internal import PylonSimulation

/// A shard for tests of hand-offs: the boats of a `FerryWorld` as entities. They sail from worlds of either kind to the other.
struct FleetWorld: ReplicatedSimulation, HandoffSimulation {
    typealias Input = FerryWorld.Input

    /// `config`: `boats` that lie here at the beginning, numbered from `first` on; `passenger`, who sits in the first.
    static let kind = ShardKind("fleet") { try FleetWorld(setup: $0) }

    private static let numberField = 0
    /// The number of the field that only a boat's passenger sees.
    private static let strokesField = 1
    private static let boatsMaximum = 1000

    static let componentSchema: ComponentSchema = {
        do {
            return try ComponentSchema(
                position: PositionSchema(dimensions: 2, min: 0, max: 65535, bits: 16),
                types: [
                    EntityType(
                        "boat",
                        [
                            ComponentField("number", .unsigned(bits: 16)),
                            ComponentField("strokes", .unsigned(bits: 16), isOwnerOnly: true),
                        ])
                ])
        } catch {
            preconditionFailure("the schema is wrong: \(error)")
        }
    }()

    var entities: EntityTable
    private var boats: [(boat: FerryWorld.Boat, id: EntityID)] = []

    private init(setup: ShardSetup) throws {
        entities = EntityTable(schema: Self.componentSchema, entitiesMaximum: Self.boatsMaximum)
        let first = UInt64(max(0, setup.config["first"]?.int ?? 0))
        let passenger = setup.config["passenger"]?.string
        for index in 0..<UInt64(min(max(0, setup.config["boats"]?.int ?? 0), Self.boatsMaximum)) {
            try launch(
                FerryWorld.Boat(
                    number: first + index, strokes: 0,
                    passenger: index == 0 ? passenger.map { SubscriberID($0) } : nil))
        }
    }

    private mutating func launch(_ boat: FerryWorld.Boat) throws {
        let id = try entities.spawn(0, at: Vector3(Double(boat.number), 0), owner: boat.passenger)
        entities.set(Self.numberField, of: id, to: Int(boat.number))
        entities.set(Self.strokesField, of: id, to: boat.strokes)
        boats.append((boat, id))
    }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        guard let index = boats.firstIndex(where: { $0.boat.passenger == subscriber }) else {
            throw FerryWorld.Refusal.noBoat
        }
        boats[index].boat.strokes &+= input.row ?? 0
        entities.set(Self.strokesField, of: boats[index].id, to: boats[index].boat.strokes)
        guard let target = input.sail else { return }
        do throws(HandoffError) {
            try context.handOff(boats[index].boat.payload, subscriber: subscriber, to: target)
        } catch {
            throw FerryWorld.Refusal.notLeaving(error)
        }
        entities.despawn(boats.remove(at: index).id)
    }

    mutating func step(_ context: StepContext) {}

    mutating func receive(_ handoff: Handoff, _ context: StepContext) throws {
        let boat = try FerryWorld.Boat(payload: handoff.payload)
        guard !boats.contains(where: { $0.boat.number == boat.number }) else { throw FerryWorld.Refusal.here }
        try launch(boat)
    }

    mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext) {
        // It was here before, so there is room for it.
        guard let boat = try? FerryWorld.Boat(payload: handoff.payload) else { return }
        try? launch(boat)
    }

    func interest(of subscriber: SubscriberID) -> Interest { .everything }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        for (boat, _) in boats { json.value(boat.number) }
        json.endArray()
    }
}
