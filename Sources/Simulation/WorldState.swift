internal import PylonJSON

/// What can be done with the state of one type of world, as far as the type allows it.
package struct WorldState<World: Simulation>: Sendable {
    /// Writes a world; nil for worlds that cannot be written.
    package let save: (@Sendable (World, inout StateWriter) -> Void)?
    /// Reads a world; nil for worlds that cannot be written.
    package let restore: (@Sendable (inout StateReader, ShardSetup) throws -> World)?

    /// For worlds that cannot be written.
    package init() {
        save = nil
        restore = nil
    }

    /// For worlds that can.
    package init() where World: PersistentSimulation {
        save = { $0.save(into: &$1) }
        restore = { try World(restoring: &$0, setup: $1) }
    }

    /// Whether shards of it can come back.
    package var isPersistent: Bool { save != nil }
}

/// Memory for hashing a shard's state, used again and again.
package struct HashScratch: ~Copyable {
    fileprivate var state = StateWriter()
    fileprivate var json = JSONWriter()

    package init() {}
}

extension Shard {
    /// A hash of everything that the future depends on: the engine's part and the world's. Equal for equal histories on any machine; nil
    /// when the world says nothing of its state.
    ///
    /// O(state): for checkpoints, not for every tick.
    package func stateHash(_ worldState: WorldState<World>, scratch: inout HashScratch) -> UInt64? {
        var hasher = StateHasher()
        world.hashState(into: &hasher)
        if hasher.isEmpty {
            if let save = worldState.save {
                scratch.state.reset()
                save(world, &scratch.state)
                scratch.state.withUnsafeBytes { hasher.combine(bytes: $0) }
            } else if let view = WholeView() as? World.View {
                scratch.json.reset()
                writeSnapshot(of: view, into: &scratch.json)
                scratch.json.withUnsafeBytes { hasher.combine(bytes: $0) }
            } else {
                return nil
            }
        }
        scratch.state.reset()
        save(into: &scratch.state, forHash: true)
        scratch.state.withUnsafeBytes { hasher.combine(bytes: $0) }
        return hasher.value
    }
}
