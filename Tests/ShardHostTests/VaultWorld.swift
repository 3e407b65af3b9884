import PylonBytes
import PylonJSON
import PylonShardHost
import PylonSimulation
import PylonThreading
import PylonTime

/// A world that adds up what it is sent, and can be saved.
struct VaultWorld: PersistentSimulation {
    typealias Input = Int

    static let kind = ShardKind("vault") { VaultWorld(seed: $0.seed) }

    /// From this total on the state has more bytes than may be stored.
    static let totalTooLarge = 1_000_000

    private var random: SeededGenerator
    private(set) var total = 0
    private var members: [SubscriberID] = []

    init(seed: UInt64) {
        random = SeededGenerator(seed: seed)
    }

    mutating func apply(_ input: Int, from subscriber: SubscriberID, _ context: StepContext) {
        total += input
        context.broadcast { $0.value(total) }
    }

    mutating func step(_ context: StepContext) { _ = random.next() }
    mutating func subscriberJoined(_ subscriber: SubscriberID) { members.append(subscriber) }
    mutating func subscriberLeft(_ subscriber: SubscriberID) { members.removeAll { $0 == subscriber } }
    var isFinished: Bool { total < 0 }

    /// `[tick, total, chance, [member, client_seq], ...]`
    func writeSnapshot(of view: WholeView, _ context: SnapshotContext, into json: inout JSONWriter) {
        json.beginArray()
        json.value(context.tick.number)
        json.value(total)
        json.value(random.continuation)
        for member in members {
            json.beginArray()
            json.value(member.name)
            json.value(context.acknowledgement(of: member)?.clientSequence)
            json.endArray()
        }
        json.endArray()
    }

    func save(into state: inout StateWriter) {
        state.write(random)
        state.write(total)
        state.write(members) { $1.write($0) }
        if total >= Self.totalTooLarge { state.write([UInt8](repeating: 0, count: 64 << 20)) }
    }

    init(restoring state: inout StateReader, setup: ShardSetup) throws {
        random = try state.readGenerator()
        total = try state.readInt()
        members = try state.readArray { (state) throws(StateError) in try state.readSubscriber() }
    }
}

/// A store in memory that answers when the test says so.
final class MemoryStore: ShardStore {
    private struct State {
        var isAutomatic: Bool
        var waiting: [(change: ShardChange, shard: ShardIdentity, done: @Sendable (String?) -> Void)] = []
        var kept: [String: KeptShard] = [:]
    }

    private let state: Lock<State>

    init(isAutomatic: Bool = true, kept: [KeptShard] = []) {
        state = Lock(
            State(isAutomatic: isAutomatic, kept: Dictionary(uniqueKeysWithValues: kept.map { ($0.id, $0) })))
    }

    /// From now on changes wait for `answer`.
    func answerByHand() { state.withLock { $0.isAutomatic = false } }

    func write(_ change: ShardChange, of shard: ShardIdentity, done: @escaping @Sendable (String?) -> Void) {
        let isAutomatic = state.withLock { state in
            state.waiting.append((change, shard, done))
            return state.isAutomatic
        }
        if isAutomatic { answer() }
    }

    /// What waits for an answer.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// Makes the oldest change, or refuses it.
    func answer(_ problem: String? = nil) {
        let done = state.withLock { state in
            let (change, shard, done) = state.waiting.removeFirst()
            guard problem == nil else { return done }
            let old = state.kept[shard.id]
            switch change {
            case .state(let bytes, _, let isClean):
                state.kept[shard.id] = KeptShard(
                    id: shard.id, instance: shard.instance, kind: shard.kind, config: shard.config, seed: shard.seed,
                    state: Array(bytes.unsafeBytes), isClean: isClean, journal: [])
            case .journal(let block, _):
                state.kept[shard.id] = KeptShard(
                    id: shard.id, instance: shard.instance, kind: shard.kind, config: shard.config, seed: shard.seed,
                    state: old?.state ?? [],
                    isClean: false, journal: (old?.journal ?? []) + [Array(block.unsafeBytes)])
            case .removal: state.kept[shard.id] = nil
            }
            return done
        }
        done(problem)
    }

    /// From now on every change is made at once.
    func answerAll() {
        state.withLock { $0.isAutomatic = true }
        while waitingCount > 0 { answer() }
    }

    func kept(_ id: String = "s") -> KeptShard? { state.withLock { $0.kept[id] } }
}
