internal import PylonHTTP
internal import PylonMatchmaking

extension ErrorBody {
    /// docs/protocol/matchmaker.md.
    static func matchmakingParts(of error: MatchmakingError) -> (HTTPStatus, String, String) {
        switch error {
        case .queueUnknown(let known):
            (.notFound, "QUEUE_NOT_FOUND", "The queues here are: \(known.joined(separator: ", ")).")
        case .criteria(let problem):
            (.badRequest, "INVALID_FIELD", "The field \"\(problem.field)\" \(problem.problem).")
        case .full(let maximum):
            (.tooManyRequests, "MATCHMAKER_FULL", "There are \(maximum) players waiting already.")
        case .fullForAddress(let maximum):
            (
                .tooManyRequests, "MATCHMAKER_FULL",
                "\(maximum) players from this address are waiting already (PYLON_MAX_QUEUED_PER_IP)."
            )
        case .guestsExcluded: (.forbidden, "GUESTS_NOT_ALLOWED", "This queue is not for guests: sign up first.")
        case .partyTooLarge(let maximum):
            (.conflict, "PARTY_TOO_LARGE", "Parties in this queue have at most \(maximum) members.")
        case .notLeader: (.forbidden, "NOT_PARTY_LEADER", "Only who leads the party may do this.")
        case .notMatched: (.conflict, "NOT_MATCHED", "There is no match to acknowledge.")
        case .partyUnknown: (.notFound, "PARTY_NOT_FOUND", "There is no party of this code.")
        case .partyFull(let maximum): (.conflict, "PARTY_FULL", "A party has at most \(maximum) members.")
        case .partyBusy: (.conflict, "PARTY_BUSY", "The party waits for a match; it takes nobody meanwhile.")
        case .notInParty: (.conflict, "NOT_IN_PARTY", "There is no such member of the caller's party.")
        case .tooManyParties(let maximum):
            (.tooManyRequests, "PARTY_LIMIT_REACHED", "There are \(maximum) parties already.")
        }
    }
}
