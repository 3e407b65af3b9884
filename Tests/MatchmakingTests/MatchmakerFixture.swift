import PylonBytes
import PylonThreading
import PylonTime

@testable import PylonMatchmaking

/// A matchmaker on a clock that stands still, with shards that are names in a list.
final class MatchmakerFixture: Sendable {
    let clock = ManualClock()
    let shards = ScriptedShards()
    let changes: Changes
    let matchmaker: Matchmaker

    /// Whose status has changed.
    final class Changes: Sendable {
        let names = Lock<[String]>([])
    }

    init(
        _ queues: [MatchQueue] = [MatchQueue("duel", kind: "arena", players: 2...2)],
        _ configure: (inout MatchmakerLimits) -> Void = { _ in }
    ) {
        var limits = MatchmakerLimits()
        configure(&limits)
        let changes = Changes()
        self.changes = changes
        let generator = Lock(SeededGenerator(seed: 1))
        matchmaker = Matchmaker(
            queues: queues, limits: limits, clock: clock, launcher: shards,
            random: { generator.withLock { $0.next() } },
            makeCode: { String(generator.withLock { $0.next() }, radix: 16) },
            onChange: { names in changes.names.withLock { $0 += names } })
    }

    func join(_ player: String, _ queue: String = "duel", mode: String = "default", rating: Double? = nil) throws {
        var criteria = MatchCriteria()
        criteria.mode = mode
        criteria.rating = rating
        try matchmaker.join(player, queue: queue, criteria)
    }

    func status(_ player: String) -> String { matchmaker.status(of: player).name }

    /// The shard that a player is to acknowledge; nil when there is none.
    func shard(of player: String) -> String? {
        if case .matched(let shardID, _, _) = matchmaker.status(of: player) { shardID } else { nil }
    }

    func reason(_ player: String) -> LeaveReason? {
        if case .idle(let reason) = matchmaker.status(of: player) { reason } else { nil }
    }

    /// Whose status has changed since this was last asked.
    func changedNames() -> [String] {
        changes.names.withLock { names in
            defer { names = [] }
            return names
        }
    }
}

/// Shards that do nothing.
final class ScriptedShards: MatchLauncher {
    struct NoShard: Error {}

    struct State: Sendable {
        var running: [String: Set<String>] = [:]
        var launched: [MatchPlan] = []
        var admitted: [MatchPlan] = []
        var revoked: [String] = []
        var isRefusing = false
    }

    private let state = Lock(State())
    private let whileLaunching: Lock<(@Sendable (MatchPlan) -> Void)?> = Lock(nil)

    /// Has `hook` run between a match's reservation and its assignment.
    func setHook(_ hook: @escaping @Sendable (MatchPlan) -> Void) {
        whileLaunching.withLock { $0 = hook }
    }

    /// Makes no more shards, or does again.
    func refuse(_ isRefusing: Bool) {
        state.withLock { $0.isRefusing = isRefusing }
    }

    func launch(_ plan: MatchPlan) throws {
        let interrupt = whileLaunching.withLock { $0 }
        interrupt?(plan)
        let isRefusing = state.withLock { $0.isRefusing }
        guard !isRefusing else { throw NoShard() }
        state.withLock { state in
            state.running[plan.shardID] = []
            state.launched.append(plan)
        }
    }

    func admit(_ plan: MatchPlan) -> Bool {
        let interrupt = whileLaunching.withLock { $0 }
        interrupt?(plan)
        return state.withLock { state in
            guard state.running[plan.shardID] != nil else { return false }
            state.admitted.append(plan)
            return true
        }
    }

    func revoke(_ players: [String], from shardID: String) {
        state.withLock { $0.revoked += players }
    }

    func discard(_ shardID: String) {
        state.withLock { $0.running[shardID] = nil }
    }

    func occupants(of shardID: String) -> Set<String>? {
        state.withLock { $0.running[shardID] }
    }

    func connect(_ player: String, to shardID: String) {
        state.withLock { state in _ = state.running[shardID]?.insert(player) }
    }

    func disconnect(_ player: String, from shardID: String) {
        state.withLock { state in _ = state.running[shardID]?.remove(player) }
    }

    func end(_ shardID: String) {
        state.withLock { $0.running[shardID] = nil }
    }

    var running: [String] { state.withLock { $0.running.keys.sorted() } }
    var revoked: [String] { state.withLock { $0.revoked } }
    var launched: [MatchPlan] { state.withLock { $0.launched } }
    var admitted: [MatchPlan] { state.withLock { $0.admitted } }
}
