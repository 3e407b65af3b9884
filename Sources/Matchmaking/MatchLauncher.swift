/// What the matchmaker needs of whoever runs the shards. Called on the matchmaker's thread or a caller's, never under its lock.
package protocol MatchLauncher: Sendable {
    /// Makes the shard of a match and lets its players in. Throws when it cannot.
    func launch(_ plan: MatchPlan) throws

    /// Lets more players into a running shard; false when it no longer runs.
    func admit(_ plan: MatchPlan) -> Bool

    /// Takes back what lets players in who have not come.
    func revoke(_ players: [String], from shardID: String)

    /// Stops a shard whose match has come to nothing.
    func discard(_ shardID: String)

    /// The players connected to a shard; nil when it no longer runs.
    func occupants(of shardID: String) -> Set<String>?
}

/// A match about to be made: a shard of its own, or some more players for a running one.
package struct MatchPlan: Sendable {
    let number: UInt64
    package let shardID: String
    package let queue: MatchQueue
    package let tickets: [MatchTicket]
    /// The index of the queue's region; nil for none.
    package let region: Int?
    package let isFill: Bool
    /// What lets each player into the shard; none when it is not private.
    package let codes: [String: String]

    package var mode: String { tickets[0].criteria.mode }
    package var regionName: String? { region.map { queue.regions[$0] } }
}
