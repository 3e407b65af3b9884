internal import PylonAuth
internal import PylonBytes
internal import PylonFanout
package import PylonGateway
package import PylonHTTP
internal import PylonJSON
package import PylonNet
package import PylonShardHost
internal import PylonSimulation
package import PylonThreading

/// Shards over HTTP (spec/realtime.md 3.2 and 3.3).
package struct ShardRoutes: Sendable {
    /// How long the store may take with a new shard, or with one that is removed; a disk that is well takes milliseconds.
    private static let storePatience: Duration = .seconds(5)

    private let registry: ShardRegistry
    private let factories: BlockingThread
    private let cap: AddressCap
    private let door: ShardDoor
    private let inputLimit: BodyLimit

    /// `factories` runs the kinds' own code when a shard is made; `cap` is the shard streams' own, shared with the WebSocket ports;
    /// `inputBytesMaximum` is the largest input, here as there.
    package init(
        registry: ShardRegistry, factories: BlockingThread, cap: AddressCap, door: ShardDoor, inputBytesMaximum: Int
    ) {
        self.registry = registry
        self.factories = factories
        self.cap = cap
        self.door = door
        inputLimit = .bytes(inputBytesMaximum)
    }

    package var table: [Route<Handler>] {
        [
            Route(.get, "/api/shards", .listShards, access: .admin, bodyLimit: .none, handler: .asynchronous(list)),
            Route(
                .post, "/api/shards", .createShard, access: .admin, bodyLimit: .mebi(1), handler: .asynchronous(create)),
            Route(
                .get, "/api/shards/\(ShardRegistry.reservedID)", .listShardKinds, access: .admin, bodyLimit: .none,
                handler: .asynchronous(listKinds)),
            Route(.get, "/api/shards/:id", .getShard, access: .anyone, bodyLimit: .none, handler: .immediate(show)),
            Route(
                .delete, "/api/shards/:id", .deleteShard, access: .admin, bodyLimit: .none,
                handler: .asynchronous(remove)),
            Route(
                .get, "/api/shards/:id/connect", .watchShard, access: .user, bodyLimit: .none,
                handler: .exchange(connect)),
            Route(
                .get, "/api/shards/:id/events", .watchShardEvents, access: .user, bodyLimit: .none,
                handler: .exchange(events)),
            Route(
                .post, "/api/shards/:id/input", .sendShardInput, access: .anyone, bodyLimit: inputLimit,
                handler: .exchange(input)),
        ]
    }

    /// Off the loop: there may be thousands.
    private func list(_ request: Request) async throws(APIError) -> HTTPResponse {
        var json = JSONWriter()
        json.beginArray()
        for shard in registry.all { Self.write(shard.information, into: &json) }
        json.endArray()
        return .json(.ok, json.finish())
    }

    private func listKinds(_ request: Request) async throws(APIError) -> HTTPResponse {
        var json = JSONWriter()
        json.beginArray()
        for kind in registry.kindDescriptions {
            json.beginObject()
            json.member("name", kind.name)
            json.member("listed", kind.isListed)
            json.member("open", kind.isOpen)
            json.key("config")
            json.value(kind.schema)
            json.endObject()
        }
        json.endArray()
        return .json(.ok, json.finish())
    }

    /// Makes a shard. The kind's factory is the author's code and may take its time, hence a thread of its own.
    private func create(_ request: Request) async throws(APIError) -> HTTPResponse {
        let body = try request.json()
        guard body.object != nil else { throw .invalidJSON("The body must be an object.") }
        let id = try body.requiredString("id")
        let kind = try body.requiredString("kind")
        let config = body["config"] ?? [:]
        guard config.object != nil else { throw .invalidField("config", problem: "must be an object") }
        let made = await factories.run { [registry] in
            Result { () throws(RegistryError) in try registry.create(id: id, kind: kind, config: config) }
        }
        guard let made else { throw .draining }
        let shard: any ShardHandle
        do throws(RegistryError) {
            shard = try made.get()
        } catch {
            throw APIError(error)
        }
        // What is answered with 201 is there after kill -9.
        guard await shard.isConfirmed(.stored, within: Self.storePatience) else {
            registry.remove(shard)
            throw .shardNotStored
        }
        let ignored = registry.ignoredFields(of: config, kind: kind)
        return .json(.created, Self.text(of: shard.information, ignored: ignored))
    }

    /// Open to anyone, as old clients need it: numbers only, no state (spec/realtime.md 3.3). Private shards, too: whoever knows the id was
    /// told it.
    private func show(_ request: Request) throws(APIError) -> HTTPResponse {
        .json(.ok, Self.text(of: try shard(of: request).information))
    }

    /// Removes a shard. Who was told that it is still stored asks again, and is answered when it is not.
    private func remove(_ request: Request) async throws(APIError) -> HTTPResponse {
        let id = request.parameters["id"] ?? ""
        let shard = registry.get(id)
        if let shard { registry.remove(shard) }
        let isForgotten: Bool
        if let shard = shard ?? registry.departing(id) {
            isForgotten = await shard.isConfirmed(.forgotten, within: Self.storePatience)
        } else {
            guard registry.isWithheld(id) else { throw .shardNotFound }
            isForgotten = await forgetWithheld(id)
        }
        guard isForgotten else { throw .shardNotForgotten }
        var json = JSONWriter()
        json.beginObject()
        json.member("removed", id)
        json.endObject()
        return .json(.ok, json.finish())
    }

    private func forgetWithheld(_ id: String) async -> Bool {
        await withCheckedContinuation { continuation in
            registry.forgetWithheld(id, within: Self.storePatience) { continuation.resume(returning: $0 == .done) }
        }
    }

    /// The state at every tick. `Last-Event-ID` is of no use here: whoever comes back gets the newest state at once.
    private func connect(_ request: Request, _ exchange: Exchange) throws(APIError) {
        guard request.query("proto") == "2" else { return try stream(.snapshots, request, exchange) }
        try stream(.session(try SessionOptions { request.query($0) }), request, exchange)
    }

    /// Every event, from behind the cursor on that the client names.
    private func events(_ request: Request, _ exchange: Exchange) throws(APIError) {
        try stream(.events(after: try request.eventCursor()), request, exchange)
    }

    private func stream(_ stream: ShardStream, _ request: Request, _ exchange: Exchange) throws(APIError) {
        let shard = try shard(of: request)
        let client = request.cappedAddress
        let name = request.query("sid") ?? request.identity.userID ?? ""
        let subscriber = try SubscriberID(wire: name)
        let role = try SubscriberRole(request)
        let refusal = try door.refusal(request, to: shard, as: subscriber, hasToken: stream.hasResumeToken)
        if let refusal, !stream.hasResumeToken {
            door.count(refusal, of: request)
            throw APIError(refused: refusal)
        }
        guard request.head.version == .http11 else { throw .streamNeedsHTTP11 }
        guard request.head.method != .head else { return exchange.respond(Exchange.eventStreamHead) }
        guard cap.admit(client) else { throw .tooManyConnections }
        let connection = exchange.reference.onLoop
        let isV2 = if case .session = stream { true } else { false }
        shard.subscribe(
            SubscribeRequest(
                subscriber: subscriber, caller: request.caller, transport: isV2 ? .eventStreamV2 : .eventStream,
                stream: stream, role: role, connection: connection, address: client, refusal: refusal
            ) { [cap, door] result in
                let subscription: Subscription?
                var ending: StreamEnding?
                switch result {
                case .success(let made): subscription = made
                case .failure(.moved(let target)):
                    // Not refused: its client goes there by itself.
                    subscription = nil
                    ending = .moved(to: target)
                case .failure(let error):
                    cap.release(client)
                    door.count(error, of: request)
                    return exchange.fail(APIError(refused: error))
                }
                let connection = exchange.reference.onLoop
                let stream = EventStreamConnection(
                    subscription: subscription, isV2: isV2, service: exchange.service
                ) {
                    cap.release(client)
                }
                guard exchange.beginEventStream(stream) else { return stream.closed(on: connection) }
                if let ending { stream.end(ending, on: connection) } else { stream.begin(on: connection) }
            })
    }

    /// Queues an input. The sender is `subscriber_id`, else the caller, else `anon_<sid>` as the reference has it; the world decides
    /// whether the caller may act as that sender, by default only as themselves (weakness 27 of the reference).
    private func input(_ request: Request, _ exchange: Exchange) throws(APIError) {
        let shard = try shard(of: request)
        let body = try request.json()
        guard body.object != nil else { throw .invalidJSON("The body must be an object.") }
        let name =
            try body.optionalString("subscriber_id") ?? request.identity.userID ?? "anon_\(request.query("sid") ?? "0")"
        shard.push(
            InputRequest(
                subscriber: try SubscriberID(wire: name), caller: request.caller,
                message: try InputMessage(json: body, namesTick: true, bytesCount: request.body.count)
            ) { result in
                switch result {
                case .success(let sequence):
                    var json = JSONWriter()
                    json.beginObject()
                    json.member("accepted", true)
                    json.member("seq", sequence)
                    json.endObject()
                    exchange.respond(.json(.ok, json.finish()))
                case .failure(let error): exchange.fail(.inputRefused(error))
                }
            })
    }

    private func shard(of request: Request) throws(APIError) -> any ShardHandle {
        guard let shard = registry.get(request.parameters["id"] ?? "") else { throw .shardNotFound }
        return shard
    }

    private static func text(of information: ShardInformation, ignored: [String] = []) -> ByteBuffer {
        var json = JSONWriter()
        json.beginObject()
        writeMembers(of: information, into: &json)
        if !ignored.isEmpty {
            json.beginArray("ignored_config")
            for name in ignored { json.value(name) }
            json.endArray()
        }
        json.endObject()
        return json.finish()
    }

    private static func write(_ information: ShardInformation, into json: inout JSONWriter) {
        json.beginObject()
        writeMembers(of: information, into: &json)
        json.endObject()
    }

    /// Writes what there is to know of a shard into an object that is open.
    static func writeMembers(of information: ShardInformation, into json: inout JSONWriter) {
        json.member("id", information.id)
        json.member("kind", information.kind)
        json.member("running", information.isRunning)
        json.member("tick", information.tick)
        json.member("subscribers", information.subscribers)
        json.member("input_queue", information.inputsQueued)
        json.member("players", information.players)
        json.member("spectators", information.spectators)
        json.member("private", information.isPrivate)
    }
}
