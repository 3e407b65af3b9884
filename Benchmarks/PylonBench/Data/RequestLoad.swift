internal import Glibc
internal import PylonBenchKit
internal import PylonTime

/// The request client's process, as a case speaks to it.
struct RequestLoad {
    private let process: ChildProcess
    private let signals: Interruption

    /// What a load is made of.
    struct Options {
        var port: Int
        var connections: Int
        /// Requests outstanding on each connection.
        var depth = 1
        var requests: [RequestScript.Request]
        var token = ""
        /// The status that every response has to have.
        var status = 200
    }

    /// What came back in a window.
    struct Result {
        var responses: Int
        /// Responses with another status than expected.
        var unexpected: Int
        var bodyBytes: Int
        var seconds: Double
        var p50Milliseconds: Double
        var p99Milliseconds: Double
        var maxMilliseconds: Double
        /// What the server used in the window; 0 unless asked for.
        var cpuNanoseconds: UInt64 = 0

        var perSecond: Double { Double(responses) / max(seconds, 1e-9) }
        var bytesEach: Int { bodyBytes / max(responses, 1) }
        var cpuMicrosecondsEach: Double { Double(cpuNanoseconds) / 1000 / Double(max(responses, 1)) }
    }

    /// Starts the process, its script in `folder`, and waits until all connections are made.
    static func open(
        _ options: Options, _ folder: ScratchFolder, _ signals: Interruption
    ) throws(BenchError) -> RequestLoad {
        let script = try folder.write(RequestScript(options.requests).text, to: "requests-\(options.port).txt")
        let process = try ChildProcess(subcommand: [
            "request-client", "--core", "\(StreamClient.core)", "--port", "\(options.port)", "--connections",
            "\(options.connections)", "--depth", "\(options.depth)", "--script", script, "--status",
            "\(options.status)", "--token=\(options.token)",
        ])
        _ = try process.receive("\(options.connections) connections", within: .seconds(20), signals)
        return RequestLoad(process: process, signals: signals)
    }

    /// Keeps the server busy and counts for `seconds`, after a warm-up; reads what process `pid` used meanwhile.
    func run(seconds: Int, warmup: Duration = .milliseconds(500), using pid: pid_t) throws(BenchError) -> Result {
        try start(seconds: seconds, warmup: warmup)
        try expect("open", within: warmup + .seconds(10))
        let before = try ProcessSample(pid: pid).cpuNanoseconds
        try expect("shut", within: .seconds(seconds + 10))
        let used = try ProcessSample(pid: pid).cpuNanoseconds - before
        var result = try self.result()
        result.cpuNanoseconds = used
        return result
    }

    /// Begins a run of that length; `finish` waits for its end.
    func start(seconds: Int, warmup: Duration) throws(BenchError) {
        try process.send("run \(warmup.wholeNanoseconds / 1000) \(seconds * 1_000_000)")
    }

    /// Waits for the end of a run that was started.
    func finish(within timeout: Duration) throws(BenchError) -> Result {
        try expect("open", within: timeout)
        try expect("shut", within: timeout)
        return try result()
    }

    /// Sends so many requests on each connection and waits for all their responses.
    func send(_ count: Int) throws(BenchError) -> Result {
        try process.send("send \(count)")
        try expect("open", within: .seconds(5))
        try expect("shut", within: .seconds(300))
        return try result()
    }

    /// Ends the process.
    func close() { process.kill() }

    private func expect(_ word: String, within timeout: Duration) throws(BenchError) {
        let line = try process.receive("the request client's window", within: timeout, signals)
        guard line == [word] else { throw .process("request client: \(line.joined(separator: " "))") }
    }

    private func result() throws(BenchError) -> Result {
        let line = try process.receive("the responses' count", within: .seconds(40), signals)
        let answer = try ClientAnswer(line, expecting: "result")
        return Result(
            responses: answer["responses"], unexpected: answer["unexpected"], bodyBytes: answer["bytes"],
            seconds: Double(answer["took"]) / 1e6, p50Milliseconds: answer.milliseconds("p50"),
            p99Milliseconds: answer.milliseconds("p99"), maxMilliseconds: answer.milliseconds("max"))
    }
}
