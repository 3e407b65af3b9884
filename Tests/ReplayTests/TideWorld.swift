import PylonJSON
import PylonSimulation
import PylonTime

/// A world with chance, members and a sum, which can be saved. Its tide turns otherwise when told to, as changed code would.
struct TideWorld: PersistentSimulation {
    struct Input: Sendable {
        let push: Int
    }

    struct Refusal: Error {}

    /// From this tick on the world is another; nil never.
    var turnsOtherwiseAt: UInt64?
    private var random: SeededGenerator
    private var level = 0.0
    private var total = 0
    private var members: [SubscriberID] = []

    init(seed: UInt64, turnsOtherwiseAt: UInt64? = nil) {
        random = SeededGenerator(seed: seed)
        self.turnsOtherwiseAt = turnsOtherwiseAt
    }

    static func decodeInput(_ json: JSONValue) throws -> Input {
        // Tells 2 and 2.0 apart, as worlds may.
        if case .number(let number) = json["push"] { return Input(push: -Int(number)) }
        guard case .integer(let push) = json["push"] else { throw Refusal() }
        return Input(push: Int(push))
    }

    mutating func apply(_ input: Input, from subscriber: SubscriberID, _ context: StepContext) throws {
        if input.push == 0 { throw Refusal() }
        total &+= input.push &* (1 + (members.firstIndex(of: subscriber) ?? -1))
        context.broadcast { $0.value(total) }
    }

    mutating func step(_ context: StepContext) {
        level += random.unitInterval() * context.seconds
        if context.tick.number == turnsOtherwiseAt { level += 1 }
    }

    mutating func subscriberJoined(_ subscriber: SubscriberID) {
        members.append(subscriber)
        level += Double(random.next() & 7)
    }

    mutating func subscriberLeft(_ subscriber: SubscriberID) {
        members.removeAll { $0 == subscriber }
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.value(total)
    }

    func save(into state: inout StateWriter) {
        state.write(1 as UInt64)
        state.write(random)
        state.write(level)
        state.write(total)
        state.write(members) { $1.write($0) }
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        _ = try state.readVersion(newest: 1)
        random = try state.readGenerator()
        level = try state.readDouble()
        total = try state.readInt()
        members = try state.readArray { (state) throws(StateError) in try state.readSubscriber() }
    }
}

/// The same sums without a way to save them: recordings of it hash what everyone sees.
struct OpenWorld: Simulation {
    typealias Input = Int

    private var total = 0

    mutating func apply(_ input: Int, from subscriber: SubscriberID, _ context: StepContext) { total += input }
    mutating func step(_ context: StepContext) { total += 1 }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.value(total)
    }
}
