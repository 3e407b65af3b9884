internal import PylonJSON
internal import PylonMatchmaking
internal import PylonShardHost

/// Runs matches as shards of this process.
struct ShardLauncher: MatchLauncher {
    let registry: ShardRegistry

    func launch(_ plan: MatchPlan) throws {
        var config = plan.queue.config.object ?? JSONObject()
        config["match"] = match(plan)
        let shard = try registry.create(id: plan.shardID, kind: plan.queue.kind, config: .object(config))
        shard.status.access.issue(plan.codes)
    }

    func admit(_ plan: MatchPlan) -> Bool {
        guard let shard = registry.get(plan.shardID), shard.isRunning else { return false }
        shard.status.access.issue(plan.codes)
        return true
    }

    func revoke(_ players: [String], from shardID: String) {
        registry.get(shardID)?.status.access.revoke(players)
    }

    func discard(_ shardID: String) {
        _ = registry.remove(shardID)
    }

    func occupants(of shardID: String) -> Set<String>? {
        guard let shard = registry.get(shardID), shard.isRunning else { return nil }
        return shard.status.players
    }

    /// What the world learns of its match.
    private func match(_ plan: MatchPlan) -> JSONValue {
        [
            "queue": .string(plan.queue.name), "mode": .string(plan.mode),
            "region": plan.regionName.map { .string($0) } ?? .null,
            "tickets": .array(plan.tickets.map { .array($0.players.map { .string($0) }) }),
        ]
    }
}
