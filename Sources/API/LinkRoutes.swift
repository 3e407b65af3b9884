package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonRecords

/// Rows by the value of a field, and the relations between rows (spec/data.md 3.5).
extension EntityRoutes {
    /// Lookup, link and unlink.
    package var linkTable: [Route<Handler>] {
        [
            Route(
                .get, "/api/lookup/:entity/:field/*value", .lookUpRow, access: .anyone, bodyLimit: .none,
                handler: .asynchronous(lookUp)),
            Route(.post, "/api/link", .linkRows, access: .anyone, bodyLimit: .standard, handler: .asynchronous(link)),
            Route(
                .post, "/api/unlink", .unlinkRows, access: .anyone, bodyLimit: .standard, handler: .asynchronous(unlink)
            ),
        ]
    }

    /// The value may have slashes in it, escaped or not.
    private func lookUp(_ request: Request) async throws(APIError) -> HTTPResponse {
        let field = request.parameters["field"] ?? ""
        let value = request.parameters["value"] ?? ""
        let row = try await answer(request) { entity, identity throws(RecordError) in
            try await records.lookUp(entity, field: field, is: value, as: identity)
        }
        return HTTPResponse(.ok, contentType: "application/json", body: .bytes(row))
    }

    private func link(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let (entity, id) = (try body.requiredString("entity"), try body.requiredString("id"))
        let (relation, target) = (try body.requiredString("relation"), try body.requiredString("target_id"))
        try await perform(request) { identity throws(RecordError) in
            try await records.link(entity, id: id, relation: relation, to: target, as: identity)
        }
        return Self.done("linked")
    }

    private func unlink(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let (entity, id) = (try body.requiredString("entity"), try body.requiredString("id"))
        let relation = try body.requiredString("relation")
        try await perform(request) { identity throws(RecordError) in
            try await records.unlink(entity, id: id, relation: relation, as: identity)
        }
        return Self.done("unlinked")
    }
}
