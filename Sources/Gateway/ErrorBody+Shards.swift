internal import PylonHTTP
internal import PylonSimulation

extension ErrorBody {
    /// What administrators hear of shards that they look for, make or remove.
    static func shardParts(of error: APIError) -> (HTTPStatus, String, String) {
        switch error {
        case .shardNotFound: (.notFound, "SHARD_NOT_FOUND", "There is no such shard.")
        case .shardExists: (.conflict, "SHARD_EXISTS", "A shard of this id exists.")
        case .shardWithheld:
            (.conflict, "SHARD_EXISTS", "A stored shard of this id could not come back; DELETE it to free the id.")
        case .shardIDInvalid:
            (
                .badRequest, "INVALID_SHARD_ID",
                "A shard id has 1 to 128 bytes without spaces and control characters, and is not \"kinds\"."
            )
        case .shardKindUnknown(let known):
            (.badRequest, "UNKNOWN_SHARD_KIND", "The kinds here are: \(known.joined(separator: ", ")).")
        case .shardConfigInvalid(let problem): (.badRequest, "INVALID_SHARD_CONFIG", problem.description)
        case .shardsTooMany(let maximum):
            (.tooManyRequests, "SHARD_LIMIT_REACHED", "There are \(maximum) shards already (PYLON_MAX_SHARDS).")
        case .shardNotStored:
            (
                .serviceUnavailable, "SHARD_NOT_STORED",
                "The shard could not be stored and has been taken back; try again shortly."
            )
        case .shardNotForgotten:
            (
                .serviceUnavailable, "SHARD_NOT_FORGOTTEN",
                "The shard has been stopped and is still stored; ask again until it is not."
            )
        default: preconditionFailure("no refusal of a shard")
        }
    }
}
