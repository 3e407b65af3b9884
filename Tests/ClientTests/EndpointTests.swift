internal import PylonBytes
internal import Testing

@testable internal import PylonClient

@Suite struct EndpointTests {
    @Test(arguments: [
        ("http://127.0.0.1:4321", Endpoint.Host.address(.v4(0x7F00_0001)), 4321, "127.0.0.1:4321"),
        ("http://localhost:80/", .address(.v4(0x7F00_0001)), 80, "localhost"),
        ("HTTP://LocalHost", .address(.v4(0x7F00_0001)), 80, "LocalHost"),
        ("ws://[::1]:9", .address(.v6(high: 0, low: 1)), 9, "[::1]:9"),
        ("http://[2001:db8::1]", .address(.v6(high: 0x2001_0DB8_0000_0000, low: 1)), 80, "[2001:db8::1]"),
        ("http://game.example.com:8080", .name("game.example.com"), 8080, "game.example.com:8080"),
        ("http://a_b-c", .name("a_b-c"), 80, "a_b-c"),
        ("unix:/run/pylon.sock", .local("/run/pylon.sock"), 0, "localhost"),
        ("unix:///run/pylon.sock", .local("/run/pylon.sock"), 0, "localhost"),
    ])
    func serversAreNamed(url: String, host: Endpoint.Host, port: Int, field: String) throws {
        let endpoint = try Endpoint(url: url)
        #expect(endpoint.host == host)
        #expect(Int(endpoint.port) == port)
        #expect(endpoint.hostField(port: endpoint.port) == field)
    }

    @Test(arguments: [
        "", "http", "http:", "http:/", "http://", "http:///", "http://:80", "http://a:", "http://a:0", "http://a:65536",
        "http://a:x", "http://a:+1", "http://a/b", "http://u@a", "http://u:p@a", "http://a b", "http://a\r\nX: y",
        "http://[::1", "http://::1", "http://[127.0.0.1]", "http://[zz]:1", "ftp://a", "unix:", "unix:a", "unix:/",
        "unix:/a\u{0}b", "http://a?b", "http://a#b", "http://" + String(repeating: "a", count: 254),
    ])
    func whatNamesNoServerIsRefused(url: String) {
        #expect(throws: ClientError.invalidURL(url)) { try Endpoint(url: url) }
    }

    @Test(arguments: ["https://a", "wss://a:1", "HTTPS://a"]) func tlsIsRefusedByName(url: String) {
        #expect(throws: ClientError.tlsUnsupported) { try Endpoint(url: url) }
    }

    @Test func theShardsOwnPortIsTriedFirst() throws {
        let all = try Endpoint(url: "http://127.0.0.1:4321").routes(nil)
        #expect(all.map(\.port) == [4324, 4321, 4321])
        #expect(all.map(\.transport) == [.webSocket, .webSocket, .serverSentEvents])
        #expect(
            try Endpoint(url: "http://127.0.0.1:4321").routes(nil, usesShardPort: false).map(\.port) == [4321, 4321])
        #expect(try Endpoint(url: "http://127.0.0.1:4321").routes(.serverSentEvents).map(\.port) == [4321])
    }

    @Test func withoutAPortAllAreOnOneName() throws {
        let all = try Endpoint(url: "http://game.example.com").routes(nil)
        #expect(all.map(\.port) == [80, 80])
        #expect(try Endpoint(url: "unix:/a").routes(nil).count == 2)
        // 65535 has nothing behind it.
        #expect(try Endpoint(url: "http://127.0.0.1:65535").routes(nil).count == 2)
    }
}
