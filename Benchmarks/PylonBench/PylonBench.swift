internal import CBenchSystem
internal import CFloor
internal import CSystem
internal import Glibc

/// The benchmark's executable. `floor`, `client`, `exec` and the like are processes that a scenario starts itself.
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
            case .notCountable: exit(3)
            case .timedOut, .process, .system, .overThreshold: exit(1)
            }
        }
    }

    private static func run(_ words: [String]) throws(BenchError) {
        let rest = words.dropFirst()
        switch words.first {
        case "floor": try floor(rest)
        case "client": try client(rest)
        case "churn-client": try churnClient(rest)
        case "request-client": try requestClient(rest)
        case "sqlite-floor": try sqliteFloor(rest)
        case "exec": try exec(rest)
        case "--help", "help": Console.print(Scenarios.usage)
        case let name:
            guard let name, try Scenarios.run(name, rest) else {
                throw .usage("which benchmark?\n\(Scenarios.usage)")
            }
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
        let arguments = try Arguments(words, LoadClient.Options.grammar)
        try join(arguments)
        raiseFileLimit()
        try LoadClient(LoadClient.Options(arguments)).run()
    }

    private static func churnClient(_ words: ArraySlice<String>) throws(BenchError) {
        let arguments = try Arguments(words, ChurnClient.grammar)
        try join(arguments)
        raiseFileLimit()
        try ChurnClient(arguments).run()
    }

    private static func requestClient(_ words: ArraySlice<String>) throws(BenchError) {
        let arguments = try Arguments(words, RequestClient.grammar)
        try join(arguments)
        raiseFileLimit()
        try RequestClient(arguments).run()
    }

    private static func sqliteFloor(_ words: ArraySlice<String>) throws(BenchError) {
        let arguments = try Arguments(words, SQLiteFloor.grammar)
        try join(arguments)
        try SQLiteFloor.run(arguments)
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
