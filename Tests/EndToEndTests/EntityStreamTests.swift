internal import PylonEventStream
internal import PylonJSON
internal import PylonReplication
internal import PylonTestSupport
internal import PylonTime
internal import PylonWebSocket
internal import Testing

/// Worlds of entities over real sockets.
@Suite(.blocking) struct EntityStreamTests {
    private static let shared = Result { try ServerHarness() }

    private let server: ServerHarness

    init() throws {
        server = try Self.shared.get()
    }

    /// A client that applies and acknowledges every state.
    private final class Player {
        let socket: WebSocketClient
        private(set) var decoder: ReplicaDecoder
        private(set) var acknowledged = 0
        private(set) var keyframes = 0
        private(set) var bytes = 0

        init(_ server: ServerHarness, _ shard: String, _ name: String, _ query: String = "") throws {
            socket = try WebSocketClient(
                port: server.shardPort, "/?shard=\(shard)&sid=\(name)\(query)", token: ServerHarness.adminToken,
                subprotocols: ["pylon.v2"], offersDeflate: true)
            guard case .text(let text) = try socket.next() else { throw ProcessError.unexpected("no hello") }
            let hello = try JSONParser.parse(text)
            decoder = ReplicaDecoder(schema: try ComponentSchema(json: hello["schema"] ?? .null))
        }

        var own: ReplicaEntity? { (0..<decoder.count).map { decoder[$0] }.first { $0.isOwned } }

        /// Takes one state; other messages are passed over.
        func takeState() throws {
            while true {
                switch try socket.next() {
                case .binary(let message):
                    try #require(message.first == 3)
                    return try take(message.dropFirst())
                case .text, .ping: continue
                case let other: throw ProcessError.unexpected("\(other)")
                }
            }
        }

        private func take(_ message: ArraySlice<UInt8>) throws {
            var rest = message
            func number() -> UInt64 {
                var (value, shift) = (0 as UInt64, 0 as UInt64)
                while let byte = rest.popFirst() {
                    value |= UInt64(byte & 0x7F) << shift
                    shift += 7
                    if byte < 0x80 { break }
                }
                return value
            }
            let (tick, baseAge, acknowledged) = (number(), number(), number())
            let outcome = try decoder.apply(tick: Tick(tick), baseAge: baseAge, body: Array(rest))
            try #require(outcome == .applied)
            if baseAge == 0 { keyframes += 1 }
            bytes += message.count
            self.acknowledged = max(self.acknowledged, Int(acknowledged) - 1)
            var answer: [UInt8] = [4]
            var left = tick
            while left >= 0x80 {
                answer.append(UInt8(truncatingIfNeeded: left) | 0x80)
                left >>= 7
            }
            try socket.send(.binary, answer + [UInt8(left)])
        }
    }

    @Test func playersSeeWhatIsNearAndTheirOwnInputsAcknowledged() throws {
        try server.createShard("meadow", "herd", #"{"tick_rate_hz":50,"animals":400,"seed":7}"#)
        let (ann, bob) = (try Player(server, "meadow", "ann"), try Player(server, "meadow", "bob"))
        try ann.socket.send(text: #"{"input":{"x":500,"y":500},"client_seq":1}"#)
        try bob.socket.send(text: #"{"input":{"x":510,"y":500},"client_seq":1}"#)
        while ann.acknowledged < 1 { try ann.takeState() }
        while bob.acknowledged < 1 { try bob.takeState() }
        for _ in 0..<50 {
            try ann.takeState()
            try bob.takeState()
        }
        for player in [ann, bob] {
            let own = try #require(player.own)
            #expect(abs(own.position.y - 500) < 0.1 && own.value(1) == .integer(1))
            // All that is near, and no more than the cells around.
            #expect(player.decoder.count > 5 && player.decoder.count < 150)
            // Whole states come until the first is acknowledged, then changes.
            #expect(player.keyframes < 10)
        }
        // Each other's, without what only the owner sees.
        let seen = (0..<bob.decoder.count).map { bob.decoder[$0] }.first {
            abs($0.position.x - 500) < 0.1 && !$0.isOwned
        }
        #expect(seen?.value(1) == .integer(0))
        #expect(Double(ann.bytes) / 50 < 2000)
        // A client of stream v1 gets the snapshot, an event stream v2 as well.
        let old = try server.join("meadow", as: "old")
        #expect(try old.nextSnapshot()?.json["animals"]?.int ?? 0 >= 402)
        let stream = try EventStreamClient(
            port: server.port, "/api/shards/meadow/connect?sid=sse&proto=2", token: ServerHarness.adminToken)
        #expect(try JSONParser.parse(try #require(try stream.next()).data)["state"] == "json")
        #expect(try stream.next()?.name == "keyframe")
    }

    @Test func whoeverComesBackGoesOnWithItsAnimal() throws {
        try server.createShard("back", "herd", #"{"tick_rate_hz":50,"animals":10,"reconnect_grace_ms":60000}"#)
        let first = try Player(server, "back", "ann")
        try first.socket.send(text: #"{"input":{"x":1,"y":2},"client_seq":3}"#)
        while first.acknowledged < 3 { try first.takeState() }
        let id = try #require(first.own?.id)
        first.socket.socket.reset()
        #expect(try server.eventually { try server.subscribers(of: "back") == 0 })
        let second = try Player(server, "back", "ann")
        try second.takeState()
        #expect(second.own?.id == id)
        // It begins anew, and so do its numbers: what an earlier stream sent is not acknowledged to it.
        #expect(second.acknowledged == 0)
        try second.socket.send(text: #"{"input":{"x":3,"y":4},"client_seq":1}"#)
        while second.acknowledged < 1 { try second.takeState() }
        #expect(second.acknowledged == 1)
    }

    @Test func whoeverOnlyLooksOnSeesNoSecrets() throws {
        try server.createShard("open", "herd", #"{"tick_rate_hz":50,"animals":10}"#)
        let player = try Player(server, "open", "ann")
        try player.socket.send(text: #"{"input":{"x":1,"y":2},"client_seq":1}"#)
        while player.acknowledged < 1 { try player.takeState() }
        let watcher = try Player(server, "open", "ann", "&role=spectator")
        while watcher.decoder.count == 0 { try watcher.takeState() }
        #expect(player.own?.value(1) == .integer(1))
        #expect(watcher.own == nil)
        #expect((0..<watcher.decoder.count).allSatisfy { watcher.decoder[$0].value(1) == .integer(0) })
    }

    @Test func aReplicaThatIsAnotherIsReported() throws {
        let server = try ServerHarness()
        try server.createShard("desync", "herd", #"{"tick_rate_hz":20,"animals":50,"hash_ticks":2}"#)
        let player = try Player(server, "desync", "ann")
        func report(_ hash: UInt64, of tick: UInt64) throws {
            let digits = String(hash, radix: 16)
            let text = String(repeating: "0", count: 16 - digits.count) + digits
            try player.socket.send(text: #"{"type":"hash","tick":\#(tick),"hash":"\#(text)"}"#)
        }
        func takeHashedState() throws -> UInt64 {
            while true {
                try player.takeState()
                if let tick = player.decoder.tick?.number, tick % 2 == 0 { return tick }
            }
        }
        for _ in 0..<5 {
            let tick = try takeHashedState()
            try report(player.decoder.viewHash, of: tick)
        }
        let tick = try takeHashedState()
        try report(player.decoder.viewHash ^ 1, of: tick)
        var error: JSONValue?
        while error == nil {
            if case .text(let text) = try player.socket.next() { error = try JSONParser.parse(text) }
        }
        #expect(error?["code"] == "DESYNC" && error?["tick"]?.int == Int(tick))
        #expect(try server.metric("pylon_desyncs_total") == 1)
        #expect(server.eventually { server.log.contains("another state of tick \(tick)") })
        server.stop()
    }

    @Test func aShardsConfigSetsTheBytesOfAFrame() throws {
        try server.createShard("narrow", "herd", #"{"tick_rate_hz":20,"animals":2000,"bytes_per_frame":200}"#)
        let player = try Player(server, "narrow", "ann")
        for _ in 0..<20 {
            let before = player.bytes
            try player.takeState()
            // The head comes besides.
            #expect(player.bytes - before <= 200 + 12)
        }
        for config in [#"{"bytes_per_frame":63}"#, #"{"ticks_per_snapshot":32}"#] {
            let answer = try server.request(
                "POST", "/api/shards", token: ServerHarness.adminToken,
                body: #"{"id":"no","kind":"herd","config":\#(config)}"#)
            #expect(answer.status == 400 && answer.json["error"]?["code"] == "INVALID_SHARD_CONFIG")
        }
    }
}
