package import PylonGateway
package import PylonHTTP

/// Which WebSocket application a request to upgrade on the main port gets (spec/realtime.md 1.5): one HTTPS name behind a proxy is
/// what people deploy, so everything is reachable there.
package enum UpgradeRoutes {
    /// Requests with `shard=` go to `shards`, the matchmaker's path to `matches`, the echo path to the conformance suites' echo, the sync hub's paths to where it will be.
    package static func main(
        shards: @escaping WebSocketFactory, matches: @escaping WebSocketFactory, offersEcho: Bool
    ) -> WebSocketFactory {
        { (request) throws(APIError) in
            let path = request.head.rawPath
            if offersEcho, path == EchoSocket.path { return EchoSocket() }
            if path == MatchSocket.path { return try matches(request) }
            if request.head.query().first("shard") != nil { return try shards(request) }
            if path == "/" || path == "/ws" { throw .serviceUnavailable("The sync hub") }
            throw .notFound
        }
    }

    /// The sync events' path until the hub is there.
    package static let events = Route<Handler>(
        .get, "/events", .syncEvents, access: .anyone, bodyLimit: .none,
        handler: .immediate { (_) throws(APIError) in throw .serviceUnavailable("The sync hub") })

    /// The sync hub's own ports until the hub is there.
    package static let unavailable: WebSocketFactory = { (_) throws(APIError) in
        throw .serviceUnavailable("The sync hub")
    }
}

extension RouteDescription {
    fileprivate static let syncEvents = RouteDescription(
        "syncEvents", "The changes of rows as they happen. Not available yet.", topic: .sync, answers: [],
        failures: [.notAvailable])
}
