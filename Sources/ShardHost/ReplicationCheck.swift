internal import PylonReplication
internal import PylonSimulation

/// Throws when a new shard's `config` asks of how its entities are sent what its world cannot do. Shards that were stored are not asked:
/// they go on as they did.
func checkReplication<World: Simulation>(
    of world: World, _ configuration: ShardConfiguration
) throws(ConfigurationError) {
    guard let world = world as? any ReplicatedSimulation else {
        guard configuration.bytesPerFrame == nil else {
            throw ConfigurationError("bytes_per_frame", "needs a kind whose worlds are of entities")
        }
        return
    }
    // A frame builds on one that was acknowledged: the one before it, or while that is on its way the one before that. Where neither is
    // within the history every frame is a whole state.
    let ticksMaximum = (world.entities.historyTicks - 1) / 2
    guard configuration.ticksPerSnapshot <= ticksMaximum else {
        throw ConfigurationError(
            "ticks_per_snapshot",
            "must be at most \(ticksMaximum), so that two of them are within the \(world.entities.historyTicks) ticks of the world's history"
        )
    }
}
