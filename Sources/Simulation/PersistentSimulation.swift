/// A world that can be written down and read back: its shards outlive the process (docs/persistence.md), and recordings of it may begin at
/// any tick (docs/replay.md).
///
/// What comes back must behave as if it had never been away: everything that later steps depend on belongs into the state, the random
/// generator and what has been accumulated between two steps included. What can be made from the setup alone does not.
///
/// Whether a world keeps this promise shows with `pylon replay`: every segment of a recording but the first begins with a state.
public protocol PersistentSimulation: Simulation {
    /// Writes everything that matters, beginning with a version of its own. Called between ticks, on the shard's worker: the cost of it is
    /// time that the tick does not have.
    func save(into state: inout StateWriter)

    /// Makes the world from what `save` wrote, perhaps an earlier version of it. The bytes may be anything: throw rather than trap.
    init(restoring state: inout StateReader, setup: ShardSetup) throws
}
