internal import PylonAuth
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
package import PylonShardHost
package import PylonThreading

/// The shards that users find and make by themselves, of the kinds that the app opened to them. The reference leaves both to
/// administrators.
package struct LobbyRoutes: Sendable {
    /// Shards in one answer.
    private static let shardsMaximum = 100

    private let lobby: Lobby
    private let factories: BlockingThread

    /// `factories` runs the kinds' own code when a shard is made.
    package init(lobby: Lobby, factories: BlockingThread) {
        self.lobby = lobby
        self.factories = factories
    }

    package var table: [Route<Handler>] {
        [
            Route(.get, "/api/lobby", .listLobby, access: .user, bodyLimit: .none, handler: .background(list)),
            Route(
                .post, "/api/lobby", .createLobbyShard, access: .user, bodyLimit: .kibi(64),
                handler: .asynchronous(create)),
            Route(
                .delete, "/api/lobby/:id", .deleteLobbyShard, access: .user, bodyLimit: .none,
                handler: .background(remove)),
        ]
    }

    /// The first by id behind `after`, so that a client can page through all.
    private func list(_ request: Request) async throws(APIError) -> HTTPResponse {
        var shards = lobby.shards(kind: request.query("kind"))[...]
        if let after = request.query("after") { shards = shards.drop { $0.id <= after } }
        var json = JSONWriter()
        json.beginArray()
        for shard in shards.prefix(Self.shardsMaximum) {
            json.beginObject()
            ShardRoutes.writeMembers(of: shard.information, into: &json)
            json.endObject()
        }
        json.endArray()
        return .json(.ok, json.finish())
    }

    private func create(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        guard body.object != nil else { throw .invalidJSON("The body must be an object.") }
        let kind = try body.requiredString("kind")
        let config = body["config"] ?? [:]
        guard config.object != nil else { throw .invalidField("config", problem: "must be an object") }
        let flag = body["private"] ?? false
        guard let isPrivate = flag.bool else { throw .invalidField("private", problem: "must be true or false") }
        let user = request.identity.userID ?? ""
        let isGuest = request.identity.isGuest
        let address = request.cappedAddress
        let made = await factories.run { [lobby] in
            Result { () throws(LobbyError) in
                try lobby.create(
                    kind: kind, config: config, isPrivate: isPrivate, for: user, isGuest: isGuest, at: address)
            }
        }
        guard let made else { throw .draining }
        do throws(LobbyError) {
            return Self.answer(try made.get())
        } catch {
            switch error {
            case .notOpen: throw .kindNotOpen
            case .tooMany(let maximum): throw .lobbyFull(maximum: maximum, of: .all)
            case .tooManyOfUser(let maximum): throw .lobbyFull(maximum: maximum, of: .user)
            case .tooManyOfAddress(let maximum): throw .lobbyFull(maximum: maximum, of: .address)
            case .guestsExcluded: throw .guestsExcluded
            case .registry(let problem): throw APIError(problem)
            }
        }
    }

    private static func answer(_ made: Lobby.Made) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        ShardRoutes.writeMembers(of: made.shard.information, into: &json)
        if let code = made.code { json.member("join_code", code) }
        json.endObject()
        return .json(.created, json.finish())
    }

    private func remove(_ request: Request) async throws(APIError) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        guard lobby.remove(id, of: request.identity.userID ?? "") else { throw .shardNotFound }
        var json = JSONWriter()
        json.beginObject()
        json.member("removed", id)
        json.endObject()
        return .json(.ok, json.finish())
    }
}

extension RouteDescription {
    fileprivate static let listLobby = RouteDescription(
        "listLobby", "The shards that anyone may join, of kinds that the app lists; the first 100.", topic: .shards,
        inputs: [
            .query("kind", .text, "Of this kind only."), .query("after", .text, "Behind this id only."),
        ],
        answers: [.ok("The shards, by id.", .array(shard))])

    fileprivate static let createLobbyShard = RouteDescription(
        "createLobbyShard", "Makes a shard of the caller's own, of a kind that the app opened to users.",
        topic: .shards,
        body: .json(
            .object(
                [
                    .required("kind", .text), .optional("config", .anyObject), .optional("private", .boolean),
                ], isOpen: true)),
        answers: [
            .created(
                "The new shard, with the code that lets others in if it is private.",
                .object(shardMembers + [.optional("join_code", .text)]))
        ],
        failures: [
            .invalidJSON, .missingField, .invalidField, .kindNotOpen, .guestsNotAllowed, .shardConfigInvalid,
            .shardsTooMany,
        ])

    fileprivate static let deleteLobbyShard = RouteDescription(
        "deleteLobbyShard", "Stops and removes a shard that the caller made.", topic: .shards,
        answers: [.ok("It is gone.", .object([.required("removed", .text)]))], failures: [.shardNotFound])
}
