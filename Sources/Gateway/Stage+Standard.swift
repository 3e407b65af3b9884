package import PylonAuth
internal import PylonBytes
internal import PylonHTTP
package import PylonTelemetry
internal import PylonWebSocket
internal import Synchronization

extension Stage {
    /// Finds the client's address behind `hops` trusted proxies (spec/services.md 4.6).
    package static func clientAddress(trustedHops hops: Int) -> Stage {
        Stage("client address") { (request) throws(APIError) in
            guard hops > 0 else { return }
            let values = request.head.fields.all(.forwardedFor)
            let text = ForwardedFor.clientAddress(values, hops: hops, peer: request.peer.description)
            request.client = IPAddress(text) ?? request.peer
        }
    }

    /// Logs that a request has come, and from whom.
    package static func accessLog(_ log: Log) -> Stage {
        Stage("access log") { (request) throws(APIError) in
            request.record?.logArrival(from: request.client, to: log)
        }
    }

    /// Refuses new work while the process shuts down.
    package static func readiness(_ state: ReadinessState) -> Stage {
        Stage("readiness") { (request) throws(APIError) in
            // Probes must see the state rather than run into it.
            guard state.isDraining, !RequestRecord.probePaths.contains(request.head.rawPath) else { return }
            throw .draining
        }
    }

    /// Resolves who is asking: `Authorization: Bearer` first, then, on upgrades, the `bearer.` subprotocol (spec/realtime.md 1.2).
    package static func identity(_ resolver: IdentityResolver) -> Stage {
        Stage("identity") { (request) throws(APIError) in
            request.identity = resolver.resolve(request.credential)
        }
    }
}

extension Request {
    /// The token the request carries: `Authorization: Bearer` first, then, on upgrades, the `bearer.` subprotocol; nil for none.
    package var credential: String? {
        if let value = head.fields.first(.authorization), let token = BearerToken.extract(value) { return token }
        guard head.upgrades(to: "websocket") else { return nil }
        return SubprotocolList(headerValues: head.fields.all("Sec-WebSocket-Protocol")).credential?.token
    }
}

/// Whether the process wants traffic. Flipped once by start-up and once by shutdown; read by every request.
package final class ReadinessState: Sendable {
    private let ready = Atomic<Bool>(false)
    private let draining = Atomic<Bool>(false)

    package init() {}

    /// True between the end of start-up and the beginning of shutdown.
    package var isReady: Bool { ready.load(ordering: .relaxed) && !isDraining }
    package var isDraining: Bool { draining.load(ordering: .relaxed) }

    /// Start-up is over.
    package func becomeReady() { ready.store(true, ordering: .relaxed) }
    /// Shutdown has begun; it cannot be taken back.
    package func beginDraining() { draining.store(true, ordering: .relaxed) }
}
