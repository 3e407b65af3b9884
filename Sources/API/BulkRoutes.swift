package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonRecords

/// Many changes in one request, for administrators (spec/data.md 3.9).
extension EntityRoutes {
    /// Batch and transaction.
    package var bulkTable: [Route<Handler>] {
        [
            Route(.post, "/api/batch", .batch, access: .admin, bodyLimit: .standard, handler: .background(batch)),
            Route(
                .post, "/api/transact", .transact, access: .admin, bodyLimit: .standard,
                handler: .background(transact)),
        ]
    }

    /// Each operation for itself; what failed says why.
    private func batch(_ request: Request) async throws(APIError) -> HTTPResponse {
        guard let elements = try request.json()["operations"]?.array else { throw .missingOperations }
        let outcomes = try await perform(request) { identity throws(RecordError) in
            try await records.batch(elements.map(Self.operation), as: identity)
        }
        let refusals = outcomes.compactMap(\.refusal)
        for refusal in refusals { _ = noted(refusal) }
        var json = JSONWriter(capacity: 64 + outcomes.count * 80)
        json.beginObject()
        json.member("failed", refusals.count)
        json.key("results")
        json.beginArray()
        for (element, outcome) in zip(elements, outcomes) {
            json.beginObject()
            if let refusal = outcome.refusal { Self.write(refusal, into: &json) }
            json.member("ok", outcome.refusal == nil)
            Self.writeSubject(element, outcome, into: &json)
            json.endObject()
        }
        json.endArray()
        json.member("succeeded", outcomes.count - refusals.count)
        json.endObject()
        return .json(.ok, json.finish())
    }

    /// All operations or none, up to the first that fails.
    private func transact(_ request: Request) async throws(APIError) -> HTTPResponse {
        guard let elements = try request.json().array else { throw .missingOperations }
        let outcomes = try await perform(request) { identity throws(RecordError) in
            try await records.transact(elements.map(Self.operation), as: identity)
        }
        let isCommitted = outcomes.last?.refusal == nil
        var json = JSONWriter(capacity: 64 + outcomes.count * 80)
        json.beginObject()
        json.member("committed", isCommitted)
        json.key("results")
        json.beginArray()
        for (element, outcome) in zip(elements, outcomes) {
            json.beginObject()
            if let refusal = outcome.refusal { Self.write(refusal, into: &json) }
            Self.writeSubject(element, outcome, into: &json)
            if outcome.refusal == nil, element["op"] != "insert" {
                json.key(element["op"] == "update" ? "updated" : "deleted")
                json.value(true)
            }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return .json(isCommitted ? .ok : .badRequest, json.finish())
    }

    private static func operation(_ json: JSONValue) -> Result<RecordOperation, RecordError> {
        do throws(RecordError) {
            return .success(try RecordOperation(json: json))
        } catch {
            return .failure(error)
        }
    }

    /// The code beside the reference's `error`, which is a sentence here.
    private static func write(_ refusal: RecordError, into json: inout JSONWriter) {
        let (_, code, message) = ErrorBody.parts(of: .record(refusal))
        json.member("code", code)
        json.member("error", message)
    }

    /// Which row it was about, and what was asked for.
    private static func writeSubject(_ element: JSONValue, _ outcome: RecordOutcome, into json: inout JSONWriter) {
        let id = outcome.refusal == nil ? outcome.id : element["id"]?.string
        if let id { json.member("id", id) }
        if let name = element["op"]?.string { json.member("op", name) }
    }
}
