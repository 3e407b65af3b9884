/// How much waits at a time, and how much is kept of it.
package struct MatchmakerLimits: Hashable, Sendable {
    /// Players in all queues together, those included whose assignment has yet to be acknowledged.
    package var playersMaximum = 100_000
    /// Players among them who joined from one address, or whose party's leader did; 0 is unlimited.
    package var playersPerAddressMaximum = 100
    /// Matches that one pass of one queue makes; the rest come with the next.
    package var matchesPerPassMaximum = 2000
    /// Running matches that take new players, over all queues.
    package var runningMaximum = 10_000
    /// Parties at a time.
    package var partiesMaximum = 50_000
    /// Members of a party, whatever the queues allow.
    package var partyMembersMaximum = 64
    /// How long a party stays that nothing was heard of.
    package var partyIdleMaximum: Duration = .seconds(3600)
    /// How long it is remembered why somebody is no longer queued, and what they acknowledged.
    package var outcomeLifetime: Duration = .seconds(60)
    /// Outcomes remembered; beyond, the oldest are forgotten.
    package var outcomesMaximum = 100_000
    /// How long a player who has acknowledged keeps the place in a running match without having connected.
    package var connectingMaximum: Duration = .seconds(30)

    package init() {}
}
