internal import CBenchSystem
internal import CSystem
internal import Glibc
internal import PylonTime

/// A process of the benchmark: spoken to in lines over its standard input and output, ended by its id.
final class ChildProcess {
    let pid: pid_t
    private let input: Int32
    private let output: Int32
    private var pending: [UInt8] = []
    private var exitStatus: Int32?

    /// Starts `words` as this executable's own subcommand.
    convenience init(subcommand words: [String], environment: [String: String] = [:]) throws(BenchError) {
        try self.init(path: "/proc/self/exe", words: ["pylon-bench"] + words, environment: environment)
    }

    private init(path: String, words: [String], environment: [String: String]) throws(BenchError) {
        let input = try Self.pipe()
        let output = try Self.pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.read, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output.write, STDOUT_FILENO)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // The parent blocks some signals, to read them from a descriptor, and ignores SIGPIPE; its children must not.
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var pid: pid_t = 0
        let result = Self.withCStrings(words) { argv in
            Self.withCStrings(Self.environment(adding: environment)) { envp in
                posix_spawn(&pid, path, &actions, &attributes, argv, envp)
            }
        }
        close(input.read)
        close(output.write)
        self.pid = pid
        self.input = input.write
        self.output = output.read
        if result != 0 {
            exitStatus = -1
            throw .system(call: "posix_spawn \(path)", errno: result)
        }
    }

    deinit {
        kill()
        close(input)
        close(output)
    }

    /// Sends one line.
    func send(_ line: String) throws(BenchError) {
        let bytes = Array((line + "\n").utf8)
        guard write(input, bytes, bytes.count) == bytes.count else { throw .process("process \(pid) is gone") }
    }

    /// Waits for the next line and returns its words.
    func receive(_ what: String, within timeout: Duration, _ signals: Interruption) throws(BenchError) -> [String] {
        let deadline = SystemClock().now() + timeout
        while true {
            if let newline = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: pending[..<newline], as: UTF8.self)
                pending.removeSubrange(...newline)
                return line.split(separator: " ").map(String.init)
            }
            guard try signals.wait(for: output, until: deadline) else { throw .timedOut(what) }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let length = read(output, &buffer, buffer.count)
            guard length > 0 else { throw .process("\(what): process ended (\(describeExit()))") }
            pending.append(contentsOf: buffer[..<length])
        }
    }

    /// Whether the process has not ended yet.
    var isRunning: Bool {
        if exitStatus == nil {
            var status: Int32 = 0
            if waitpid(pid, &status, WNOHANG) == pid { exitStatus = status }
        }
        return exitStatus == nil
    }

    /// Asks the process to end and, after `grace`, makes it.
    func terminate(grace: Duration = .seconds(3)) {
        guard isRunning else { return }
        Glibc.kill(pid, SIGTERM)
        let deadline = SystemClock().now() + grace
        while isRunning, SystemClock().now() < deadline { usleep(5000) }
        kill()
    }

    /// Ends the process at once.
    func kill() {
        guard isRunning else { return }
        Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
        exitStatus = status
    }

    private func describeExit() -> String {
        for _ in 0..<100 where isRunning { usleep(5000) }
        guard let exitStatus else { return "closed its output" }
        return exitStatus & 0x7F == 0 ? "exit \((exitStatus >> 8) & 0xFF)" : "signal \(exitStatus & 0x7F)"
    }

    private static func pipe() throws(BenchError) -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        guard bench_pipe(&ends) == 0 else { throw .system(call: "pipe", errno: errno) }
        return (ends[0], ends[1])
    }

    private static func environment(adding extra: [String: String]) -> [String] {
        var variables: [String] = []
        var next = bench_environment()
        while let variable = next?.pointee {
            let text = String(cString: variable)
            if !extra.keys.contains(where: { text.hasPrefix($0 + "=") }) { variables.append(text) }
            next = next?.successor()
        }
        return variables + extra.map { "\($0.key)=\($0.value)" }
    }

    /// Calls `body` with the null-terminated array that exec functions take.
    static func withCStrings<R>(_ words: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R) -> R {
        let copies = words.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        return copies.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
    }
}
