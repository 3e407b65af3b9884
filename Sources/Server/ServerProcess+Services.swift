internal import PylonAPI
internal import PylonAuth
internal import PylonGateway
internal import PylonHTTP
internal import PylonOpenAPI
internal import PylonRecords
internal import PylonSchema
internal import PylonWebClient
internal import PylonWebSocket

extension ServerProcess {
    /// P, P+1, P+2, P+3 in this order.
    func makeServices() throws(StartError) -> [HTTPService] {
        let settings = makeSettings()
        let stages = [
            Stage.clientAddress(trustedHops: configuration.integer(.proxyHops)),
            Stage.accessLog(log),
            Stage.readiness(readiness),
            Stage.identity(identities),
        ]
        let offersEcho = configuration.isOn(.testEndpoints)
        let shardBytes = configuration.integer(.shardMessageBytes)
        let door = ShardDoor(attempts: joinAttempts)
        let shards = ShardSocket.factory(
            registry: registry, cap: shardCap, door: door,
            limits: WebSocketLimits(frameBytesMaximum: shardBytes, messageBytesMaximum: shardBytes), log: log)
        let operations = OperationsRoutes(
            version: ShardServer.version, isDevelopment: configuration.isOn(.developmentMode), clock: clock,
            readiness: readiness, metrics: metrics, counters: gateway)
        let tables =
            operations.table + authRoutes
            + ShardRoutes(
                registry: registry, factories: factories, cap: shardCap, door: door, inputBytesMaximum: shardBytes
            ).table + dataRoutes + LobbyRoutes(lobby: lobby, factories: factories).table
            + MatchRoutes(desk: matches.desk).table + RoomRoutes(rooms: rooms).table
            + CacheRoutes(store: cache).table
            + PageRoutes.table(Self.pages(of: server)) + [UpgradeRoutes.events]
            + (offersEcho ? EchoSocket.table : [])
        let routes = tables + OpenAPIRoutes.table(documenting: tables, of: documentedApp)
        func service(
            _ name: String, _ routes: [Route<Handler>], _ webSocket: @escaping WebSocketFactory, requiresUpgrade: Bool
        ) throws(StartError) -> HTTPService {
            do {
                return HTTPService(
                    name: name, stages: stages, routes: try RouteTable(routes), webSocket: webSocket,
                    requiresUpgrade: requiresUpgrade, settings: settings)
            } catch {
                throw StartError(description: "the routes of \(name) do not fit together: \(error.description)")
            }
        }
        return [
            try service(
                "http", routes,
                UpgradeRoutes.main(
                    shards: shards, matches: MatchSocket.factory(desk: matches.desk, cap: shardCap),
                    offersEcho: offersEcho), requiresUpgrade: false),
            try service("sync WebSocket", [], UpgradeRoutes.unavailable, requiresUpgrade: true),
            try service("sync events", [UpgradeRoutes.events], UpgradeRoutes.unavailable, requiresUpgrade: false),
            try service("shard WebSocket", [], shards, requiresUpgrade: true),
        ]
    }

    /// The embedder's pages, and the client library where it has none of its own in that place.
    private static func pages(of server: ShardServer) -> [Page] {
        let own = Set(server.pages.map(\.path))
        let library = WebClient.files.map { Page(path: $0.path, contentType: $0.contentType, bytes: $0.bytes) }
        return server.pages + library.filter { !own.contains($0.path) }
    }

    /// How long a session lasts; nil for ever.
    var sessionLifetime: Duration? {
        let lifetime = dataPlane?.records.manifest.auth.sessionLifetime ?? SessionStore.lifetime
        return lifetime == .zero ? nil : lifetime
    }

    private var authRoutes: [Route<Handler>] {
        AuthRoutes(
            sessions: sessions, lifetime: sessionLifetime,
            isDevelopment: configuration.isOn(.developmentMode), entities: entityRoutes
        ).table
    }

    /// Nil without a manifest.
    private var entityRoutes: EntityRoutes? {
        dataPlane.map { EntityRoutes(records: $0.records, log: log) }
    }

    private var dataRoutes: [Route<Handler>] {
        guard let routes = entityRoutes else { return [] }
        let reads = routes.table + routes.graphTable + routes.aggregateTable + routes.searchTable + routes.syncTable
        return reads + routes.linkTable + routes.bulkTable + TransferRoutes(routes, clock: clock).table
            + ActionRoutes(routes, actions: server.actions).table
            + UserDataRoutes(routes, sessions: sessions, clock: clock).table
    }

    /// What the API's document says of the app.
    private var documentedApp: DocumentedApp {
        dataPlane?.documentedApp(
            writesBoolsAsIntegers: configuration.isOn(.boolsAsIntegers), hasHooks: !server.hooks.isEmpty,
            boundActions: Set(server.actions.map(\.name)))
            ?? DocumentedApp(title: server.program, version: ShardServer.version)
    }

    private func makeSettings() -> ServiceSettings {
        var settings = ServiceSettings(clock: clock, readiness: readiness, metrics: gateway, log: log)
        let frameBytes = configuration.integer(.webSocketFrameBytes)
        settings.webSocketLimits = WebSocketLimits(frameBytesMaximum: frameBytes, messageBytesMaximum: frameBytes)
        settings.deflatesWebSockets = configuration.isOn(.webSocketDeflate)
        settings.pingInterval = .seconds(configuration.integer(.pingSeconds))
        settings.commonFields = HTTPFieldBlock(CommonFields.fields(allowedOrigin: configuration.allowedOrigin))
        return settings
    }
}
