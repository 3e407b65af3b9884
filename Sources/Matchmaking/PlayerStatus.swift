package import PylonJSON

/// Where a player stands (spec/realtime.md 2.9).
package enum PlayerStatus: Hashable, Sendable {
    /// In no queue; `reason` says why no longer, for a while.
    case idle(reason: LeaveReason?)
    case queued(Waiting)
    /// A match waits for the player's acknowledgement.
    case matched(shardID: String, queue: String, expiresInSeconds: Int)

    /// One ticket in its queue.
    package struct Waiting: Hashable, Sendable {
        package let queue: String
        package let mode: String
        /// Tickets before it, 0...
        package let position: Int
        package let seconds: Int
        /// Players of the ticket.
        package let players: Int
        /// Whether a match that it was in came to nothing.
        package let isReturned: Bool
    }

    /// The word on the wire.
    package var name: String {
        switch self {
        case .idle: "idle"
        case .queued: "queued"
        case .matched: "matched"
        }
    }

    /// Writes its members into an object that is open.
    package func writeMembers(to json: inout JSONWriter) {
        json.member("status", name)
        switch self {
        case .idle(let reason):
            if let reason { json.member("reason", reason.rawValue) }
        case .queued(let waiting):
            json.member("position", waiting.position)
            json.member("waiting_secs", waiting.seconds)
            json.member("queue", waiting.queue)
            json.member("mode", waiting.mode)
            json.member("players", waiting.players)
            if waiting.isReturned { json.member("reason", "dissolved") }
        case .matched(let shardID, let queue, let seconds):
            json.member("shard_id", shardID)
            json.member("queue", queue)
            json.member("expires_in_secs", seconds)
        }
    }
}

/// Why a player is no longer queued.
package enum LeaveReason: String, Hashable, Sendable {
    case cancelled
    /// Another member of the party cancelled.
    case partyCancelled = "party_cancelled"
    /// The party got or lost a member.
    case partyChanged = "party_changed"
    /// Another member of the ticket joined a queue anew.
    case replaced
    case timedOut = "timed_out"
    /// The assignment was not acknowledged in time, by this player or another of the ticket.
    case expired
    case acknowledged
}

/// What a player gets for acknowledging: where to play.
package struct MatchAssignment: Hashable, Sendable {
    package let player: String
    package let shardID: String
    package let queue: String
    /// Seconds since 1970.
    package let assignedAtSeconds: UInt64
    /// What lets this player into a private shard; nil when the shard is open.
    package let code: String?

    /// Writes its members into an object that is open.
    package func writeMembers(to json: inout JSONWriter) {
        json.member("player_id", player)
        json.member("shard_id", shardID)
        json.member("assigned_at_secs", assignedAtSeconds)
        json.member("queue", queue)
        json.member("sid", player)
        if let code { json.member("code", code) }
    }
}
