internal import PylonAuth
internal import PylonBytes
internal import PylonFanout
package import PylonGateway
internal import PylonHTTP
package import PylonNet
internal import PylonJSON
package import PylonShardHost
internal import PylonSimulation
package import PylonTelemetry
package import PylonWebSocket

/// The shard WebSocket (spec/realtime.md 3.1): connecting subscribes, messages are inputs, closing unsubscribes.
///
/// The handshake is accepted before the world has been asked, because browsers show scripts a close code but never the status of
/// a refused handshake: 1008 for "you may not", 1013 for "full or stopped".
package final class ShardSocket: WebSocketApplication {
    private let place: ShardPlace

    package let limits: WebSocketLimits?

    private init(_ place: ShardPlace, limits: WebSocketLimits) {
        self.place = place
        self.limits = limits
    }

    /// What a request to upgrade becomes. `shard` and `sid` come from the query, where `+` is a space; `sid` defaults to the
    /// caller's user id, then to `anon`. Refusals before the handshake: 400, 404, 429.
    package static func factory(
        registry: ShardRegistry, cap: AddressCap, door: ShardDoor, limits: WebSocketLimits, log: Log
    ) -> WebSocketFactory {
        { (request) throws(APIError) in
            let query = request.head.query(plusAsSpace: true)
            guard let id = query.first("shard"), !id.isEmpty else { throw .missingShard }
            guard let shard = registry.get(id) else { throw .shardNotFound }
            let subscriber = try SubscriberID(wire: query.first("sid") ?? request.identity.userID ?? "anon")
            let client = request.cappedAddress
            let session = try ShardSession.Request(upgrade: request)
            let stream: ShardStream =
                if let session { .session(session.options) } else { try ShardStream(upgrade: request) }
            let guest = ShardPlace.Guest(
                subscriber: subscriber, caller: request.caller, role: try SubscriberRole(request), address: client,
                refusal: try door.refusals(of: request, to: shard, as: subscriber, hasToken: stream.hasResumeToken),
                refused: { door.count($0, of: request) })
            guard cap.admit(client) else { throw .tooManyConnections }
            let release: @Sendable () -> Void = { cap.release(client) }
            guard let session else {
                return ShardSocket(
                    ShardPlace(in: shard, for: guest, stream, release: release) { error, socket, _ in
                        socket.close(error.closeCode, reason: error.message)
                    }, limits: limits)
            }
            return ShardSession(
                session, ShardPlace(in: shard, for: guest, stream, release: release, refuse: ShardSession.refuse),
                limits, log)
        }
    }

    package func opened(_ socket: WebSocketConnection, on connection: Connection) {
        place.take(socket, on: connection)
    }

    /// Inputs that cannot be read or are refused are dropped and counted: the v1 wire has no error frame.
    package func received(
        _ bytes: UnsafeRawBufferPointer, isText: Bool, socket: WebSocketConnection, on connection: Connection
    ) {
        guard let subscription = place.subscription else { return }
        let message: InputMessage
        do {
            let json = try JSONParser.parse(bytes.bindMemory(to: UInt8.self).span)
            message = try InputMessage(json: json, bytesCount: bytes.count)
        } catch {
            return place.shard.countRefusedInput()
        }
        do throws(ShardError) {
            _ = try place.shard.push(message, from: subscription)
        } catch {
            // The shard has counted it.
        }
    }

    package func closed(on connection: Connection) { place.leave() }
}
