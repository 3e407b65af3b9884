internal import PylonReplication
internal import PylonSimulation
internal import PylonTime

/// A client behind a bad line: frames and acknowledgements are lost, late, doubled and overtake each other.
final class TrialClient {
    /// A frame on its way, with the view that it must lead to.
    struct Flight {
        let arrival: UInt64
        let tick: UInt64
        let baseAge: UInt64
        let body: [UInt8]
        let view: [(slot: UInt32, tick: Tick)]
    }

    /// What the client says, on its way.
    enum Message {
        case acknowledgement(Tick)
        case keyframeRequest
    }

    let id: SubscriberID
    var handle: Replicator.Handle
    var decoder: ReplicaDecoder
    var interest: Interest
    var down: [Flight] = []
    var up: [(arrival: UInt64, message: Message)] = []
    /// Until then it acknowledges nothing.
    var silentUntil: UInt64 = 0
    /// What it was told by events.
    private(set) var known: Set<EntityID> = []
    private(set) var failure: String?

    init(id: SubscriberID, handle: Replicator.Handle, interest: Interest, schema: ComponentSchema) {
        self.id = id
        self.handle = handle
        self.interest = interest
        decoder = ReplicaDecoder(schema: schema)
        listen()
    }

    /// Comes back with nothing.
    func startOver(schema: ComponentSchema) {
        decoder = ReplicaDecoder(schema: schema)
        known = []
        listen()
    }

    private func listen() {
        decoder.onEvent = { [unowned self] event in
            switch event {
            case .entered(let id): if !known.insert(id).inserted { failure = "\(id) entered twice" }
            case .left(let id): if known.remove(id) == nil { failure = "\(id) left without having entered" }
            case .changed(let id): if !known.contains(id) { failure = "\(id) changed without having entered" }
            }
        }
    }

    /// Compares everything it shows with what was true. Returns what is wrong.
    func difference(from flight: Flight, _ world: TrialWorld) -> String? {
        if let failure { return failure }
        guard decoder.count == flight.view.count, known.count == decoder.count else {
            return "\(decoder.count) entities, told of \(known.count), sent \(flight.view.count)"
        }
        let owners = world.truth(at: flight.tick)
        for (place, expected) in flight.view.enumerated() {
            let shown = decoder[place]
            guard let truth = world.truth(at: expected.tick.number)[Int(expected.slot)] else {
                return "slot \(expected.slot) was empty at tick \(expected.tick)"
            }
            guard shown.id == truth.id, known.contains(shown.id), shown.type == truth.type,
                shown.position == truth.position
            else {
                return "\(shown.id) at \(shown.position) is \(truth.id) at \(truth.position) at tick \(expected.tick)"
            }
            let now = owners[Int(expected.slot)]
            let isOwned = now?.owner == id
            guard shown.isOwned == isOwned else { return "\(shown.id) should\(isOwned ? "" : " not") be owned" }
            for (field, declared) in decoder.schema.types[truth.type].fields.enumerated() {
                var value = truth.values[field]
                if declared.isOwnerOnly {
                    value = isOwned ? now?.values[field] ?? value : declared.kind == .bool ? .bool(false) : .integer(0)
                }
                guard shown.value(field) == value else {
                    return
                        "\(shown.id).\(declared.name) is \(String(describing: shown.value(field))), should be \(value)"
                }
            }
        }
        return nil
    }

    /// Whether a complete view misses something, or shows what it must not. `slack` is how much farther than its shape it may see.
    func visibilityFault(
        _ slots: Set<UInt32>, _ truths: [TrialWorld.Truth?], centre: Vector3?, slack: Double,
        isFogged: (EntityID) -> Bool
    ) -> String? {
        for (slot, truth) in truths.enumerated() {
            guard let truth else { continue }
            let isShown = slots.contains(UInt32(slot))
            let mayBeSeen = truth.teams & interest.teams != 0 && !isFogged(truth.id)
            if truth.owner == id {
                guard isShown else { return "its own \(truth.id) is not shown" }
                continue
            }
            if isShown, !mayBeSeen { return "\(truth.id) is shown and hidden" }
            guard mayBeSeen, let centre else { continue }
            let (inside, outside) = Self.judge(truth.position, interest.shape, centre, slack)
            if inside, !isShown { return "\(truth.id) at \(truth.position) is not shown from \(centre)" }
            if outside, isShown { return "\(truth.id) at \(truth.position) is shown from \(centre)" }
        }
        return nil
    }

    private static func judge(
        _ point: Vector3, _ shape: Interest.Shape, _ centre: Vector3, _ slack: Double
    ) -> (inside: Bool, outside: Bool) {
        switch shape {
        case .everything: return (true, false)
        case .sphere(let radius):
            return (
                SphereArea(centre: centre, radius: radius).contains(point),
                !SphereArea(centre: centre, radius: radius + 2 * slack).contains(point)
            )
        case .box(let half):
            func box(_ more: Double) -> BoxArea {
                BoxArea(
                    min: Vector3(centre.x - half.x - more, centre.y - half.y - more, centre.z - half.z - more),
                    max: Vector3(centre.x + half.x + more, centre.y + half.y + more, centre.z + half.z + more))
            }
            return (box(0).contains(point), !box(slack).contains(point))
        case .grid: return (false, false)
        }
    }
}
