internal import PylonHTTP

extension ErrorBody {
    /// What users hear who look for shards, make them, or come to private ones.
    static func lobbyParts(of error: APIError) -> (HTTPStatus, String, String) {
        switch error {
        case .kindNotOpen: (.forbidden, "KIND_NOT_OPEN", "Users may make no shards of this kind.")
        case .lobbyFull(let maximum, .user):
            (.tooManyRequests, "SHARD_LIMIT_REACHED", "A user may have \(maximum) shards of this kind.")
        case .lobbyFull(let maximum, .all):
            (.tooManyRequests, "SHARD_LIMIT_REACHED", "Users may have \(maximum) shards of this kind together.")
        case .lobbyFull(let maximum, .address):
            (.tooManyRequests, "SHARD_LIMIT_REACHED", "One address may have \(maximum) shards of this kind.")
        case .guestsExcluded:
            (.forbidden, "GUESTS_NOT_ALLOWED", "Guests may make no shards of this kind: sign up first.")
        case .tooManyAttempts:
            (
                .tooManyRequests, "TOO_MANY_ATTEMPTS",
                "Too many wrong codes came from this address; try again in a minute."
            )
        default: preconditionFailure("no refusal of the lobby")
        }
    }
}
