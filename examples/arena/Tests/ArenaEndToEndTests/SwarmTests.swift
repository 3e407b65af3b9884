import ArenaSwarm
import Testing

@Suite struct SwarmTests {
    @Test func `bots join, play and leave`() throws {
        let server = try ArenaServer()
        var options = Swarm.Options()
        options.server = server.endpoint
        options.count = 12
        options.seconds = 3
        var swarm = Swarm(options)
        var lines: [String] = []
        let report = try swarm.run { lines.append($0) }
        #expect(report.botsConnected == 12)
        #expect(report.botsLost == 0, "\(lines)")
        #expect(report.frames > 12 * 10)
        #expect(report.bytes > report.frames * 2000)
    }

    @Test func `a swarm without a server says why`() {
        var options = Swarm.Options()
        options.server = Endpoint(host: "127.0.0.1", port: 1)
        var swarm = Swarm(options)
        #expect(throws: ClientError.self) { try swarm.run { _ in } }
    }

    @Test(arguments: [
        ("ws://127.0.0.1:4321", "127.0.0.1:4321"), ("http://localhost:80/", "localhost:80"),
        ("[::1]:4321", "[::1]:4321"),
        ("host:1/?x=1", "host:1"), ("ws://host", nil), ("host:0", nil), ("host:65536", nil), (":80", nil), ("", nil),
    ])
    func `addresses are read`(_ text: String, _ expected: String?) {
        #expect(Endpoint(text)?.description == expected)
    }
}
