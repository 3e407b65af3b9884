package import PylonBytes

/// Who is behind a player, for limits: a player's id alone costs nothing where guests may play.
package struct MatchOrigin: Hashable, Sendable {
    package let isGuest: Bool
    /// What the player counts against; nil for those that count against nothing.
    package let network: IPAddress?

    package init(isGuest: Bool = false, address: IPAddress? = nil) {
        self.isGuest = isGuest
        network = address?.network
    }
}
