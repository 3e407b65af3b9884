internal import PylonJSON
internal import PylonReplication
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTime

/// A shard for tests: animals on a meadow, as entities. Each subscriber has one, sees what is within 100 m of it, and moves it where it
/// likes; the others wander.
struct HerdWorld: ReplicatedSimulation {
    /// `{"x": 10, "y": 20}` moves the sender's animal there.
    struct Input: Decodable, Sendable {
        let x: Double
        let y: Double
    }

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// `POST /api/shards {"id":"h","kind":"herd","config":{"animals":100}}`
    static let kind = ShardKind("herd") { setup in
        let animals = setup.config["animals"].map { $0.int ?? -1 } ?? 100
        guard (0...10_000).contains(animals) else {
            throw ConfigurationError("animals", "must be a whole number from 0 to 10000")
        }
        return try HerdWorld(animals: animals, seed: setup.seed)
    }

    private static let side = 1000.0
    /// The number of the field that only an animal's owner sees.
    private static let stepsField = 1

    static let componentSchema: ComponentSchema = {
        let axis = PositionSchema.Axis(min: 0, max: side, bits: 16)
        do {
            return try ComponentSchema(
                position: PositionSchema(axes: [axis, axis]),
                types: [
                    EntityType(
                        "animal",
                        [
                            ComponentField("mood", .unsigned(bits: 4)),
                            ComponentField("steps", .unsigned(bits: 16), isOwnerOnly: true),
                        ])
                ])
        } catch {
            preconditionFailure("the schema is wrong: \(error)")
        }
    }()

    var entities: EntityTable
    private var wanderers: [EntityID] = []
    private var players: [SubscriberID: EntityID] = [:]
    private var random: SeededGenerator

    init(animals: Int, seed: UInt64) throws {
        entities = EntityTable(schema: Self.componentSchema, entitiesMaximum: 20_000)
        random = SeededGenerator(seed: seed)
        for _ in 0..<animals { wanderers.append(try entities.spawn(0, at: anywhere(), owner: nil)) }
    }

    private mutating func anywhere() -> Vector3 {
        Vector3(random.unitInterval() * Self.side, random.unitInterval() * Self.side)
    }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        guard (0...Self.side).contains(input.x), (0...Self.side).contains(input.y) else {
            throw Refusal(description: "beyond the meadow")
        }
        guard let player = players[subscriber] else { throw Refusal(description: "you have no animal") }
        entities.move(player, to: Vector3(input.x, input.y))
        let steps = entities.value(Self.stepsField, of: player)?.integer ?? 0
        entities.set(Self.stepsField, of: player, to: Int(steps) + 1)
    }

    mutating func step(_ context: StepContext) {
        for id in wanderers {
            guard let position = entities.position(of: id) else { continue }
            let (dx, dy) = (random.unitInterval() * 2 - 1, random.unitInterval() * 2 - 1)
            let bounds = 0...Self.side
            entities.move(
                id,
                to: Vector3(
                    min(max(position.x + dx, bounds.lowerBound), bounds.upperBound),
                    min(max(position.y + dy, bounds.lowerBound), bounds.upperBound)))
        }
    }

    mutating func subscriberJoined(_ subscriber: SubscriberID) {
        let place = anywhere()
        // A full meadow leaves a subscriber without an animal; its inputs say so.
        players[subscriber] = try? entities.spawn(0, at: place, owner: subscriber)
    }

    mutating func subscriberLeft(_ subscriber: SubscriberID) {
        if let player = players.removeValue(forKey: subscriber) { entities.despawn(player) }
    }

    func interest(of subscriber: SubscriberID) -> Interest {
        guard let player = players[subscriber] else { return .everything }
        return Interest(centre: .entity(player), shape: .sphere(radius: 100))
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginObject()
        json.member("tick", context.tick.number)
        json.member("animals", entities.count)
        json.endObject()
    }
}
