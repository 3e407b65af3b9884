internal import PylonHTTP

extension ErrorBody {
    /// What users hear who look for shards, make them, or come to private ones.
    static func lobbyParts(of error: APIError) -> (HTTPStatus, String, String) {
        switch error {
        case .kindNotOpen: (.forbidden, "KIND_NOT_OPEN", "Users may make no shards of this kind.")
        case .lobbyFull(let maximum, true):
            (.tooManyRequests, "SHARD_LIMIT_REACHED", "A user may have \(maximum) shards of this kind.")
        case .lobbyFull(let maximum, false):
            (.tooManyRequests, "SHARD_LIMIT_REACHED", "Users may have \(maximum) shards of this kind together.")
        case .tooManyAttempts:
            (
                .tooManyRequests, "TOO_MANY_ATTEMPTS",
                "Too many wrong codes came from this address; try again in a minute."
            )
        default: preconditionFailure("no refusal of the lobby")
        }
    }
}
