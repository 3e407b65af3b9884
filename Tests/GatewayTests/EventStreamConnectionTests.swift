internal import PylonGateway
internal import PylonJSON
internal import PylonShardHost
internal import PylonTelemetry
internal import PylonTestSupport
internal import Testing

/// Heartbeats and the end of event streams in held time.
@Suite struct EventStreamConnectionTests {
    private let gateway: GatewayHarness

    init() throws {
        gateway = try GatewayHarness()
        _ = try gateway.registry.create(id: "s", kind: "still", config: ["tick_rate_hz": 0])
    }

    private func watch() throws -> HTTPClient {
        let client = try HTTPClient(port: gateway.port)
        try client.send("GET", "/api/shards/s/connect", token: "admin")
        #expect(try client.readHead().status == 200)
        #expect(try client.readChunk() == Array("id: 0\ndata: 0\n\n".utf8))
        return client
    }

    @Test func aHeartbeatComesEveryThirtySeconds() throws {
        let client = try watch()
        for _ in 0..<4 {
            gateway.advance(by: .seconds(30))
            #expect(try client.readChunk() == Array(": heartbeat\n\n".utf8))
        }
    }

    @Test func theStreamIsCountedWhileItLasts() throws {
        let client = try watch()
        #expect(gateway.counters.eventStreams.value == 1)
        client.socket.close()
        #expect(gateway.eventually { gateway.counters.eventStreams.value == 0 })
        #expect(gateway.eventually { gateway.registry.get("s")?.information.subscribers == 0 })
    }

    @Test func anIdleShardEndsItsStream() throws {
        let client = try watch()
        #expect(gateway.registry.remove("s"))
        #expect(try client.readChunk() == Array("event: end\ndata: {\"reason\":\"shard stopped\"}\n\n".utf8))
        #expect(try client.readChunk() == nil)
        #expect(try client.socket.takeSome() == nil)
    }
}
