internal import CBenchSystem
internal import CFloor
internal import CSystem
internal import Glibc

/// The benchmark's executable. `floor`, `client` and `exec` are processes that a scenario starts itself.
@main
enum PylonBench {
    static func main() {
        do throws(BenchError) {
            try run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            Console.note("pylon-bench: \(error.message)")
            switch error {
            case .usage: exit(2)
            case .interrupted: exit(130)
            case .timedOut, .process, .system: exit(1)
            }
        }
    }

    private static func run(_ words: [String]) throws(BenchError) {
        let rest = words.dropFirst()
        switch words.first {
        case "fanout": try fanout(rest)
        case "floor": try floor(rest)
        case "client": try client(rest)
        case "exec": try exec(rest)
        case "--help", "help": Console.print(Fanout.usage)
        default: throw .usage("which benchmark?\n\(Fanout.usage)")
        }
    }

    private static func fanout(_ words: ArraySlice<String>) throws(BenchError) {
        let arguments = try Arguments(words, Fanout.grammar)
        let file = try arguments.values["json"].map { (path) throws(BenchError) in try OutputFile(path) }
        let isJSON = arguments.has("json")
        #if DEBUG
        Console.note("this is a debug build: build with -c release before believing a number")
        #endif
        let scenario = try Fanout(arguments, Interruption())
        if !isJSON { Console.print(Report.tableHead) }
        try scenario.run { result in
            if isJSON { Console.print(Report.json(result)) } else { Report.tableLines(result).forEach(Console.print) }
            file?.write(Report.json(result))
        }
    }

    private static func floor(_ words: ArraySlice<String>) throws(BenchError) {
        let arguments = try Arguments(words, .init(values: ["core", "port", "transport", "bytes", "hz"]))
        try join(arguments)
        let transport = try Transport.list(try arguments.string("transport", default: "ws"))
        var options = cfloor_options()
        options.port = Int32(try arguments.number("port", default: 0, in: 0...65_535))
        options.transport = Int32((transport == [.eventStream] ? CFLOOR_EVENT_STREAM : CFLOOR_WEBSOCKET).rawValue)
        options.payload_bytes = Int32(try arguments.number("bytes", in: Int(CFLOOR_PAYLOAD_MINIMUM)...1_000_000))
        options.rate_hz = Int32(try arguments.number("hz", in: 1...10_000))
        guard transport == [.unixSocket] else { throw .system(call: "the floor", errno: cfloor_run(&options)) }
        let failed = Loopback.localPath(port: Int(options.port)).withCString { path in
            options.path = path
            return cfloor_run(&options)
        }
        throw .system(call: "the floor", errno: failed)
    }

    private static func client(_ words: ArraySlice<String>) throws(BenchError) {
        let grammar = Arguments.Grammar(
            values: ["core", "port", "clients", "transport", "bytes", "target", "token", "timeout", "stuck"])
        let arguments = try Arguments(words, grammar)
        try join(arguments)
        raiseFileLimit()
        guard let transport = try Transport.list(try arguments.string("transport")).first else {
            throw .usage("--transport is empty")
        }
        let client = LoadClient(
            LoadClient.Options(
                port: try arguments.number("port", in: 1...65_535),
                clients: try arguments.number("clients", in: 1...60_000),
                stuckClients: try arguments.number("stuck", default: 0, in: 0...60_000), transport: transport,
                payloadBytes: try arguments.number("bytes", in: 1...1_000_000),
                target: try arguments.string("target"), token: try arguments.string("token", default: ""),
                timeout: .seconds(try arguments.number("timeout", default: 60, in: 1...3600))))
        try client.run()
    }

    /// Becomes another program, on the core asked for and bound to the parent's life.
    private static func exec(_ words: ArraySlice<String>) throws(BenchError) {
        let arguments = try Arguments(words, .init(values: ["core"], switches: ["log"]))
        guard let path = arguments.rest.first else { throw .usage("nothing to execute") }
        try join(arguments)
        let output = arguments.has("log") ? STDERR_FILENO : open("/dev/null", O_WRONLY)
        dup2(output, STDOUT_FILENO)
        dup2(output, STDERR_FILENO)
        _ = ChildProcess.withCStrings(arguments.rest) { execv(path, $0) }
        throw .system(call: "execv \(path)", errno: errno)
    }

    /// What every child does first.
    private static func join(_ arguments: Arguments) throws(BenchError) {
        _ = bench_die_with_parent()
        raisePriority()
        guard arguments.values["core"] != nil else { return }
        let core = try arguments.number("core", in: 0...1023)
        // A machine with one core runs everything on it; the figures then include the client's disturbance.
        if csystem_pin_current_thread(Int32(core)) != 0 { Console.note("cannot pin to core \(core)") }
    }

    /// Pushes other programs aside where the user may: both senders and the client do so alike, so no side gains by it.
    private static func raisePriority() {
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, -20)
        // Linux weighs sessions against each other first and processes only within theirs.
        setsid()
        let autogroup = open("/proc/self/autogroup", O_WRONLY | O_CLOEXEC)
        if autogroup >= 0 {
            _ = write(autogroup, "-20", 3)
            close(autogroup)
        }
    }

    private static func raiseFileLimit() {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}

/// A file that results are added to as they come, so that an interrupted run keeps what it had.
final class OutputFile {
    private let descriptor: Int32

    init(_ path: String) throws(BenchError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw .system(call: "opening \(path)", errno: errno) }
    }

    deinit { close(descriptor) }

    func write(_ line: String) { Console.write(line, to: descriptor) }
}
