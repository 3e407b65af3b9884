package import PylonAuth
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonRecords
internal import PylonStorage

/// Who am I, sessions and guests (spec/auth.md 3.1).
package struct AuthRoutes: Sendable {
    private let sessions: SessionStore
    private let lifetime: Duration?
    private let isDevelopment: Bool
    private let entities: EntityRoutes?

    /// Sessions last for `lifetime`, nil for ever. In development anyone may start one for anybody. `entities` has the users' rows; nil
    /// where there is no manifest.
    package init(sessions: SessionStore, lifetime: Duration?, isDevelopment: Bool, entities: EntityRoutes?) {
        self.sessions = sessions
        self.lifetime = lifetime
        self.isDevelopment = isDevelopment
        self.entities = entities
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .post, "/api/auth/session", .startSession, access: isDevelopment ? .anyone : .admin,
                bodyLimit: .kibi(64),
                handler: .asynchronous(startSession)),
            Route(
                .get, "/api/auth/session", .showSession, access: .anyone, bodyLimit: .none,
                handler: .asynchronous(showSession)),
            Route(
                .delete, "/api/auth/session", .endSession, access: .anyone, bodyLimit: .none,
                handler: .asynchronous(endSession)),
            Route(
                .post, "/api/auth/guest", .startGuest, access: .anyone, bodyLimit: .kibi(64),
                handler: .asynchronous(startGuest)),
            Route(
                .get, "/api/auth/me", .showIdentity, access: .anyone, bodyLimit: .none,
                handler: .immediate(showIdentity)),
        ]
    }

    private func startSession(_ request: Request) async throws(APIError) -> HTTPResponse {
        guard let userID = try request.json()["user_id"]?.string, !userID.isEmpty else { throw .missingUserID }
        guard userID.isName(bytesMaximum: SessionStore.userIDBytesMaximum) else {
            throw .invalidField(
                "user_id", problem: "must have at most \(SessionStore.userIDBytesMaximum) bytes, none of control")
        }
        // The name that rules and rooms know the administrator by; a user who had it would pass for one there.
        guard userID != Identity.admin.userID else { throw .invalidField("user_id", problem: "is the administrator's") }
        let session = try await stored { () throws(StorageError) in
            try await sessions.start(for: userID, lifetime: lifetime)
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("token", session.token)
        json.member("user_id", session.userID)
        // Clients that refresh their sessions look for it (spec/auth.md 8).
        if let expiresAt = session.expiresAt { json.member("expires_at", expiresAt) }
        json.endObject()
        return .json(.created, json.finish())
    }

    private func showSession(_ request: Request) async throws(APIError) -> HTTPResponse {
        let identity = request.identity
        var user: [UInt8]?
        if let entities, let userID = identity.userID, !identity.isAdmin, !identity.isGuest {
            user = try await entities.perform(request) { _ throws(RecordError) in
                try await entities.records.ownUser(id: userID)
            }
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("session")
        Self.write(identity, to: &json)
        json.key("user")
        if let user { json.raw(user) } else { json.null() }
        json.endObject()
        return .json(.ok, json.finish())
    }

    /// Ends the session of the token that the request carries. Afterwards there is none, whatever there was before.
    private func endSession(_ request: Request) async throws(APIError) -> HTTPResponse {
        if let token = request.credential {
            _ = try await stored { () throws(StorageError) in try await sessions.end(token) }
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("revoked", true)
        json.endObject()
        return .json(.ok, json.finish())
    }

    private func startGuest(_ request: Request) async throws(APIError) -> HTTPResponse {
        let guest = try await stored { () throws(StorageError) in try await sessions.startGuest(lifetime: lifetime) }
        var json = JSONWriter()
        json.beginObject()
        json.member("token", guest.token)
        json.member("user_id", guest.userID)
        json.member("guest", true)
        json.endObject()
        return .json(.created, json.finish())
    }

    private func showIdentity(_ request: Request) throws(APIError) -> HTTPResponse {
        var json = JSONWriter()
        Self.write(request.identity, to: &json)
        return .json(.ok, json.finish())
    }

    /// Runs `body`, and logs what the client is not told when it fails.
    private func stored<T>(_ body: () async throws(StorageError) -> T) async throws(APIError) -> T {
        do throws(StorageError) {
            return try await body()
        } catch {
            // Without a manifest there is no database that could fail.
            throw entities?.noted(.storage(error)) ?? .record(.storage(error))
        }
    }

    /// The wire's AuthContext (spec/auth.md 2.1).
    private static func write(_ identity: Identity, to json: inout JSONWriter) {
        json.beginObject()
        json.member("user_id", identity.userID)
        json.member("is_admin", identity.isAdmin)
        if identity.isGuest { json.member("is_guest", true) }
        json.key("roles")
        json.beginArray()
        if identity.isAdmin { json.value("admin") }
        json.endArray()
        json.endObject()
    }
}

extension RouteDescription {
    fileprivate static let startSession = RouteDescription(
        "startSession", "Starts a session for a user; in development anyone may.", topic: .auth,
        body: .json(.object([.required("user_id", .text)], isOpen: true)),
        answers: [
            .created(
                "The session; `expires_at` is missing when it never ends.",
                .named(
                    "Session",
                    .object([
                        .required("token", .text), .required("user_id", .text), .optional("expires_at", .count),
                    ])))
        ],
        failures: .bulk + [.invalidJSON, .missingUserID, .invalidField])

    fileprivate static let showSession = RouteDescription(
        "getSession", "Who the credential makes the caller, with their row of the user entity.", topic: .auth,
        answers: [
            .ok(
                "The caller; `user` is null where there is no row.",
                .object([.required("session", identity), .required("user", .nullable(.anyObject))]))
        ],
        failures: .reading)

    fileprivate static let endSession = RouteDescription(
        "endSession", "Ends the session of the token at hand.", topic: .auth,
        answers: [.ok("There is no such session any more.", .done("revoked"))],
        failures: .bulk)

    fileprivate static let startGuest = RouteDescription(
        "startGuest", "Starts a session for somebody who has not signed in.", topic: .auth,
        answers: [
            .created(
                "The session.",
                .named(
                    "GuestSession",
                    .object([.required("token", .text), .required("user_id", .text), .required("guest", .boolean)])))
        ],
        failures: .bulk)

    fileprivate static let showIdentity = RouteDescription(
        "getIdentity", "Who the credential makes the caller.", topic: .auth,
        answers: [.ok("The caller; without a credential nobody.", identity)])

    private static let identity = ValueSchema.named(
        "Identity",
        .object([
            .required("user_id", .nullable(.text)), .required("is_admin", .boolean),
            .optional("is_guest", .boolean), .required("roles", .array(.text)),
        ]))
}
