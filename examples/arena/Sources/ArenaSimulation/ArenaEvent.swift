/// Something that happened in a tick and that the page shows as an effect; nothing depends on its arrival.
public struct ArenaEvent: Hashable, Sendable {
    public enum Kind: Int, Sendable {
        /// A shot struck a wanderer or a player who lives on.
        case hit
        /// A wanderer is gone; `player` scored `value`.
        case popped
        /// The player numbered `value` is down; `player` did it, or a hunter when 0.
        case downed
        /// A player came (back) into play.
        case arrived
    }

    public let kind: Kind
    public let position: Vector
    public let player: Int
    public let value: Int
}
