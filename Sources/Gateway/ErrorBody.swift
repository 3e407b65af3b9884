internal import PylonBytes
internal import PylonCache
package import PylonHTTP
internal import PylonJSON
internal import PylonMatchmaking
internal import PylonRecords
internal import PylonRooms
internal import PylonSchema
internal import PylonSimulation
internal import PylonStorage

/// The one mapper from errors to answers: `{"error":{"code","message"}}` (spec/realtime.md, opening).
package enum ErrorBody {
    /// The response that tells a client of `error`.
    package static func response(for error: APIError) -> HTTPResponse {
        let (status, code, message) = parts(of: error)
        var json = JSONWriter(capacity: 128)
        json.beginObject()
        if isOfCache(error) {
            json.member("ok", false)
            if case .cache = error { json.member("error", message) }
        } else {
            json.key("error")
            json.beginObject()
            json.member("code", code)
            json.member("message", message)
            // Beside code and message, as in the sync protocol (spec/realtime.md 5.2).
            if let oldest = oldestSequence(error) { json.member("oldest_seq", oldest) }
            json.endObject()
        }
        json.endObject()
        let bytes = json.finish().copyBytes()
        var response = HTTPResponse(status, contentType: "application/json", body: .bytes(bytes))
        for (name, value) in fields(of: error) { response.fields[name] = value }
        response.closesConnection = endsConnection(error)
        return response
    }

    /// Whether the body is `{"ok":false,"error":"text"}`, as the cache's clients expect of most refusals (spec/services.md 3.1).
    private static func isOfCache(_ error: APIError) -> Bool {
        switch error {
        case .cache(.missing("pairs")): false
        case .cache, .cacheKeyAbsent: true
        default: false
        }
    }

    /// The oldest event or change that a client can still continue from.
    private static func oldestSequence(_ error: APIError) -> UInt64? {
        switch error {
        case .resyncRequired(let oldest): oldest
        case .record(.storage(.resyncRequired(let dropped))): UInt64(clamping: dropped) + 1
        default: nil
        }
    }

    /// Whether what follows on the connection could no longer be understood, or should go elsewhere.
    private static func endsConnection(_ error: APIError) -> Bool {
        switch error {
        case .malformed, .timeout, .handlerTimeout, .draining: true
        default: false
        }
    }

    /// Status, stable code, and a sentence for people.
    package static func parts(of error: APIError) -> (status: HTTPStatus, code: String, message: String) {
        switch error {
        case .malformed(let defect): (defect.status, defect.code, defect.message)
        case .timeout: (.requestTimeout, "REQUEST_TIMEOUT", "The request took too long to arrive.")
        case .bodyIncomplete: (.badRequest, "BAD_REQUEST", "The request's body is incomplete.")
        case .handlerTimeout: (.gatewayTimeout, "HANDLER_TIMEOUT", "The request was not answered in time.")
        case .notFound: (.notFound, "NOT_FOUND", "There is no such route.")
        case .methodNotAllowed: (.methodNotAllowed, "METHOD_NOT_ALLOWED", "The route does not have this method.")
        case .authRequired: (.unauthorized, "AUTH_REQUIRED", "Sign in first.")
        case .forbidden:
            (.forbidden, "FORBIDDEN", "Only administrators may do this: send the token of PYLON_ADMIN_TOKEN.")
        case .metricsUnauthorized: (.unauthorized, "UNAUTHORIZED", "Metrics need the admin token.")
        case .tooManyConnections:
            (
                .tooManyRequests, "TOO_MANY_CONNECTIONS",
                "Too many connections from this address (PYLON_MAX_CONNS_PER_IP)."
            )
        case .answersTooMany: (.serviceUnavailable, "OVERLOADED", "Too much is under way; try again shortly.")
        case .draining: (.serviceUnavailable, "SHUTTING_DOWN", "The server is shutting down.")
        case .upgradeRequired: (.upgradeRequired, "UPGRADE_REQUIRED", "This port speaks WebSocket only.")
        case .handshakeRefused(let status, let message, _): (status, "BAD_HANDSHAKE", message)
        case .serviceUnavailable(let name): (.serviceUnavailable, "NOT_AVAILABLE", "\(name) is not available here.")
        case .streamNeedsHTTP11:
            (
                .versionNotSupported, "HTTP_VERSION_NOT_SUPPORTED",
                "Event streams need HTTP/1.1 (behind nginx: proxy_http_version 1.1)."
            )
        case .invalidJSON(let problem): (.badRequest, "INVALID_JSON", problem)
        case .missingField(let name): (.badRequest, "MISSING_FIELD", "The field \"\(name)\" is missing.")
        case .invalidField(let name, let problem): (.badRequest, "INVALID_FIELD", "The field \"\(name)\" \(problem).")
        case .missingOperations: (.badRequest, "MISSING_OPERATIONS", "A list of operations is missing.")
        case .missingUserID: (.badRequest, "MISSING_USER_ID", "The field \"user_id\" is missing.")
        case .shardNotFound, .shardExists, .shardWithheld, .shardIDInvalid, .shardKindUnknown, .shardConfigInvalid,
            .shardsTooMany,
            .shardNotStored, .shardNotForgotten:
            shardParts(of: error)
        case .kindNotOpen, .guestsExcluded, .lobbyFull, .tooManyAttempts: lobbyParts(of: error)
        case .missingShard: (.badRequest, "MISSING_SHARD", "The query parameter \"shard\" is missing.")
        case .subscribeRefused(let reason): subscribeParts(of: reason)
        case .resyncRequired:
            (
                .gone, "RESYNC_REQUIRED",
                "The events behind this cursor are gone: start without one, and load the state once the stream has begun."
            )
        case .inputRefused(let reason): inputParts(of: reason)
        case .actionNotFound, .actionInputMissing, .actionInputInvalid, .actionRefused: actionParts(of: error)
        case .missingEntity: (.badRequest, "MISSING_ENTITY", "The path lacks the name of an entity.")
        case .record(let reason): recordParts(of: reason)
        case .cache(.missing("pairs")): (.badRequest, "INVALID_ARG", "pairs object required")
        case .cache(let reason): (.badRequest, "INVALID_ARG", reason.description)
        case .cacheKeyNotFound, .cacheKeyAbsent: (.notFound, "NOT_FOUND", "There is no such key.")
        case .missingRoom: (.badRequest, "MISSING_ROOM", "The field \"room\" is missing.")
        case .missingTopic: (.badRequest, "MISSING_TOPIC", "The field \"topic\" is missing.")
        case .room(let reason): roomParts(of: reason)
        case .matchmaking(let reason): matchmakingParts(of: reason)
        case .internal: (.internalServerError, "INTERNAL", "Something went wrong; the server's log has the details.")
        }
    }

    /// spec/realtime.md 3.2.
    private static func subscribeParts(of error: ShardError) -> (HTTPStatus, String, String) {
        switch error {
        case .unauthorized: (.forbidden, "UNAUTHORIZED", error.message)
        case .full, .stopped, .disconnected, .inputQueueFull, .inputMalformed, .resyncRequired, .rateLimited,
            .moving, .moved:
            (.tooManyRequests, "SUBSCRIBE_FAILED", error.message)
        }
    }

    /// spec/realtime.md 3.3.
    private static func inputParts(of error: ShardError) -> (HTTPStatus, String, String) {
        switch error {
        case .unauthorized: (.forbidden, "UNAUTHORIZED", error.message)
        case .rateLimited: (.tooManyRequests, "RATE_LIMITED", error.message)
        case .full, .stopped, .disconnected, .inputQueueFull, .inputMalformed, .resyncRequired, .moving, .moved:
            (.badRequest, "INPUT_REJECTED", error.message)
        }
    }

    /// spec/data.md 3.8.
    private static func actionParts(of error: APIError) -> (HTTPStatus, String, String) {
        switch error {
        case .actionNotFound(let known):
            (.notFound, "ACTION_NOT_FOUND", "The actions here are: \(known.joined(separator: ", ")).")
        case .actionInputMissing(let names, let required):
            (
                .badRequest, "ACTION_MISSING_INPUT",
                "The input lacks \(names.joined(separator: ", ")); it needs \(required.joined(separator: ", "))."
            )
        case .actionInputInvalid(let name, let problem):
            (.badRequest, "VALIDATION_FAILED", "The input \"\(name)\" \(problem).")
        case .actionRefused(let code, let message, let status): (HTTPStatus(UInt16(status)), code, message)
        default: preconditionFailure("no refusal of an action")
        }
    }

    /// spec/realtime.md 6.
    private static func roomParts(of error: RoomError) -> (HTTPStatus, String, String) {
        switch error {
        case .tooManyRooms(let maximum):
            (.tooManyRequests, "ROOM_LIMIT_REACHED", "There are \(maximum) rooms already.")
        case .outOfRoom: (.tooManyRequests, "ROOM_LIMIT_REACHED", "The rooms together hold as much as they may.")
        case .roomFull: (.tooManyRequests, "ROOM_FULL", "The room holds as much as it may.")
        case .tooManyRoomsOfUser(let maximum):
            (.tooManyRequests, "TOO_MANY_ROOMS", "A user is in at most \(maximum) rooms.")
        case .dataTooLarge(let maximum):
            (.badRequest, "INVALID_FIELD", "The field \"data\" must have at most \(maximum) bytes.")
        }
    }

    /// spec/data.md 7.2, with its section 8's statuses for what is missing or taken (rows 17 and 37).
    private static func recordParts(of error: RecordError) -> (HTTPStatus, String, String) {
        switch error {
        case .entityNotFound(let name): (.notFound, "ENTITY_NOT_FOUND", "There is no entity \"\(name)\".")
        case .rowNotFound: (.notFound, "NOT_FOUND", "There is no such row.")
        case .relationNotFound(let name):
            (.badRequest, "RELATION_NOT_FOUND", "There is no relation \"\(name)\" that could be used so.")
        case .denied: (.forbidden, "POLICY_DENIED", "Access denied by policy")
        case .refused(let refusal):
            (
                HTTPStatus((400...499).contains(refusal.status) ? UInt16(refusal.status) : 400), refusal.code,
                refusal.message
            )
        case .hookFailed: (.internalServerError, "INTERNAL", "Something went wrong; the server's log has the details.")
        case .operationInvalid(let problem): (.badRequest, "TX_INVALID_OP", "An operation \(problem).")
        case .tooManyOperations(let maximum):
            (.badRequest, "TOO_MANY_OPERATIONS", "At most \(maximum) operations fit into one request.")
        case .input(let problem): (.badRequest, problem.code.rawValue, problem.message)
        case .importBroken(let problem, let imported):
            (
                .badRequest, problem.code.rawValue,
                "The import ended here: \(problem.message). \(imported) rows before that have been imported."
            )
        case .query(let problem): (.badRequest, problem.code.rawValue, problem.description)
        case .rowDependentRule(let read): rowDependentParts(of: read)
        case .searchNotConfigured(let name):
            (.badRequest, "SEARCH_NOT_CONFIGURED", "The manifest declares nothing to search in \"\(name)\".")
        case .responseTooLarge:
            (.badRequest, "RESPONSE_TOO_LARGE", "The answer would be too large: ask for fewer rows with a limit.")
        case .tooManyGroups(let maximum):
            (.badRequest, "RESPONSE_TOO_LARGE", "There are more than \(maximum) groups: narrow them with a where.")
        case .storage(let reason): storageParts(of: reason)
        }
    }

    /// The first is the reference's code (spec/data.md 3.7), the second its twin.
    private static func rowDependentParts(of read: RowlessRead) -> (HTTPStatus, String, String) {
        let message = "The rules have to look at each row, which this cannot do."
        return switch read {
        case .search: (.forbidden, "SEARCH_REQUIRES_ROW_INDEPENDENT_POLICY", message)
        case .aggregate: (.forbidden, "AGGREGATE_REQUIRES_ROW_INDEPENDENT_POLICY", message)
        }
    }

    /// What SQLite said stays in the log.
    private static func storageParts(of error: StorageError) -> (HTTPStatus, String, String) {
        switch error {
        case .uniqueViolation(_, let fields):
            (.conflict, "UNIQUE_VIOLATION", "Another row has this \(fields.joined(separator: ", ")).")
        case .missingField(_, let field): (.badRequest, "MISSING_FIELD", "The field \"\(field)\" is missing.")
        case .unknownField(_, let field): (.badRequest, "INVALID_COLUMN", "There is no field \"\(field)\".")
        case .invalidQuery(let problem): (.badRequest, "INVALID_QUERY", problem)
        case .tooLarge: (.badRequest, "VALUE_TOO_LARGE", "A value is larger than the database takes.")
        case .overloaded, .busy: (.serviceUnavailable, "OVERLOADED", "Too much is under way; try again shortly.")
        case .deadlineExceeded: (.serviceUnavailable, "DEADLINE_EXCEEDED", "The database took too long.")
        case .closed: (.serviceUnavailable, "SHUTTING_DOWN", "The server is shutting down.")
        case .full, .readOnly: (.serviceUnavailable, "STORAGE_UNAVAILABLE", "The database cannot be written now.")
        case .resyncRequired:
            (.gone, "RESYNC_REQUIRED", "The changes behind this cursor are gone: load everything anew.")
        case .corrupt, .unsupported, .failed:
            (.internalServerError, "INTERNAL", "Something went wrong; the server's log has the details.")
        }
    }

    private static func fields(of error: APIError) -> [(HTTPFieldName, String)] {
        switch error {
        case .methodNotAllowed(let methods): [(.allow, methods.map(\.token).joined(separator: ", "))]
        case .upgradeRequired: [(.upgrade, "websocket")]
        case .handshakeRefused(_, _, let fields): fields.lines.map { ($0.name, $0.value) }
        case .draining, .answersTooMany, .record(.storage(.overloaded)), .record(.storage(.busy)), .shardNotStored,
            .shardNotForgotten:
            [(.retryAfter, "5")]
        case .inputRefused(.rateLimited): [(.retryAfter, "1")]
        case .tooManyAttempts: [(.retryAfter, "60")]
        case .authRequired, .metricsUnauthorized: [(.wwwAuthenticate, "Bearer")]
        default: []
        }
    }
}
