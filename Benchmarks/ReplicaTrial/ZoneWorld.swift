internal import PylonBytes
internal import PylonJSON
package import PylonReplication
internal import PylonSimulation
internal import PylonTime

/// A square zone full of wanderers, some of them followed and owned by subscribers: the load of `pylon-bench zone`.
package struct ZoneWorld {
    private struct Wanderer {
        let id: EntityID
        var x: Double
        var y: Double
        var direction: Double
        /// In a second.
        let speed: Double
        var health: Int
    }

    /// What a tick's frames came to.
    package struct Traffic: Sendable {
        package var frames = 0
        package var bytes = 0
        package var entitiesShown = 0
        /// Entities that had news and did not fit.
        package var entitiesStarved = 0
        /// The bytes of all entities shown, each with its number and all that everybody may see of it, on whole bytes.
        package var fullStateBytes = 0

        package init() {}
    }

    package let replicator: Replicator
    private var table: EntityTable
    private var random: SeededGenerator
    private var wanderers: [Wanderer] = []
    private var handles: [Replicator.Handle] = []
    private var acknowledgements: [(due: UInt64, handle: Replicator.Handle, tick: Tick)] = []
    private let side: Double
    private let ticksPerSecond: Int
    private let acknowledgementTicks: Int
    private var tick: UInt64 = 0

    private static let entityBytes = 4 + 2 + 2 + 1 + 1 + 1

    /// A zone of `side` metres in which so many subscribers look `radius` metres far; their acknowledgements come so many ticks late, 0
    /// at once. With `hashTicks` above 0 the views of every so many ticks are kept to be hashed.
    package init(
        entities: Int, subscribers: Int, ticksPerSecond: Int, side: Double, radius: Double, acknowledgementTicks: Int,
        bytesPerFrame: Int? = nil, differenceBits: [Int] = PositionSchema.differenceBitsStandard, hashTicks: UInt64 = 0,
        seed: UInt64
    ) {
        random = SeededGenerator(seed: seed)
        self.side = side
        self.ticksPerSecond = ticksPerSecond
        self.acknowledgementTicks = acknowledgementTicks
        let schema = Self.schema(side: side, differenceBits: differenceBits)
        table = EntityTable(schema: schema, entitiesMaximum: entities)
        var limits = ReplicationLimits()
        limits.bytesPerFrame = bytesPerFrame
        replicator = Replicator(schema: schema, limits: limits, hashTicks: hashTicks)
        for index in 0..<entities {
            let owner = index < subscribers ? SubscriberID("player\(index)") : nil
            let (x, y) = (random.unitInterval() * side, random.unitInterval() * side)
            guard let id = try? table.spawn(0, at: Vector3(x, y), owner: owner) else { continue }
            wanderers.append(
                Wanderer(
                    id: id, x: x, y: y, direction: random.unitInterval() * 360, speed: 1 + random.unitInterval() * 7,
                    health: 100))
            table.set(2, of: id, to: 100)
            guard let owner else { continue }
            let interest = Interest(centre: .entity(id), shape: .sphere(radius: radius))
            if let handle = replicator.add(owner, interest: interest) { handles.append(handle) }
        }
    }

    private static func schema(side: Double, differenceBits: [Int]) -> ComponentSchema {
        let axis = PositionSchema.Axis(min: 0, max: side, bits: 16)
        do {
            return try ComponentSchema(
                position: PositionSchema(axes: [axis, axis], differenceBits: differenceBits),
                types: [
                    EntityType(
                        "wanderer",
                        [
                            ComponentField("heading", .float(min: 0, max: 360, bits: 8)),
                            ComponentField("mood", .unsigned(bits: 3)), ComponentField("health", .unsigned(bits: 8)),
                            ComponentField("gold", .unsigned(bits: 16), isOwnerOnly: true),
                        ])
                ])
        } catch {
            fatalError("\(error)")
        }
    }

    /// Everybody moves, some turn, few are hurt; then the tick is kept.
    package mutating func step() {
        tick += 1
        let seconds = 1 / Double(ticksPerSecond)
        for index in wanderers.indices {
            var wanderer = wanderers[index]
            let chance = random.next()
            if chance % 16 == 0 {
                let turned = wanderer.direction + random.unitInterval() * 90 - 45
                wanderer.direction = turned.truncatingRemainder(dividingBy: 360)
                if wanderer.direction < 0 { wanderer.direction += 360 }
                table.set(0, of: wanderer.id, to: wanderer.direction)
            }
            let (dx, dy) = Self.unit(wanderer.direction)
            wanderer.x = min(max(wanderer.x + dx * wanderer.speed * seconds, 0), side)
            wanderer.y = min(max(wanderer.y + dy * wanderer.speed * seconds, 0), side)
            if wanderer.x == 0 || wanderer.x == side || wanderer.y == 0 || wanderer.y == side {
                wanderer.direction += 180
            }
            table.move(wanderer.id, to: Vector3(wanderer.x, wanderer.y))
            if chance >> 32 % 128 == 0 {
                wanderer.health = wanderer.health > 10 ? wanderer.health - 7 : 100
                table.set(2, of: wanderer.id, to: wanderer.health)
                table.set(1, of: wanderer.id, to: wanderer.health % 8)
                table.set(3, of: wanderer.id, to: Int(tick % 60_000))
            }
            wanderers[index] = wanderer
        }
        table.commit(Tick(tick))
    }

    /// The direction as a step of length 1, by a parabola: sines are not the same on every machine.
    private static func unit(_ degrees: Double) -> (Double, Double) {
        func sine(_ turns: Double) -> Double {
            let place = turns - turns.rounded(.down)
            return place < 0.5 ? 16 * place * (0.5 - place) : -16 * (place - 0.5) * (1 - place)
        }
        return (sine(degrees / 360 + 0.25), sine(degrees / 360))
    }

    /// Packs the tick for everyone.
    package mutating func publish() -> Traffic {
        var traffic = Traffic()
        let before = replicator.counters
        let tick = Tick(tick)
        replicator.encode(table) { handle, frame in
            traffic.frames += 1
            traffic.bytes += frame.body.count + frame.owned.count
            acknowledgements.append((tick.number + UInt64(acknowledgementTicks), handle, tick))
            return true
        }
        traffic.entitiesShown = Int(replicator.counters.entitiesShown - before.entitiesShown)
        traffic.entitiesStarved = Int(replicator.counters.entitiesStarved - before.entitiesStarved)
        traffic.fullStateBytes = traffic.entitiesShown * Self.entityBytes
        return traffic
    }

    /// What clients confirmed in the meantime arrives.
    package mutating func receive() {
        let due = acknowledgements.firstIndex { $0.due > tick } ?? acknowledgements.count
        for (_, handle, tick) in acknowledgements[..<due] { replicator.acknowledge(handle, tick) }
        acknowledgements.removeSubrange(..<due)
    }

    /// The bytes of the whole zone as a JSON snapshot.
    package func snapshotBytes() -> Int {
        var json = JSONWriter()
        json.beginObject()
        json.beginArray("entities")
        for wanderer in wanderers {
            guard let position = table.position(of: wanderer.id) else { continue }
            json.beginObject()
            json.member("id", wanderer.id.slot)
            json.member("x", position.x, decimals: 2)
            json.member("y", position.y, decimals: 2)
            json.member("heading", table.value(0, of: wanderer.id)?.number ?? 0, decimals: 1)
            json.member("mood", table.value(1, of: wanderer.id)?.integer ?? 0)
            json.member("health", table.value(2, of: wanderer.id)?.integer ?? 0)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.count
    }
}
