/// As what somebody takes part in a shard.
public enum SubscriberRole: String, Hashable, Sendable {
    /// Sees and acts; counts against `max_players`.
    case player
    /// Sees, and sends no inputs; counts against `max_spectators`.
    case spectator
}
