package import PylonGateway
package import PylonHTTP
internal import PylonAuth
internal import PylonEventLoop
internal import PylonJSON
internal import PylonMatchmaking
internal import PylonShardHost

/// The matchmaker over HTTP: everyone for themselves, guests included. The reference has no routes (spec/realtime.md 2.9); the shapes of
/// statuses and assignments are its own.
package struct MatchRoutes: Sendable {
    /// How long an answer about a status may be waited for: less than requests may take at all.
    private static let waitSecondsMaximum = 25

    private let desk: MatchDesk

    package init(desk: MatchDesk) {
        self.desk = desk
    }

    package var table: [Route<Handler>] {
        [
            Route(
                .get, "/api/matchmaker/queues", .listMatchQueues, access: .user, bodyLimit: .none,
                handler: .background(list)),
            Route(
                .post, "/api/matchmaker/join", .joinMatchQueue, access: .user, bodyLimit: .kibi(16),
                handler: .background(join)),
            Route(
                .get, "/api/matchmaker/status", .getMatchStatus, access: .user, bodyLimit: .none,
                handler: .exchange(status)),
            Route(
                .post, "/api/matchmaker/cancel", .cancelMatch, access: .user, bodyLimit: .kibi(1),
                handler: .background(cancel)),
            Route(
                .post, "/api/matchmaker/ack", .acknowledgeMatch, access: .user, bodyLimit: .kibi(1),
                handler: .background(acknowledge)),
            Route(
                .get, "/api/matchmaker/party", .getParty, access: .user, bodyLimit: .none, handler: .background(party)),
            Route(
                .post, "/api/matchmaker/party/create", .createParty, access: .user, bodyLimit: .kibi(1),
                handler: .background(createParty)),
            Route(
                .post, "/api/matchmaker/party/join", .joinParty, access: .user, bodyLimit: .kibi(1),
                handler: .background(joinParty)),
            Route(
                .post, "/api/matchmaker/party/leave", .leaveParty, access: .user, bodyLimit: .kibi(1),
                handler: .background(leaveParty)),
        ]
    }

    // MARK: Queues

    private func list(_ request: Request) async throws(APIError) -> HTTPResponse {
        let counts = desk.matchmaker.queuedCounts
        var json = JSONWriter()
        json.beginArray()
        for (queue, count) in zip(desk.matchmaker.queues, counts) {
            json.beginObject()
            json.member("name", queue.name)
            json.member("kind", queue.kind)
            json.member("min_players", queue.players.lowerBound)
            json.member("max_players", queue.players.upperBound)
            json.member("max_party", queue.partyMaximum)
            Self.write(queue.modes, as: "modes", to: &json)
            Self.write(queue.regions, as: "regions", to: &json)
            json.member("queued", count)
            json.endObject()
        }
        json.endArray()
        return .json(.ok, json.finish())
    }

    private func join(_ request: Request) async throws(APIError) -> HTTPResponse {
        try desk.join(request.player, try request.json(), from: MatchOrigin(request))
        return Self.answer(desk.matchmaker.status(of: request.player))
    }

    /// At once, or with `wait` as soon as the status is another than `unless`.
    private func status(_ request: Request, _ exchange: Exchange) throws(APIError) {
        let seconds = try request.query("wait").map { (text) throws(APIError) in
            guard let seconds = Int(text), (0...Self.waitSecondsMaximum).contains(seconds) else {
                throw .invalidField("wait", problem: "must be a whole number from 0 to \(Self.waitSecondsMaximum)")
            }
            return seconds
        }
        let unless = request.query("unless") ?? "queued"
        guard ["idle", "queued", "matched"].contains(unless) else {
            throw .invalidField("unless", problem: "must be idle, queued or matched")
        }
        let player = request.player
        let loop = exchange.reference.loop
        let isTaken = desk.submit { [desk] in
            desk.await(player, unless: unless, for: .seconds(seconds ?? 0), timer: loop) { status in
                exchange.respond(Self.answer(status))
            }
        }
        guard isTaken else { throw .answersTooMany }
    }

    private func cancel(_ request: Request) async throws(APIError) -> HTTPResponse {
        let outcome = desk.matchmaker.cancel(request.player)
        var json = JSONWriter()
        json.beginObject()
        json.member("cancelled", outcome == .cancelled)
        if outcome != .cancelled { json.member("reason", outcome.rawValue) }
        json.endObject()
        return .json(.ok, json.finish())
    }

    private func acknowledge(_ request: Request) async throws(APIError) -> HTTPResponse {
        let assignment = try desk.acknowledge(request.player)
        var json = JSONWriter()
        json.beginObject()
        assignment.writeMembers(to: &json)
        json.endObject()
        return .json(.ok, json.finish())
    }

    private static func answer(_ status: PlayerStatus) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        status.writeMembers(to: &json)
        json.endObject()
        return .json(.ok, json.finish())
    }

    // MARK: Parties

    private func party(_ request: Request) async throws(APIError) -> HTTPResponse {
        Self.answer(desk.matchmaker.party(of: request.player))
    }

    private func createParty(_ request: Request) async throws(APIError) -> HTTPResponse {
        Self.answer(
            try refusing { () throws(MatchmakingError) in
                try desk.matchmaker.createParty(request.player, isGuest: request.identity.isGuest)
            })
    }

    private func joinParty(_ request: Request) async throws(APIError) -> HTTPResponse {
        let code = try request.json().requiredString("code")
        return Self.answer(
            try refusing { () throws(MatchmakingError) in
                try desk.matchmaker.joinParty(request.player, isGuest: request.identity.isGuest, code: code)
            })
    }

    /// A leader may name somebody else, who is sent away.
    private func leaveParty(_ request: Request) async throws(APIError) -> HTTPResponse {
        let member = request.body.isEmpty ? nil : try request.json().optionalString("user_id")
        try refusing { () throws(MatchmakingError) in
            try desk.matchmaker.leaveParty(request.player, member: member)
        }
        return Self.answer(desk.matchmaker.party(of: request.player))
    }

    private func refusing<T>(_ body: () throws(MatchmakingError) -> T) throws(APIError) -> T {
        do throws(MatchmakingError) {
            return try body()
        } catch {
            throw .matchmaking(error)
        }
    }

    private static func answer(_ party: Party?) -> HTTPResponse {
        var json = JSONWriter()
        json.beginObject()
        json.key("party")
        if let party {
            json.beginObject()
            json.member("code", party.code)
            json.member("leader", party.leader)
            write(party.members, as: "members", to: &json)
            json.endObject()
        } else {
            json.null()
        }
        json.endObject()
        return .json(.ok, json.finish())
    }

    private static func write(_ names: [String], as key: StaticString, to json: inout JSONWriter) {
        json.beginArray(key)
        for name in names { json.value(name) }
        json.endArray()
    }
}

extension MatchOrigin {
    /// Who is behind a request.
    init(_ request: Request) {
        self.init(isGuest: request.identity.isGuest, address: request.cappedAddress)
    }
}

extension Request {
    /// Who is asking, on routes for those who are signed in.
    fileprivate var player: String { identity.userID ?? "" }
}
