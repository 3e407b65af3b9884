package import PylonCache
package import PylonHTTP
package import PylonMatchmaking
package import PylonRecords
package import PylonRooms
package import PylonSimulation

/// Everything that a request can be answered with instead of what it asked for.
///
/// `ErrorBody` alone turns a case into status, code and text; its switch is exhaustive, so a new case does not compile until it has
/// an answer. Codes are never reused for another meaning.
package enum APIError: Error, Sendable {
    /// The request itself is malformed.
    case malformed(HTTPParseError)
    /// The head or body took too long to arrive.
    case timeout
    /// The connection ended inside the body; nobody is left to be told.
    case bodyIncomplete
    /// The handler has not answered in time.
    case handlerTimeout
    case notFound
    case methodNotAllowed([HTTPMethod])
    case authRequired
    case forbidden
    /// `GET /metrics` without the admin token (spec/services.md 4.4).
    case metricsUnauthorized
    case tooManyConnections
    /// Too many codes that open nothing came from the address.
    case tooManyAttempts
    /// Large answers that slow clients have not taken hold all the memory there is for them.
    case answersTooMany
    /// The process is shutting down.
    case draining
    /// The port speaks WebSocket only.
    case upgradeRequired
    /// A WebSocket handshake that RFC 6455 §4.2 refuses.
    case handshakeRefused(status: HTTPStatus, message: String, fields: HTTPFields)
    /// The service belongs to a part of the contract that this server does not have yet.
    case serviceUnavailable(String)
    /// An event stream was asked for over HTTP/1.0, which has no chunks.
    case streamNeedsHTTP11

    case invalidJSON(String)
    case missingField(String)
    case invalidField(String, problem: String)
    /// A batch or transaction without a list of operations (spec/data.md 3.9).
    case missingOperations
    /// A session was asked for without saying whose.
    case missingUserID

    case shardNotFound
    case shardExists
    case shardWithheld
    case shardIDInvalid
    case shardKindUnknown(known: [String])
    case shardConfigInvalid(ConfigurationError)
    case shardsTooMany(maximum: Int)
    /// The store has not taken a new shard.
    case shardNotStored
    /// The store has not forgotten a shard that was removed.
    case shardNotForgotten
    /// Users may make no shards of the kind.
    case kindNotOpen
    /// Guests may make no shards of the kind.
    case guestsExcluded
    /// There are as many shards as a user may have, as may come from an address, or as all users may have.
    case lobbyFull(maximum: Int, of: LobbyShare)
    case missingShard
    case subscribeRefused(ShardError)
    /// The cursor cannot be continued from; `oldest` is the oldest event that is kept, or the next one.
    case resyncRequired(oldest: UInt64)
    case inputRefused(ShardError)
    case actionNotFound(known: [String])
    case actionInputMissing([String], required: [String])
    case actionInputInvalid(String, problem: String)
    /// An action's own words; `status` is from 400 to 599.
    case actionRefused(code: String, message: String, status: Int)
    /// The path ends where the name of an entity should stand (spec/data.md 3.7).
    case missingEntity
    /// A request for rows.
    case record(RecordError)

    /// A cache command that was refused; its body is the cache's own (spec/services.md 3.1).
    case cache(CacheError)
    case cacheKeyNotFound
    /// There was nothing to remove; its body is the cache's own.
    case cacheKeyAbsent
    case missingRoom
    case missingTopic
    case room(RoomError)
    case matchmaking(MatchmakingError)

    /// Anything that should not happen; the details are in the log.
    case `internal`
}

/// Whose shards there are too many of.
package enum LobbyShare: Sendable {
    case user
    case address
    case all
}
