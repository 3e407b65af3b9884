package import PylonHTTP
internal import PylonMatchmaking
internal import PylonRecords
internal import PylonRooms
internal import PylonSchema
internal import PylonSimulation
internal import PylonStorage

/// The errors as routes are described with them: status, code and header fields are those of ``ErrorBody``.
extension RouteFailure {
    /// What `error` is answered with; the values that it carries do not matter.
    fileprivate init(_ error: APIError) {
        let (status, code, _) = ErrorBody.parts(of: error)
        let fields = ErrorBody.response(for: error).fields.lines.map(\.name).filter { $0 != .contentType }
        self.init(status, code, fields: fields.map(\.text))
    }

    // MARK: The request

    /// What any route can answer, whatever is asked of it.
    package static let anywhere: [RouteFailure] = [
        Self(.malformed(.malformed(.target))), Self(.timeout), Self(.malformed(.payloadTooLarge(bytesMaximum: 0))),
        Self(.malformed(.targetTooLong)), Self(.malformed(.expectationFailed)), Self(.malformed(.headersTooLarge)),
        Self(.internal), Self(.malformed(.codingNotImplemented)), Self(.draining), Self(.handlerTimeout),
        Self(.malformed(.versionNotSupported)),
    ]
    package static let notFound = Self(.notFound)
    package static let methodNotAllowed = Self(.methodNotAllowed([]))
    package static let authRequired = Self(.authRequired)
    package static let forbidden = Self(.forbidden)
    package static let metricsUnauthorized = Self(.metricsUnauthorized)
    package static let tooManyConnections = Self(.tooManyConnections)
    package static let tooManyAttempts = Self(.tooManyAttempts)
    package static let notAvailable = Self(.serviceUnavailable(""))
    package static let streamNeedsHTTP11 = Self(.streamNeedsHTTP11)
    package static let invalidJSON = Self(.invalidJSON(""))
    package static let missingField = Self(.missingField(""))
    package static let invalidField = Self(.invalidField("", problem: ""))
    package static let missingUserID = Self(.missingUserID)

    // MARK: Rooms and the cache

    package static let missingRoom = Self(.missingRoom)
    package static let missingTopic = Self(.missingTopic)
    package static let roomLimitReached = Self(.room(.outOfRoom))
    package static let roomFull = Self(.room(.roomFull))
    package static let tooManyRooms = Self(.room(.tooManyRoomsOfUser(maximum: 0)))
    package static let cacheKeyNotFound = Self(.cacheKeyNotFound)

    // MARK: The matchmaker

    package static let matchQueueNotFound = Self(.matchmaking(.queueUnknown(known: [])))
    package static let matchQueueFull = Self(.matchmaking(.full(maximum: 0)))
    package static let guestsNotAllowed = Self(.guestsExcluded)
    package static let notMatched = Self(.matchmaking(.notMatched))
    package static let partyTooLarge = Self(.matchmaking(.partyTooLarge(maximum: 0)))
    package static let notPartyLeader = Self(.matchmaking(.notLeader))
    package static let partyNotFound = Self(.matchmaking(.partyUnknown))
    package static let partyFull = Self(.matchmaking(.partyFull(maximum: 0)))
    package static let partyBusy = Self(.matchmaking(.partyBusy))
    package static let notInParty = Self(.matchmaking(.notInParty))
    package static let tooManyParties = Self(.matchmaking(.tooManyParties(maximum: 0)))
    package static let overloaded = Self(.answersTooMany)

    // MARK: Shards

    package static let shardNotFound = Self(.shardNotFound)
    package static let shardExists = Self(.shardExists)
    package static let shardIDInvalid = Self(.shardIDInvalid)
    package static let shardKindUnknown = Self(.shardKindUnknown(known: []))
    package static let shardConfigInvalid = Self(.shardConfigInvalid(ConfigurationError("", "")))
    package static let shardsTooMany = Self(.shardsTooMany(maximum: 0))
    package static let shardNotStored = Self(.shardNotStored)
    package static let shardNotForgotten = Self(.shardNotForgotten)
    package static let kindNotOpen = Self(.kindNotOpen)
    package static let subscribeUnauthorized = Self(.subscribeRefused(.unauthorized(reason: "")))
    package static let subscribeFailed = Self(.subscribeRefused(.full))
    package static let resyncRequired = Self(.resyncRequired(oldest: 0))
    package static let inputUnauthorized = Self(.inputRefused(.unauthorized(reason: "")))
    package static let inputRejected = Self(.inputRefused(.inputQueueFull))
    package static let inputRateLimited = Self(.inputRefused(.rateLimited))

    // MARK: Rows

    package static let entityNotFound = Self(.record(.entityNotFound("")))
    package static let rowNotFound = Self(.record(.rowNotFound))
    package static let relationNotFound = Self(.record(.relationNotFound("")))
    package static let denied = Self(.record(.denied(rule: nil)))
    package static let responseTooLarge = Self(.record(.responseTooLarge))
    package static let uniqueViolation = Self(.record(.storage(.uniqueViolation(entity: "", fields: []))))
    package static let valueTooLarge = Self(.badRequest, "VALUE_TOO_LARGE")
    package static let invalidQuery = Self(.badRequest, QueryProblem.Code.invalidQuery.rawValue)
    package static let aggregateNeedsCondition = Self(.record(.rowDependentRule(.aggregate)))
    package static let searchNeedsCondition = Self(.record(.rowDependentRule(.search)))
    package static let searchNotConfigured = Self(.record(.searchNotConfigured("")))
    package static let missingEntity = Self(.missingEntity)
    package static let missingOperations = Self(.missingOperations)
    package static let tooManyOperations = Self(.record(.tooManyOperations(maximum: 0)))
    package static let invalidData = Self(.badRequest, InputProblem.Code.invalidData.rawValue)
    package static let actionInputMissing = Self(.actionInputMissing([], required: []))
    package static let actionInputInvalid = Self(.actionInputInvalid("", problem: ""))
    package static let invalidColumn = Self(.badRequest, QueryProblem.Code.invalidColumn.rawValue)
}

/// Errors that come together.
extension [RouteFailure] {
    /// What the database can refuse of anything.
    private static let storage: [RouteFailure] = [
        RouteFailure(.record(.storage(.overloaded))), RouteFailure(.record(.storage(.deadlineExceeded))),
        RouteFailure(.serviceUnavailable, "STORAGE_UNAVAILABLE"),
    ]
    /// What can become of many changes as a whole.
    package static let bulk: [RouteFailure] = storage
    /// What can become of reading rows of an entity that there is.
    package static let reading: [RouteFailure] = storage + [.denied]
    /// What can become of a filter, besides ``reading``.
    package static let filtering: [RouteFailure] = [.invalidJSON, .invalidQuery, .invalidColumn, .responseTooLarge]
    /// What can become of writing a row of an entity that there is.
    package static let writing: [RouteFailure] =
        storage + [.denied, .invalidJSON, .uniqueViolation, .valueTooLarge]
        + InputProblem.Code.allCases.map { RouteFailure(.badRequest, $0.rawValue) }
}
