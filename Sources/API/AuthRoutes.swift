package import PylonAuth
package import PylonGateway
package import PylonHTTP
internal import PylonJSON

/// Who am I, and guests (spec/auth.md 3.1).
package struct AuthRoutes: Sendable {
    private let sessions: SessionStore

    package init(sessions: SessionStore) {
        self.sessions = sessions
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .post, "/api/auth/guest", .startGuest, access: .anyone, bodyLimit: .kibi(64),
                handler: .immediate(startGuest)),
            Route(
                .get, "/api/auth/me", .showIdentity, access: .anyone, bodyLimit: .none,
                handler: .immediate(showIdentity)),
        ]
    }

    private func startGuest(_ request: Request) throws(APIError) -> HTTPResponse {
        let guest = sessions.startGuest()
        var json = JSONWriter()
        json.beginObject()
        json.member("token", guest.token)
        json.member("user_id", guest.userID)
        json.member("guest", true)
        json.endObject()
        return .json(.created, json.finish())
    }

    private func showIdentity(_ request: Request) throws(APIError) -> HTTPResponse {
        let identity = request.identity
        var json = JSONWriter()
        json.beginObject()
        json.member("user_id", identity.userID)
        json.member("is_admin", identity.isAdmin)
        if identity.isGuest { json.member("is_guest", true) }
        json.key("roles")
        json.beginArray()
        if identity.isAdmin { json.value("admin") }
        json.endArray()
        json.endObject()
        return .json(.ok, json.finish())
    }
}

extension RouteDescription {
    fileprivate static let startGuest = RouteDescription(
        "startGuest", "Starts a session for somebody who has not signed in.", topic: .auth,
        answers: [
            .created(
                "The session.",
                .named(
                    "GuestSession",
                    .object([.required("token", .text), .required("user_id", .text), .required("guest", .boolean)])))
        ])

    fileprivate static let showIdentity = RouteDescription(
        "getIdentity", "Who the credential makes the caller.", topic: .auth,
        answers: [
            .ok(
                "The caller; without a credential nobody.",
                .named(
                    "Identity",
                    .object([
                        .required("user_id", .nullable(.text)), .required("is_admin", .boolean),
                        .optional("is_guest", .boolean), .required("roles", .array(.text)),
                    ])))
        ])
}
