import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonThreading
import PylonTime

/// Worlds of numbers that leave by chance, as a test sees them from outside.
final class DockProbe: Sendable {
    /// What one shard was like behind its last step.
    struct Sight: Sendable {
        var numbers: [Int] = []
        var isStill = false
    }

    private static let all = Lock<[String: DockProbe]>([:])
    private let sights = Lock<[String: Sight]>([:])

    /// The probe of a test, by whatever `config.probe` says.
    static func named(_ name: String) -> DockProbe {
        all.withLock { all in
            let probe = all[name] ?? DockProbe()
            all[name] = probe
            return probe
        }
    }

    subscript(shard: String) -> Sight {
        get { sights.withLock { $0[shard] ?? Sight() } }
        set { sights.withLock { $0[shard] = newValue } }
    }
}

/// A world of numbers that leave by chance. What the harbour's office hands to it says whether they do.
struct DockWorld: PersistentSimulation, HandoffSimulation {
    typealias Input = Int

    static let office = "office"

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// `config`: the numbers `first`..<`first`+`count` lie here; `to`, where they go by chance; `closed`, nothing is taken in; `takes_all`,
    /// everything is; `probe`.
    static let kind = ShardKind("dock") { DockWorld($0) }

    private let id: String
    private let probe: DockProbe
    private let isClosed: Bool
    private let takesAll: Bool
    private let targets: [String]
    private var random: SeededGenerator
    private var numbers: [Int] = []
    private var isStill = false

    private init(settings setup: ShardSetup) {
        id = setup.id
        probe = DockProbe.named(setup.config["probe"]?.string ?? "")
        isClosed = setup.config["closed"]?.bool ?? false
        takesAll = setup.config["takes_all"]?.bool ?? false
        targets = setup.config["to"]?.array?.compactMap(\.string) ?? []
        random = SeededGenerator(seed: setup.seed)
    }

    init(_ setup: ShardSetup) {
        self.init(settings: setup)
        let first = setup.config["first"]?.int ?? 0
        numbers = Array(first..<first + (setup.config["count"]?.int ?? 0))
    }

    mutating func apply(_ input: Int, from subscriber: SubscriberID, _ context: StepContext) {}

    mutating func step(_ context: StepContext) {
        guard !targets.isEmpty, !isStill else { return }
        for index in numbers.indices.reversed() where Int.random(in: 0..<8, using: &random) == 0 {
            let target = targets[Int.random(in: 0..<targets.count, using: &random)]
            guard (try? context.handOff([UInt8(numbers[index])], to: target)) != nil else { continue }
            numbers.remove(at: index)
        }
    }

    mutating func stepEnded(_ tick: Tick) { probe[id] = DockProbe.Sight(numbers: numbers, isStill: isStill) }

    mutating func receive(_ handoff: Handoff, _ context: StepContext) throws {
        if handoff.source.shard == Self.office { return isStill = handoff.payload[0] == 1 }
        if isClosed { throw Refusal(description: "closed") }
        // Some are refused by the numbers alone, so that both sides do both things.
        if !takesAll, handoff.sequence % 5 == 0 { throw Refusal(description: "a fifth") }
        numbers.append(Int(handoff.payload[0]))
    }

    mutating func takeBack(_ handoff: Handoff, reason: String, _ context: StepContext) {
        numbers.append(Int(handoff.payload[0]))
    }

    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        for number in numbers { json.value(number) }
        json.endArray()
    }

    func save(into state: inout StateWriter) {
        state.write(random)
        state.write(numbers) { $1.write($0) }
        state.write(isStill)
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        self.init(settings: setup)
        random = try state.readGenerator()
        numbers = try state.readArray { (state) throws(StateError) in try state.readInt() }
        isStill = try state.readBool()
    }
}
