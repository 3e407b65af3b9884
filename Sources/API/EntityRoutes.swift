internal import PylonAuth
internal import PylonBytes
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
internal import PylonPolicy
package import PylonRecords
internal import PylonSchema
package import PylonTelemetry

/// Rows over HTTP (spec/data.md 3.1 to 3.3) and the manifest they follow (3.11). Anyone may call; the rules of the manifest decide.
package struct EntityRoutes: Sendable {
    let records: RecordStore
    let log: Log

    /// Routes to `records`; what clients are not told goes to `log`.
    package init(records: RecordStore, log: Log) {
        self.records = records
        self.log = log
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .get, "/api/entities/:entity", .listRows, access: .anyone, bodyLimit: .none,
                handler: .asynchronous(list)),
            Route(
                .post, "/api/entities/:entity", .createRow, access: .anyone, bodyLimit: .standard,
                handler: .asynchronous(create)),
            Route(
                .get, "/api/entities/:entity/cursor", .listRowsByCursor, access: .anyone, bodyLimit: .none,
                handler: .asynchronous(page)),
            Route(
                .get, "/api/entities/:entity/:id", .getRow, access: .anyone, bodyLimit: .none,
                handler: .exchange(show)),
            Route(
                .patch, "/api/entities/:entity/:id", .updateRow, access: .anyone, bodyLimit: .standard,
                handler: .asynchronous(update)),
            Route(
                .delete, "/api/entities/:entity/:id", .deleteRow, access: .anyone, bodyLimit: .none,
                handler: .asynchronous(delete)),
            Route(
                .post, "/api/query/:entity", .queryRows, access: .anyone, bodyLimit: .standard,
                handler: .asynchronous(query)),
            Route(
                .get, "/api/manifest", .getManifest, access: .anyone, bodyLimit: .none, handler: .immediate(manifest)),
        ]
    }

    private func list(_ request: Request) async throws(APIError) -> HTTPResponse {
        let limit = request.number("limit")
        let offset = request.number("offset") ?? 0
        let page = try await answer(request) { entity, identity throws(RecordError) in
            try await records.list(entity, limit: limit, offset: offset, as: identity)
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("limit", limit)
        json.member("offset", offset)
        json.endObject()
        return Self.envelope("{\"count\":\(page.count),\"data\":", page, json)
    }

    private func page(_ request: Request) async throws(APIError) -> HTTPResponse {
        let limit = request.number("limit")
        let cursor = request.query("after")
        let page = try await answer(request) { entity, identity throws(RecordError) in
            try await records.page(entity, after: cursor, limit: limit, as: identity)
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("has_more", page.hasMore)
        json.key("next_cursor")
        json.value(page.lastID)
        json.endObject()
        return Self.envelope("{\"data\":", page, json)
    }

    /// An object whose first members are `head` and the rows, which are not copied, and whose others are those of `rest`.
    private static func envelope(_ head: String, _ page: RecordPage, _ rest: consuming JSONWriter) -> HTTPResponse {
        var tail = rest.finish().copyBytes()
        tail[0] = UInt8(ascii: ",")
        return HTTPResponse(
            .ok, contentType: "application/json", body: .joined([.text(head), .shared(page.rows), .bytes(tail)]))
    }

    private func query(_ request: Request) async throws(APIError) -> HTTPResponse {
        let filter = try request.json()
        let page = try await answer(request) { entity, identity throws(RecordError) in
            try await records.query(entity, filter, as: identity)
        }
        return HTTPResponse(.ok, contentType: "application/json", body: .shared(page.rows))
    }

    /// Answered by the thread that reads the row: of all requests the one that comes most often.
    private func show(_ request: Request, _ exchange: Exchange) {
        let (entity, id) = (request.parameters["entity"] ?? "", request.parameters["id"] ?? "")
        records.row(entity, id: id, as: PolicyIdentity(request.identity)) { result in
            switch result {
            case .success(let row):
                exchange.respond(HTTPResponse(.ok, contentType: "application/json", body: .shared(row)))
            case .failure(let error):
                exchange.fail(noted(error))
            }
        }
    }

    private func create(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let id = try await answer(request) { entity, identity throws(RecordError) in
            try await records.insert(entity, body, as: identity)
        }
        var json = JSONWriter()
        json.beginObject()
        json.member("id", id)
        json.endObject()
        return .json(.created, json.finish())
    }

    private func update(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        let id = request.parameters["id"] ?? ""
        try await answer(request) { entity, identity throws(RecordError) in
            try await records.update(entity, id: id, body, as: identity)
        }
        return Self.done("updated")
    }

    private func delete(_ request: Request) async throws(APIError) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        try await answer(request) { entity, identity throws(RecordError) in
            try await records.delete(entity, id: id, as: identity)
        }
        return Self.done("deleted")
    }

    /// Without the rules' texts, unless an administrator asks for all of it.
    private func manifest(_ request: Request) throws(APIError) -> HTTPResponse {
        let isFull = request.identity.isAdmin && ["1", "true"].contains(request.query("full"))
        var json = JSONWriter()
        json.value(records.manifest.json(hidingRules: !isFull))
        return .json(.ok, json.finish())
    }

    // MARK: Shared

    func answer<T: Sendable>(
        _ request: Request, _ body: (String, PolicyIdentity) async throws(RecordError) -> T
    ) async throws(APIError) -> T {
        try await perform(request) { identity throws(RecordError) in
            try await body(request.parameters["entity"] ?? "", identity)
        }
    }

    func perform<T: Sendable>(
        _ request: Request, _ body: (PolicyIdentity) async throws(RecordError) -> T
    ) async throws(APIError) -> T {
        do throws(RecordError) {
            return try await body(PolicyIdentity(request.identity))
        } catch {
            throw noted(error)
        }
    }

    /// Counts refusals, and logs what the client is not told. Returns what it is told.
    func noted(_ error: RecordError) -> APIError {
        if case .denied = error { records.counters.denied.add() }
        if let detail = error.detail {
            if error.isFault { log.error(detail) } else { log.info(detail) }
        }
        return .record(error)
    }

    static func done(_ what: StaticString) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key(what)
        json.value(true)
        json.endObject()
        return .json(.ok, json.finish())
    }
}

extension PolicyIdentity {
    /// How the rules see whoever makes a request.
    init(_ identity: Identity) {
        self.init(
            userID: identity.userID, isAdmin: identity.isAdmin, isGuest: identity.isGuest,
            roles: identity.isAdmin ? ["admin"] : [])
    }
}

extension Request {
    /// A whole number from 0 in the query; nil when it is missing or no such number (spec/data.md 3.1).
    fileprivate func number(_ name: String) -> Int? {
        query(name).flatMap { Int($0) }.flatMap { $0 >= 0 ? $0 : nil }
    }
}
