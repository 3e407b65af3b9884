import ArenaSwarm

/// A running `arena proxy` in front of a server.
final class BadLine {
    /// Where the server seems to be.
    let endpoint: Endpoint
    private let process: ChildProcess
    private let directory = ScratchDirectory()

    init(to server: ArenaServer, latencyMilliseconds: Int, jitterMilliseconds: Int, lossPercent: Int) throws {
        guard let port = freePorts() else { throw ArenaServer.Failure(description: "no four free ports in a row") }
        endpoint = Endpoint(host: "127.0.0.1", port: port)
        let log = directory.path + "/log"
        let options = [
            "proxy", "--port", "\(port)", "--to", "\(server.endpoint.port)", "--latency", "\(latencyMilliseconds)",
            "--jitter", "\(jitterMilliseconds)", "--loss", "\(lossPercent)", "--seconds", "120",
        ]
        process = try ChildProcess(ArenaServer.program, options, log: log)
        let endpoint = endpoint
        let isUp = eventually(within: 20) { () -> Bool? in
            (try? HTTPExchange.request("GET", "/health", at: endpoint)) != nil ? true : nil
        }
        guard isUp == true else { throw ArenaServer.Failure(description: contents(of: log) ?? "no proxy") }
    }
}
