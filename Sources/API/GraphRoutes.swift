package import PylonGateway
package import PylonHTTP
internal import PylonRecords

/// Rows of several entities with those their relations lead to (spec/data.md 3.4).
extension EntityRoutes {
    /// Graph queries.
    package var graphTable: [Route<Handler>] {
        [Route(.post, "/api/query", .queryGraph, access: .anyone, bodyLimit: .standard, handler: .asynchronous(graph))]
    }

    private func graph(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let text = try await perform(request) { identity throws(RecordError) in
            try await records.graph(body, as: identity)
        }
        return HTTPResponse(.ok, contentType: "application/json", body: .bytes(text))
    }
}
