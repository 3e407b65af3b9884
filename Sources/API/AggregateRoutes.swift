package import PylonGateway
package import PylonHTTP
internal import PylonRecords

/// Counts and sums over rows (spec/data.md 3.6).
extension EntityRoutes {
    /// Aggregates.
    package var aggregateTable: [Route<Handler>] {
        [
            Route(
                .post, "/api/aggregate/:entity", .aggregateRows, access: .anyone, bodyLimit: .standard,
                handler: .asynchronous(aggregate))
        ]
    }

    private func aggregate(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let text = try await answer(request) { entity, identity throws(RecordError) in
            try await records.aggregate(entity, body, as: identity)
        }
        return HTTPResponse(.ok, contentType: "application/json", body: .bytes(text))
    }
}
