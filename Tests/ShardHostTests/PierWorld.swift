import PylonJSON
import PylonShardHost
import PylonSimulation

/// A world of boats, each named for its passenger, that leave when the passenger says where to.
struct PierWorld: PersistentSimulation, HandoffSimulation {
    struct Refusal: Error {}

    /// `config`: the `boats` that lie here at the beginning; `open`, anybody may watch as anybody; `locked`, nobody may; `berths`.
    static let kind = ShardKind("pier") { PierWorld(setup: $0) }

    private init(setup: ShardSetup) {
        self.init(
            boats: setup.config["boats"]?.array?.compactMap(\.string) ?? [],
            isOpen: setup.config["open"]?.bool ?? false, isLocked: setup.config["locked"]?.bool ?? false,
            berths: setup.config["berths"]?.int ?? 100)
    }

    private(set) var boats: [String]
    private let isOpen: Bool
    private let isLocked: Bool
    private let berths: Int
    private(set) var isFinished = false

    init(boats: [String], isOpen: Bool = false, isLocked: Bool = false, berths: Int = 100) {
        self.boats = boats
        self.isOpen = isOpen
        self.isLocked = isLocked
        self.berths = berths
    }

    /// Where to; an empty name ends the world.
    static func decodeInput(_ json: JSONValue) throws -> String {
        guard let target = json.string else { throw Refusal() }
        return target
    }

    func authorizeSubscribe(_ subscriber: SubscriberID, caller: Caller) -> Authorization {
        if isLocked, !caller.isAdmin, caller.userID != nil { return .refused(reason: "locked") }
        return isOpen ? .allowed : (caller.userID == subscriber.name ? .allowed : .refused(reason: "not yours"))
    }

    mutating func apply(_ target: String, from subscriber: SubscriberID, _ context: StepContext) throws {
        guard let index = boats.firstIndex(of: subscriber.name) else { throw Refusal() }
        if target.hasSuffix("!") { isFinished = true }
        let name = target.last == "!" ? String(target.dropLast()) : target
        guard !name.isEmpty else { return }
        try context.handOff(Array(boats[index].utf8), subscriber: subscriber, to: name)
        boats.remove(at: index)
    }

    mutating func step(_ context: StepContext) {}

    mutating func receive(_ handoff: Handoff, _ context: StepContext) throws {
        guard boats.count < berths else { throw Refusal() }
        boats.append(String(decoding: handoff.payload, as: UTF8.self))
    }

    mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext) {
        boats.append(String(decoding: handoff.payload, as: UTF8.self))
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        for boat in boats { json.value(boat) }
        json.endArray()
    }

    func save(into state: inout StateWriter) {
        state.write(boats) { $1.write($0) }
        state.write(isFinished)
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        self.init(setup: setup)
        boats = try state.readArray { (state) throws(StateError) in try state.readString(bytesMaximum: 256) }
        isFinished = try state.readBool()
    }
}
