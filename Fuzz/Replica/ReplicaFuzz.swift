internal import PylonJSON
internal import PylonReplication
internal import PylonTime

/// A schema with everything in it, in two and in three dimensions.
private let schemas: [ComponentSchema] = [2, 3].map { dimensions in
    let fields = [
        ComponentField("a", .float(min: -1, max: 1, bits: 9)), ComponentField("b", .bool),
        ComponentField("c", .signed(bits: 32)), ComponentField("d", .unsigned(bits: 4), isOwnerOnly: true),
        ComponentField("e", .bool, isOwnerOnly: true), ComponentField("f", .unsigned(bits: 32), isOwnerOnly: true),
    ]
    do {
        return try ComponentSchema(
            position: PositionSchema(dimensions: dimensions, min: -10, max: 10, bits: 11),
            types: [EntityType("x", fields), EntityType("y"), EntityType("z", Array(fields.prefix(2)))])
    } catch {
        fatalError("\(error)")
    }
}

/// A client that is sent anything: it never traps, holds no more than it may, shows nothing that the schema does not allow, and a frame
/// that it refuses changes nothing. And a schema that is read comes back from what is written of it.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    guard let first = bytes.first else { return 0 }
    if first == UInt8(ascii: "{") {
        readSchema(bytes)
    } else {
        readFrames(bytes.dropFirst(), schemas[Int(first & 1)])
    }
    return 0
}

private func readSchema(_ bytes: [UInt8]) {
    guard let json = try? JSONParser.parse(bytes), let schema = try? ComponentSchema(json: json) else { return }
    var writer = JSONWriter()
    schema.write(into: &writer)
    let back = try? ComponentSchema(json: JSONParser.parse(writer.text))
    precondition(back == schema, "a schema changed on its way")
}

/// The bytes are frames: how much later than the last, how old the base, how long, and so many bytes.
private func readFrames(_ bytes: ArraySlice<UInt8>, _ schema: ComponentSchema) {
    var limits = ReplicaDecoder.Limits()
    limits.entitiesMaximum = 300
    limits.viewsMaximum = 4
    let decoder = ReplicaDecoder(schema: schema, limits: limits)
    var known: Set<EntityID> = []
    decoder.onEvent = { event in
        switch event {
        case .entered(let id): precondition(known.insert(id).inserted, "an entity entered twice")
        case .left(let id): precondition(known.remove(id) != nil, "an entity left that was not there")
        case .changed(let id): precondition(known.contains(id), "an entity changed that was not there")
        }
    }
    var rest = bytes
    var tick: UInt64 = 10
    while rest.count >= 3, let later = rest.popFirst(), let age = rest.popFirst(), let length = rest.popFirst() {
        tick &+= UInt64(later & 7)
        let before = decoder.tick
        let shown = show(decoder)
        let hash = decoder.viewHash
        let body = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        let outcome = try? decoder.apply(tick: Tick(tick), baseAge: UInt64(age & 15), body: body)
        if outcome != .applied {
            precondition(
                decoder.tick == before && show(decoder) == shown && decoder.viewHash == hash,
                "a frame was refused and changed something")
        }
        precondition(decoder.count <= limits.entitiesMaximum && decoder.count == known.count, "too many entities")
        check(decoder)
    }
}

private func show(_ decoder: ReplicaDecoder) -> [[FieldValue?]] {
    (0..<decoder.count).map { place in
        let entity = decoder[place]
        return decoder.schema.types[entity.type].fields.indices.map { entity.value($0) } + [.number(entity.position.x)]
    }
}

private func check(_ decoder: ReplicaDecoder) {
    var last = -1
    for place in 0..<decoder.count {
        let entity = decoder[place]
        precondition(Int(entity.id.slot) > last, "slots do not rise")
        last = Int(entity.id.slot)
        precondition(abs(entity.position.x) <= 10 && abs(entity.position.y) <= 10, "outside the zone")
        for (index, field) in decoder.schema.types[entity.type].fields.enumerated() {
            guard let value = entity.value(index) else { preconditionFailure("a field without value") }
            if case .unsigned(let bits) = field.kind {
                precondition(value.integer >= 0 && value.integer < 1 << Int64(bits), "a number of too many bits")
            }
        }
    }
}
