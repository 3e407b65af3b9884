internal import PylonEventStream
internal import PylonTestSupport
internal import PylonWebSocket
internal import Testing

/// Clients that do all they can to get in the way of others on the same shard.
@Suite(.keepingPace) struct HostileClientTests {
    private static let admin = ServerHarness.adminToken

    /// A client that gets everything that comes, and checks that it does.
    private final class Healthy {
        private let nextNumber: () throws -> UInt64?
        let close: () -> Void
        private(set) var last: UInt64

        init(_ socket: WebSocketClient) throws {
            nextNumber = { try socket.nextSnapshot()?.tick }
            close = { socket.socket.close() }
            last = try #require(try nextNumber())
        }

        init(_ stream: EventStreamClient) throws {
            nextNumber = { try stream.next().flatMap { UInt64($0.lastEventID) } }
            close = { stream.http.socket.close() }
            last = try #require(try nextNumber())
        }

        func read(_ count: Int) throws {
            for _ in 0..<count {
                let number = try #require(try nextNumber(), "ended behind \(last)")
                try #require(number == last + 1)
                last = number
            }
        }
    }

    private static let paths = [
        "/?shard=arena&sid=ann", "/?shard=arena&sid=ann&stream=events", "/api/shards/arena/connect?sid=ann",
        "/api/shards/arena/events?sid=ann",
    ]

    /// A client whose kernel takes little on its behalf, and which reads only what it is told to.
    private func idle(_ path: String, _ server: ServerHarness) throws -> ClientSocket {
        let isSocket = path.hasPrefix("/?")
        let client = try ClientSocket(port: isSocket ? server.shardPort : server.port, receiveBuffer: 4096)
        let upgrade =
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        try client.send(
            "GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(Self.admin)\r\n\(isSocket ? upgrade : "")\r\n")
        _ = try client.receive(64)
        return client
    }

    private func healthy(_ path: String, _ server: ServerHarness) throws -> Healthy {
        path.hasPrefix("/?")
            ? try Healthy(WebSocketClient(port: server.shardPort, path, token: Self.admin))
            : try Healthy(EventStreamClient(port: server.port, path, token: Self.admin))
    }

    @Test func healthyClientsGetEverythingBesideHostileOnes() throws {
        let server = try ServerHarness()
        try server.createShard(
            "arena", "fanout",
            #"{"tick_rate_hz":50,"payload_bytes":50000,"events_per_tick":1,"max_subscribers":0}"#)
        let healthy = try Self.paths.map { try self.healthy($0, server) }
        var stuck = try Self.paths.map { try idle($0, server) }
        var slow = try Self.paths.prefix(1).map { try idle($0, server) } + [try idle(Self.paths[2], server)]
        func counted(_ name: String) throws -> Double { try server.metric(name) ?? 0 }

        var rounds = 0
        while rounds < 200 {
            rounds += 1
            for path in Self.paths {
                // One that resets in the middle of a frame, and one that will send nothing more.
                try idle(path, server).reset()
                let halfOpen = try idle(path, server)
                halfOpen.shutdownWriting()
                if rounds == 1 { #expect(throws: Never.self) { _ = try halfOpen.receiveToEnd() } }
            }
            for client in slow { _ = try client.receiveSome(7) }
            for client in healthy { try client.read(5) }
            let dropped = try counted("pylon_frames_dropped_total")
            let overrun = try counted("pylon_event_streams_overrun_total")
            if rounds >= 10, dropped > 100, overrun == 2 { break }
        }
        #expect(try counted("pylon_frames_dropped_total") > 100)
        #expect(try counted("pylon_event_streams_overrun_total") == 2)
        #expect(try counted("pylon_event_gaps_total") == 0)
        // Whoever reset or went half-open is gone already: the healthy, the stuck and the slow are left.
        #expect(try server.eventually { try server.subscribers(of: "arena") ?? 99 <= 4 + 4 + 2 })
        for client in healthy { try client.read(5) }

        stuck = []
        slow = []
        healthy.forEach { $0.close() }
        let isEmpty = try server.eventually {
            try server.subscribers(of: "arena") == 0 && counted("pylon_websockets") == 0
                && counted("pylon_event_streams") == 0 && counted("pylon_subscribers") == 0
                // The one that asks.
                && counted("pylon_connections") == 1
        }
        #expect(isEmpty)
        withExtendedLifetime((stuck, slow)) {}
    }
}
