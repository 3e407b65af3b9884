/// Why the matchmaker refused a call; it has then changed nothing.
package enum MatchmakingError: Error, Hashable, Sendable {
    case queueUnknown(known: [String])
    case criteria(CriteriaProblem)
    /// There are as many players in the queues as there may be.
    case full(maximum: Int)
    /// As many players as may have joined from the address.
    case fullForAddress(maximum: Int)
    /// The queue takes no guests, and the caller or somebody of the party is one.
    case guestsExcluded
    /// The party has more members than the queue allows.
    case partyTooLarge(maximum: Int)
    /// Only who leads a party joins a queue for it.
    case notLeader
    /// The player has no assignment to acknowledge.
    case notMatched
    case partyUnknown
    case partyFull(maximum: Int)
    /// The party is in a queue or on its way into a match.
    case partyBusy
    case notInParty
    case tooManyParties(maximum: Int)
}
