internal import PylonBytes
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonRecords

/// Changes of rows, for clients that keep a replica (spec/realtime.md 5.2).
extension EntityRoutes {
    /// Pull.
    package var syncTable: [Route<Handler>] {
        [
            Route(
                .get, "/api/sync/pull", .pullChanges, access: .anyone, bodyLimit: .none, handler: .asynchronous(pull))
        ]
    }

    /// What is no number counts as not given, as in the reference; a number that no cursor can be is one of another history.
    private func pull(_ request: Request) async throws(APIError) -> HTTPResponse {
        let text = request.query("since") ?? ""
        let isWhole = text.utf8.drop { $0 == UInt8(ascii: "-") }.allSatisfy { (0x30...0x39).contains($0) }
        let since = Int64(text) ?? (isWhole && !text.isEmpty ? .max : 0)
        let limit = request.query("limit").flatMap { Int($0) }
        let page = try await perform(request) { identity throws(RecordError) in
            try await records.pull(since: since, limit: limit, as: identity)
        }
        var json = JSONWriter(capacity: page.changes.count + 64)
        json.beginObject()
        json.key("changes")
        json.raw(page.changes)
        json.key("cursor")
        json.beginObject()
        json.member("last_seq", page.cursor)
        json.endObject()
        json.member("has_more", page.hasMore)
        json.endObject()
        return .json(.ok, json.finish())
    }
}

extension RouteDescription {
    fileprivate static let pullChanges = RouteDescription(
        "pullChanges", "What changed behind a cursor, as far as the caller may see it.", topic: .sync,
        inputs: [
            .query("since", .count, "The cursor; 0, which is everything, unless given."),
            .query("limit", .count, "How many changes, at most 100, which is also what is meant without it."),
        ],
        answers: [
            .ok(
                "The changes, oldest first, each row once. There may be none and still be more.",
                .object([
                    .required("changes", .array(change)),
                    .required("cursor", .object([.required("last_seq", .count)])), .required("has_more", .boolean),
                ]))
        ],
        failures: .reading + [.resyncRequired])

    private static let change = ValueSchema.named(
        "Change",
        .object([
            .required("seq", .count), .required("entity", .text), .required("row_id", .text),
            .required("kind", .choice(["insert", "update", "delete"])), .optional("data", .anyObject),
            .required("timestamp", .text),
        ]))
}
