import ArenaSwarm
import Glibc

/// The built `arena` program, serving on ports of its own. `ARENA_URL=host:port` uses one that runs already.
final class ArenaServer {
    let endpoint: Endpoint
    private let directory = ScratchDirectory()
    private var process: ChildProcess?

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init() throws {
        if let url = getenv("ARENA_URL"), let endpoint = Endpoint(String(cString: url)) {
            self.endpoint = endpoint
            return
        }
        guard let port = freePorts() else { throw Failure(description: "no four free ports in a row") }
        endpoint = Endpoint(host: "127.0.0.1", port: port)
        try start()
    }

    var isOwn: Bool { process != nil }

    /// The program stands beside the test bundle.
    static var program: String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/arena"
    }

    func start() throws {
        let log = directory.path + "/log"
        let options = ["serve", "--host", "127.0.0.1", "--port", String(endpoint.port)]
        process = try ChildProcess(Self.program, options, log: log)
        let isUp = eventually(within: 20) { () -> Bool? in
            (try? HTTPExchange.request("GET", "/health", at: endpoint)) != nil ? true : nil
        }
        guard isUp == true else { throw Failure(description: "arena did not start: \(contents(of: log) ?? "")") }
    }

    /// Stops it and returns its exit code.
    func stop() -> Int32? {
        defer { process = nil }
        return process?.stop()
    }

    /// Sends `count` bots into the arena for `seconds`; the process ends by itself.
    func sendBots(_ count: Int, seconds: Int) throws -> ChildProcess {
        let options = ["bots", "--url", "ws://\(endpoint)", "--count", String(count), "--seconds", String(seconds)]
        return try ChildProcess(Self.program, options, log: directory.path + "/bots")
    }
}
