import ArenaSwarm
import Glibc
import Testing

@Suite struct LatencyProxyTests {
    @Test func `the proxy passes everything on, as late as it was told`() throws {
        let server = try ArenaServer()
        let line = try BadLine(to: server, latencyMilliseconds: 80, jitterMilliseconds: 10, lossPercent: 5)
        let through = line.endpoint
        let page = try HTTPExchange.request("GET", "/arena.js", at: through)
        let direct = try HTTPExchange.request("GET", "/arena.js", at: server.endpoint)
        #expect(page == direct)

        let start = milliseconds()
        _ = try HTTPExchange.request("GET", "/health", at: through)
        #expect(milliseconds() - start >= 80)

        var swarmOptions = Swarm.Options()
        swarmOptions.server = through
        swarmOptions.count = 2
        swarmOptions.seconds = 2
        var swarm = Swarm(swarmOptions)
        let report = try swarm.run { _ in }
        #expect(report.botsConnected == 2)
        #expect(report.botsLost == 0)
        #expect(report.frames > 20)
    }

    private func milliseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1000 + time.tv_nsec / 1_000_000
    }
}
