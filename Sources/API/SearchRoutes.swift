package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonRecords
internal import PylonSchema

/// Faceted search (spec/data.md 3.7), and what there is to search for operators (3.10).
extension EntityRoutes {
    /// Searches.
    package var searchTable: [Route<Handler>] {
        [
            Route(
                .post, "/api/search", .searchNothing, access: .anyone, bodyLimit: .standard,
                handler: .immediate(searchNothing)),
            Route(
                .post, "/api/search/:entity", .searchRows, access: .anyone, bodyLimit: .standard,
                handler: .asynchronous(search)),
            Route(
                .get, "/api/admin/ops/search_indexes", .showSearchIndexes, access: .admin, bodyLimit: .none,
                handler: .immediate(searchIndexes)),
        ]
    }

    private func searchNothing(_ request: Request) throws(APIError) -> HTTPResponse {
        throw .missingEntity
    }

    private func search(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let text = try await answer(request) { entity, identity throws(RecordError) in
            try await records.search(entity, body, as: identity)
        }
        return HTTPResponse(.ok, contentType: "application/json", body: .bytes(text))
    }

    /// Each entity has one index at most, so the entity's name is its id.
    private func searchIndexes(_ request: Request) throws(APIError) -> HTTPResponse {
        var json = JSONWriter()
        json.beginArray()
        for index in records.searchIndexes {
            json.beginObject()
            json.member("entity", index.entity)
            json.key("facet_fields")
            json.value(JSONValue.array(index.settings.facets.map { .string($0) }))
            json.key("fts_table")
            json.value(index.tableName)
            json.member("id", index.entity)
            json.key("sortable_fields")
            json.value(JSONValue.array(index.settings.sortable.map { .string($0) }))
            json.key("text_fields")
            json.value(JSONValue.array(index.settings.text.map { .string($0) }))
            json.endObject()
        }
        json.endArray()
        return .json(.ok, json.finish())
    }
}
