package import PylonCache
package import PylonGateway
package import PylonHTTP
internal import PylonJSON

/// The cache over HTTP (spec/services.md 3.1). It knows no rules, so it is for administrators and for server code that acts as one.
package struct CacheRoutes: Sendable {
    private let store: CacheStore

    package init(store: CacheStore) {
        self.store = store
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .post, "/api/cache", .runCacheCommand, access: .admin, bodyLimit: .standard,
                handler: .background(run)),
            Route(
                .get, "/api/cache/*key", .getCacheKey, access: .admin, bodyLimit: .none, handler: .background(show)),
            Route(
                .delete, "/api/cache/*key", .deleteCacheKey, access: .admin, bodyLimit: .none,
                handler: .background(remove)),
        ]
    }

    private func run(_ request: Request) async throws(APIError) -> HTTPResponse {
        guard let command = try? request.json() else { throw .cache(.notACommand) }
        do throws(CacheError) {
            return Self.answer(try CacheCommand.run(command, on: store))
        } catch {
            throw .cache(error)
        }
    }

    private func show(_ request: Request) async throws(APIError) -> HTTPResponse {
        do throws(CacheError) {
            if let text = try store.get(request.parameters["key"] ?? "") { return Self.answer(.text(text)) }
        } catch {
            throw .cache(error)
        }
        throw .cacheKeyNotFound
    }

    private func remove(_ request: Request) async throws(APIError) -> HTTPResponse {
        do throws(CacheError) {
            if try store.remove(request.parameters["key"] ?? "") { return Self.answer(.done) }
        } catch {
            throw .cache(error)
        }
        throw .cacheKeyAbsent
    }

    /// `{"ok":true,"result":…}`, without a result where there is none to tell.
    private static func answer(_ result: CacheResult) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.member("ok", true)
        if case .done = result {} else { json.key("result") }
        switch result {
        case .done: break
        case .bool(let value): json.value(value)
        case .integer(let value): json.value(value)
        case .number(let value): if let value { json.value(value) } else { json.null() }
        case .text(let text): json.value(text)
        case .texts(let texts):
            json.beginArray()
            for text in texts { json.value(text) }
            json.endArray()
        case .fields(let fields):
            json.beginObject()
            for (field, text) in fields {
                json.key(field)
                json.value(text)
            }
            json.endObject()
        case .ranked(let members):
            json.beginArray()
            for (member, score) in members {
                json.beginObject()
                json.member("member", member)
                json.member("score", score)
                json.endObject()
            }
            json.endArray()
        case .statistics(let statistics): write(statistics, to: &json)
        }
        json.endObject()
        return .json(.ok, json.finish())
    }

    private static func write(_ statistics: CacheStatistics, to json: inout JSONWriter) {
        json.beginObject()
        json.member("hits", statistics.hits)
        json.member("misses", statistics.misses)
        json.member("sets", statistics.sets)
        json.member("deletes", statistics.deletes)
        json.member("evictions", statistics.evictions)
        json.member("expired", statistics.expired)
        json.endObject()
    }
}

extension RouteDescription {
    fileprivate static let runCacheCommand = RouteDescription(
        "runCacheCommand", "Carries out a command on the cache.", topic: .cache,
        body: .json(.object([.required("cmd", .text)], isOpen: true)),
        answers: [
            .ok("It was done; `result` is what the command asks for.", done),
            RouteAnswer(
                .badRequest, "It is no command, or was refused.",
                [
                    .json(
                        .either([
                            refused,
                            .object([
                                .required("error", .object([.required("code", .text), .required("message", .text)]))
                            ]),
                        ]))
                ]),
        ])

    fileprivate static let getCacheKey = RouteDescription(
        "getCacheKey", "The text of a key.", topic: .cache,
        answers: [.ok("The text.", done), RouteAnswer(.badRequest, "The key is too long.", [.json(refused)])],
        failures: [.cacheKeyNotFound])

    fileprivate static let deleteCacheKey = RouteDescription(
        "deleteCacheKey", "Removes a key.", topic: .cache,
        answers: [
            .ok("It is gone.", done),
            RouteAnswer(.notFound, "There was none.", [.json(.object([.required("ok", .boolean)]))]),
            RouteAnswer(.badRequest, "The key is too long.", [.json(refused)]),
        ])

    private static let done = ValueSchema.named(
        "CacheResult", .object([.required("ok", .boolean), .optional("result", .any)]))
    private static let refused = ValueSchema.named(
        "CacheRefusal", .object([.required("ok", .boolean), .required("error", .text)]))
}
