package import PylonFanout

/// What of a shard can be watched.
package enum ShardStream: Hashable, Sendable {
    /// The state at every published tick, the newest first.
    case snapshots
    /// Every event that the world broadcasts, from behind the cursor on; from now on without one.
    case events(after: EventCursor?)
}
