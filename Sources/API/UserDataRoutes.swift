package import PylonAuth
internal import PylonBytes
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonRecords
internal import PylonStorage
package import PylonTime

/// What belongs to one user, out and away, for administrators (spec/data.md 3.10).
package struct UserDataRoutes: Sendable {
    private let routes: EntityRoutes
    private let sessions: SessionStore
    private let clock: any Clock

    package init(_ routes: EntityRoutes, sessions: SessionStore, clock: any Clock) {
        self.routes = routes
        self.sessions = sessions
        self.clock = clock
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .post, "/api/admin/users/:id/export", .exportUser, access: .admin, bodyLimit: .standard,
                handler: .background(export)),
            Route(
                .delete, "/api/admin/users/:id/purge", .purgeUser, access: .admin, bodyLimit: .none,
                handler: .background(purge)),
        ]
    }

    private func export(_ request: Request) async throws(APIError) -> HTTPResponse {
        let userID = request.parameters["id"] ?? ""
        let entities = try await routes.perform(request) { _ throws(RecordError) in
            try await routes.records.userData(of: userID)
        }
        var json = JSONWriter(capacity: entities.count + 256)
        json.beginObject()
        json.key("entities")
        json.raw(entities)
        json.member("exported_at", now)
        json.member("user_id", userID)
        json.endObject()
        return .json(.ok, json.finish())
    }

    /// Sessions first, so that the user can ask for nothing more while their rows go; what is under way is finished.
    private func purge(_ request: Request) async throws(APIError) -> HTTPResponse {
        let userID = request.parameters["id"] ?? ""
        let sessionsEnded = try await routes.perform(request) { _ throws(RecordError) in
            do throws(StorageError) { return try await sessions.endAll(of: userID) } catch { throw .storage(error) }
        }
        let purge = try await routes.perform(request) { _ throws(RecordError) in
            try await routes.records.purge(userID)
        }
        var json = JSONWriter()
        json.beginObject()
        json.key("errors")
        json.beginArray()
        for refusal in purge.refusals {
            _ = routes.noted(refusal)
            json.value(ErrorBody.parts(of: .record(refusal)).message)
        }
        json.endArray()
        json.member("purged_at", now)
        json.member("rows_deleted", purge.deleted)
        json.member("sessions_revoked", sessionsEnded)
        json.member("user_id", userID)
        json.endObject()
        return .json(.ok, json.finish())
    }

    private var now: String {
        CalendarTime(secondsSinceEpoch: Int(clock.microsecondsSinceEpoch() / 1_000_000)).text
    }
}

extension RouteDescription {
    fileprivate static let exportUser = RouteDescription(
        "exportUser", "The rows that belong to a user.", topic: .operations, path: ["id": .text],
        answers: [
            .ok(
                "The rows, by entity.",
                .object([
                    .required("entities", .map(.array(.anyObject))), .required("exported_at", .dateTime),
                    .required("user_id", .text),
                ]))
        ],
        failures: .bulk + [.responseTooLarge])

    fileprivate static let purgeUser = RouteDescription(
        "purgeUser", "Ends a user's sessions and removes the rows that belong to them.", topic: .operations,
        path: ["id": .text],
        answers: [
            .ok(
                "What is gone, and why the rest is not.",
                .object([
                    .required("errors", .array(.text)), .required("purged_at", .dateTime),
                    .required("rows_deleted", .count), .required("sessions_revoked", .count),
                    .required("user_id", .text),
                ]))
        ],
        failures: .bulk)
}
