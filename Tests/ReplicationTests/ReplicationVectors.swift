import PylonBytes
import PylonJSON
import PylonSimulation
import PylonTime

@testable import PylonReplication

/// Makes docs/protocol/vectors/replication.json: streams of frames in which everything that a body can hold occurs, with what a client
/// shows after each.
struct ReplicationVectors {
    private var table: EntityTable
    private let replicator: Replicator
    private let decoder: ReplicaDecoder
    private var handle: Replicator.Handle?
    private var tick: UInt64 = 100
    private var frames: [String] = []
    private var hashesCompared = 0
    private let owner = SubscriberID("me")

    /// The text of the file.
    static func text() throws -> String {
        let cases = try [walk(dimensions: 2), walk(dimensions: 3)]
        return "{\"cases\":[\n" + cases.joined(separator: ",\n") + "\n]}\n"
    }

    private init(dimensions: Int) throws {
        var axes = [
            PositionSchema.Axis(min: 0, max: 1000, bits: 16), PositionSchema.Axis(min: -500, max: 500, bits: 14),
        ]
        if dimensions == 3 { axes.append(PositionSchema.Axis(min: 0, max: 63, bits: 6)) }
        let schema = try ComponentSchema(
            position: PositionSchema(axes: axes),
            types: [
                EntityType("stone"),
                EntityType(
                    "wanderer",
                    [
                        ComponentField("heading", .float(min: 0, max: 360, bits: 8)),
                        ComponentField("gold", .unsigned(bits: 20), isOwnerOnly: true),
                        ComponentField("running", .bool),
                        ComponentField("mood", .signed(bits: 4)), ComponentField("armed", .bool, isOwnerOnly: true),
                        ComponentField("score", .signed(bits: 32)), ComponentField("name", .unsigned(bits: 32)),
                    ]),
                EntityType("door", [ComponentField("open", .bool)]),
            ])
        table = EntityTable(schema: schema, historyTicks: 8)
        replicator = Replicator(schema: schema, hashTicks: 1)
        decoder = ReplicaDecoder(schema: schema)
        handle = replicator.add(owner, interest: .everything)
    }

    private mutating func spawn(_ type: Int, _ x: Double, _ y: Double, _ z: Double = 0, owned: Bool = false) throws
        -> EntityID
    {
        try table.spawn(type, at: Vector3(x, y, z), owner: owned ? owner : nil)
    }

    private static func walk(dimensions: Int) throws -> String {
        var stream = try ReplicationVectors(dimensions: dimensions)
        let stone = try stream.spawn(0, 10, 10, 5)
        let hero = try stream.spawn(1, 500, 0, 6, owned: true)
        // Slots far apart: the ones between were never seen.
        for _ in 0..<100 { stream.table.despawn(try stream.spawn(0, 0, 0)) }
        let door = try stream.spawn(2, 700, -100, 7)
        let crowd = try (0..<12).map { try stream.spawn(1, 100 + Double($0), 50, 8) }
        stream.table.set(1, of: hero, to: 12345)
        stream.table.set(5, of: hero, to: -7)
        try stream.send("a keyframe")
        stream.table.move(hero, to: Vector3(500.2, -0.3, 6))
        try stream.send("a small move")
        stream.table.move(hero, to: Vector3(500.9, 1.3, 6))
        stream.table.set(2, of: hero, to: true)
        stream.table.set(3, of: hero, to: -3)
        try stream.send("a middle move and fields", acknowledged: false)
        stream.table.move(hero, to: Vector3(503.5, 5, 60))
        stream.table.set(0, of: hero, to: 350)
        stream.table.set(5, of: hero, to: 1000)
        stream.table.set(6, of: hero, to: 0xF000_0001)
        try stream.send("against the frame before the last, which is as if it had been lost")
        stream.table.move(hero, to: Vector3(3, 499, 1))
        stream.table.set(5, of: hero, to: Int(Int32.min))
        stream.table.set(0, of: hero, to: 10)
        stream.table.set(0, of: crowd[11], to: 10)
        try stream.send("a leap, whole numbers, a heading around the circle, and a gap")
        stream.table.despawn(stone)
        stream.table.despawn(crowd[3])
        stream.table.set(0, of: door, to: true)
        _ = try stream.spawn(0, 999, 499, 63)
        try stream.send("two leave, a door opens, a stone enters")
        try stream.send("nothing changed")
        stream.table.set(1, of: hero, to: 12346)
        try stream.send("an owner-only field")
        stream.table.set(1, of: hero, to: 1_000_000)
        stream.table.set(4, of: hero, to: true)
        stream.table.setOwner(of: crowd[0], to: stream.owner)
        try stream.send("another entity is owned, too")
        stream.table.setOwner(of: hero, to: nil)
        try stream.send("one is given away")
        try stream.starve(crowd)
        stream.table.despawn(crowd[0])
        try stream.send("what was owned leaves")
        if let handle = stream.handle { stream.replicator.requestKeyframe(handle) }
        try stream.send("a keyframe that was asked for")
        return try stream.text(dimensions)
    }

    /// So small a budget that what waits is older than the history, then comes whole.
    private mutating func starve(_ crowd: [EntityID]) throws {
        guard let handle else { return }
        replicator.setBytesPerFrame(handle, 24)
        for step in 0..<10 {
            for id in crowd where id != crowd[3] { table.move(id, to: Vector3(Double(step * 90), Double(id.slot), 9)) }
            try send("a budget of 24 bytes: \(step + 1)")
        }
        replicator.setBytesPerFrame(handle, nil)
        try send("everything fits again")
    }

    private mutating func send(_ note: String, acknowledged: Bool = true) throws {
        tick += 1
        table.commit(Tick(tick))
        var sent: (baseAge: UInt64, body: [UInt8])?
        replicator.encode(table) { _, frame in
            sent = (frame.baseAge, [UInt8](frame.body.unsafeBytes) + [UInt8](frame.owned))
            return true
        }
        guard let sent else { return }
        try decoder.apply(tick: Tick(tick), baseAge: sent.baseAge, body: sent.body)
        // What is older than the history cannot be compared: the frames of the starved.
        if let handle, let hash = replicator.takeHash(handle, of: Tick(tick), from: table) {
            guard hash == decoder.viewHash else { throw Difference(note: note) }
            hashesCompared += 1
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("note", note)
        json.member("tick", tick)
        json.member("base_age", sent.baseAge)
        json.member("body", Hex.encode(sent.body))
        json.member("hash", Self.text(of: decoder.viewHash))
        json.key("entities")
        Self.write(decoder, into: &json)
        json.endObject()
        frames.append(json.text)
        if acknowledged, let handle { replicator.acknowledge(handle, Tick(tick)) }
    }

    /// The server's hash of a view is not the client's.
    struct Difference: Error {
        let note: String
    }

    /// 16 hexadecimal digits.
    static func text(of hash: UInt64) -> String {
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }

    /// What a client shows.
    static func write(_ decoder: ReplicaDecoder, into json: inout JSONWriter) {
        json.beginArray()
        for place in 0..<decoder.count {
            let entity = decoder[place]
            json.beginObject()
            json.member("slot", entity.id.slot)
            json.member("generation", entity.id.generation)
            json.member("type", decoder.schema.types[entity.type].name)
            json.beginArray("position")
            for axis in decoder.schema.position.axes.indices { json.value(entity.position[axis]) }
            json.endArray()
            if entity.isOwned { json.member("owned", true) }
            json.beginObject("fields")
            for (index, field) in decoder.schema.types[entity.type].fields.enumerated()
            where entity.isOwned || !field.isOwnerOnly {
                json.key(field.name)
                switch entity.value(index) {
                case .bool(let value): json.value(value)
                case .integer(let value): json.value(value)
                case .number(let value): json.value(value)
                case nil: json.null()
                }
            }
            json.endObject()
            json.endObject()
        }
        json.endArray()
    }

    private func text(_ dimensions: Int) throws -> String {
        guard hashesCompared > 10 else { throw Difference(note: "compared too rarely") }
        var json = JSONWriter()
        table.schema.write(into: &json)
        return "{\"name\":\"\(dimensions) dimensions\",\n\"schema\":\(json.text),\n\"frames\":[\n"
            + frames.joined(separator: ",\n") + "\n]}"
    }
}
