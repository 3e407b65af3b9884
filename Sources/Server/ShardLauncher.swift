internal import PylonJSON
internal import PylonMatchmaking
internal import PylonShardHost
internal import PylonTelemetry

/// Runs matches as shards of this process.
struct ShardLauncher: MatchLauncher {
    let registry: ShardRegistry
    let log: Log

    func launch(_ plan: MatchPlan) throws {
        var config = plan.queue.config.object ?? JSONObject()
        config["match"] = match(plan)
        do throws(RegistryError) {
            let shard = try registry.create(id: plan.shardID, kind: plan.queue.kind, config: .object(config))
            shard.status.access.issue(plan.codes)
        } catch {
            // One line a pass at most: the pass ends here.
            log.warning("queue \(plan.queue.name): no shard for a match: \(error)")
            throw error
        }
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
