internal import Glibc
internal import PylonTime

/// nginx with one process that answers everything with one body from memory: what a get by id is compared with.
struct StaticServer {
    let process: ChildProcess
    let port: Int

    /// Starts the nginx at `path`, its files in `folder`, on the core of every server under test.
    static func start(
        _ path: String, body: String, _ folder: ScratchFolder, _ signals: Interruption
    ) throws(BenchError) -> StaticServer {
        let port = try Loopback.freePorts(1)
        let configuration = try folder.write(configuration(port: port, body: body, folder), to: "nginx.conf")
        let process = try ChildProcess(subcommand: [
            "exec", "--core", "\(ServerUnderTest.core)", "--", path, "-p", folder.path, "-e", folder.file("nginx.log"),
            "-c", configuration,
        ])
        let probe = AdminRequest(method: "GET", path: "/", token: "")
        let deadline = SystemClock().now() + .seconds(10)
        while probe.send(port: port, timeout: .seconds(1))?.status != 200 {
            guard process.isRunning, SystemClock().now() < deadline else {
                let log = String(decoding: ProcessSample.readFile(folder.file("nginx.log")), as: UTF8.self)
                throw .process("nginx does not answer: \(log)")
            }
            try signals.sleep(.milliseconds(20))
        }
        return StaticServer(process: process, port: port)
    }

    /// Ends the process.
    func stop() { process.terminate() }

    /// One process, no log of requests; connections stay for as long as the client wants them.
    private static func configuration(port: Int, body: String, _ folder: ScratchFolder) -> String {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map { "\($0)_temp_path \(folder.path);" }.joined(separator: " ")
        return """
            daemon off;
            master_process off;
            pid \(folder.file("nginx.pid"));
            events { worker_connections 4096; multi_accept on; }
            http {
                access_log off;
                \(temporary)
                tcp_nodelay on;
                keepalive_requests 1000000000;
                default_type application/json;
                server {
                    listen 127.0.0.1:\(port) backlog=4096;
                    location / { return 200 '\(body)'; }
                }
            }
            """
    }
}
