internal import PylonJSON
internal import PylonShardHost
internal import PylonSimulation
internal import PylonTime

/// A shard for tests of hand-offs: boats that wander between the shards named in its `config`, each with or without a passenger.
///
/// A boat leaves by chance, one in `stay` each tick, or when its passenger says `{"sail": "b"}`. Who joins and has no boat looks on.
struct FerryWorld: PersistentSimulation, HandoffSimulation {
    /// `{"sail": "b"}` and `{"row": 2}` of passengers; `{"anchor": true}` of anybody keeps all boats here, as far as chance goes.
    struct Input: Decodable, Sendable {
        let sail: String?
        let row: Int?
        let anchor: Bool?
    }

    /// What the shard was told that has no sense here.
    enum Refusal: Error, CustomStringConvertible {
        case noBoat, notLeaving(HandoffError), unreadable, full, here

        var description: String {
            switch self {
            case .noBoat: "you have no boat here"
            case .notLeaving(let error): "the boat cannot leave: \(error)"
            case .unreadable: "that is no boat"
            case .full: "the harbour is full"
            case .here: "that boat is here already"
            }
        }
    }

    /// One boat.
    struct Boat {
        let number: UInt64
        /// How often it has been rowed.
        var strokes: Int
        let passenger: SubscriberID?

        init(number: UInt64, strokes: Int, passenger: SubscriberID?) {
            self.number = number
            self.strokes = strokes
            self.passenger = passenger
        }
    }

    /// `config`: `boats` that lie here at the beginning, numbered from `first` on; `berths`, how many find room; `stay`, a boat leaves with one
    /// chance in so many each tick, 0 for never; `to`, the shards where they go; `passenger`, who sits in the first boat.
    static let kind = ShardKind("ferry") { FerryWorld(setup: $0) }

    private let berths: Int
    private let stay: Int
    private let targets: [String]
    private var random: SeededGenerator
    private var boats: [Boat] = []
    private var isAnchored = false
    private var sent: UInt64 = 0
    private var received: UInt64 = 0

    private init(settings setup: ShardSetup) {
        berths = setup.config["berths"]?.int ?? 100_000
        stay = max(0, setup.config["stay"]?.int ?? 0)
        targets = setup.config["to"]?.array?.compactMap(\.string) ?? []
        random = SeededGenerator(seed: setup.seed)
    }

    init(setup: ShardSetup) {
        self.init(settings: setup)
        let first = UInt64(max(0, setup.config["first"]?.int ?? 0))
        let passenger = setup.config["passenger"]?.string
        let count = min(max(0, setup.config["boats"]?.int ?? 0), 10_000)
        boats = (0..<UInt64(count)).map { index in
            Boat(
                number: first + index, strokes: 0,
                passenger: index == 0 ? passenger.map { SubscriberID($0) } : nil)
        }
    }

    // MARK: Moving

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        if let anchor = input.anchor { return isAnchored = anchor }
        guard let index = boats.firstIndex(where: { $0.passenger == subscriber }) else { throw Refusal.noBoat }
        boats[index].strokes &+= input.row ?? 0
        if let target = input.sail { try sail(index, to: target, context) }
    }

    mutating func step(_ context: StepContext) {
        guard stay > 0, !isAnchored, !targets.isEmpty else { return }
        for index in boats.indices.reversed() where Int.random(in: 0..<stay, using: &random) == 0 {
            let target = targets[Int.random(in: 0..<targets.count, using: &random)]
            // One that cannot leave now stays.
            try? sail(index, to: target, context)
        }
    }

    private mutating func sail(_ index: Int, to target: String, _ context: StepContext) throws(Refusal) {
        do throws(HandoffError) {
            try context.handOff(boats[index].payload, subscriber: boats[index].passenger, to: target)
        } catch {
            throw .notLeaving(error)
        }
        boats.remove(at: index)
        sent += 1
    }

    mutating func receive(_ handoff: Handoff, _ context: StepContext) throws {
        guard boats.count < berths else { throw Refusal.full }
        let boat = try Boat(payload: handoff.payload)
        guard !boats.contains(where: { $0.number == boat.number }) else { throw Refusal.here }
        boats.append(boat)
        received += 1
    }

    mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext) {
        guard let boat = try? Boat(payload: handoff.payload) else { return }
        boats.append(boat)
        sent -= 1
    }

    // MARK: Showing

    /// `{"tick":9,"boats":[0,2],"anchored":false,"sent":3,"received":1,"strokes":{"ann":7}}`
    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginObject()
        json.member("tick", context.tick.number)
        json.key("boats")
        json.beginArray()
        for boat in boats { json.value(boat.number) }
        json.endArray()
        json.member("anchored", isAnchored)
        json.member("sent", sent)
        json.member("received", received)
        json.key("strokes")
        json.beginObject()
        for boat in boats {
            guard let passenger = boat.passenger else { continue }
            json.key(passenger.name)
            json.value(boat.strokes)
        }
        json.endObject()
        json.endObject()
    }

    // MARK: Saving

    func save(into state: inout StateWriter) {
        state.write(1 as UInt64)
        state.write(random)
        state.write(boats) { $0.write(into: &$1) }
        state.write(isAnchored)
        state.write(sent)
        state.write(received)
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        self.init(settings: setup)
        _ = try state.readVersion(newest: 1)
        random = try state.readGenerator()
        boats = try state.readArray { (state) throws(StateError) in try Boat(reading: &state) }
        isAnchored = try state.readBool()
        sent = try state.readUInt64()
        received = try state.readUInt64()
    }
}

extension FerryWorld.Boat {
    /// The boat as it travels.
    var payload: [UInt8] {
        var payload = StateWriter()
        write(into: &payload)
        return payload.copyBytes()
    }

    /// The boat that `payload` wrote.
    init(payload: [UInt8]) throws(StateError) {
        var reader = StateReader(payload)
        try self.init(reading: &reader)
        try reader.finish()
    }

    fileprivate func write(into state: inout StateWriter) {
        state.write(number)
        state.write(strokes)
        state.write(passenger) { $1.write($0) }
    }

    fileprivate init(reading state: inout StateReader) throws(StateError) {
        self.init(
            number: try state.readUInt64(), strokes: try state.readInt(),
            passenger: try state.readOptional { (state) throws(StateError) in try state.readSubscriber() })
    }
}
