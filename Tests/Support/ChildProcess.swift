internal import Glibc

/// Why a process under test is of no use.
package enum ProcessError: Error, Hashable {
    /// posix_spawn's error number.
    case spawn(String, Int32)
    /// What came instead of the line that says it is ready.
    case notReady(String)
    /// An answer that a later step cannot do without did not come.
    case unexpected(String)
}

/// A child with its standard output on a socket pair and its standard error in a file. It never outlives the test process.
package final class ChildProcess {
    private let identifier: pid_t
    private let output: Int32
    private let errorFile: Int32
    private var received: [UInt8] = []
    private var status: Int32?
    private let watcher: Watcher

    /// The server's executable: SwiftPM puts it beside the test bundle.
    package static let pylon: String = {
        var path = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let folder = own.lastIndex(of: "/").map { String(own[..<$0]) } ?? "."
        if access(folder + "/pylon", X_OK) == 0 { return folder + "/pylon" }
        // Under another runner the bundle is loaded by a tool from elsewhere; its path is an argument then.
        for argument in CommandLine.arguments {
            guard let slash = argument.lastIndex(of: "/") else { continue }
            let candidate = argument[..<slash] + "/pylon"
            if access(String(candidate), X_OK) == 0 { return String(candidate) }
        }
        return folder + "/pylon"
    }()

    /// Starts `path` with `arguments` behind its name and nothing but `environment`.
    package init(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws(ProcessError) {
        let pipe = try Self.socketPair()
        errorFile = try Self.namelessFile()
        let variables = environment.map { "\($0.key)=\($0.value)" }.sorted()
        do throws(ProcessError) {
            identifier = try Self.spawn(
                [path] + arguments, environment: variables, descriptors: [(pipe[1], 1), (errorFile, 2)])
        } catch {
            close(pipe[0])
            close(pipe[1])
            close(errorFile)
            throw error
        }
        close(pipe[1])
        output = pipe[0]
        watcher = try Watcher(of: identifier)
    }

    deinit {
        signal(SIGKILL)
        _ = waitForExit(within: TestSocket.patience)
        close(output)
        close(errorFile)
    }

    /// A pipe that no other child started at the same moment inherits, which `pipe` could not promise.
    static func socketPair() throws(ProcessError) -> [Int32] {
        var pair: [Int32] = [0, 0]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else { throw .spawn("socketpair", errno) }
        return pair
    }

    private static func namelessFile() throws(ProcessError) -> Int32 {
        let path = "/tmp/pylon-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        let file = open(path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC | O_APPEND, 0o600)
        guard file >= 0 else { throw .spawn("open", errno) }
        unlink(path)
        return file
    }

    static func spawn(
        _ arguments: [String], environment: [String], descriptors: [(from: Int32, to: Int32)]
    ) throws(ProcessError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (from, to) in descriptors { posix_spawn_file_actions_adddup2(&actions, from, to) }
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup($0) } + [nil]
        defer { (pointers + variables).forEach { free($0) } }
        var identifier: pid_t = 0
        let result = posix_spawn(&identifier, arguments[0], &actions, nil, &pointers, &variables)
        guard result == 0 else { throw .spawn(arguments[0], result) }
        return identifier
    }

    /// The next line of standard output, waiting for it; nil at its end.
    package func readLine() throws(ProcessError) -> String? {
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let line = String(decoding: received[..<end], as: UTF8.self)
                received.removeFirst(end + 1)
                return line
            }
            guard try readMore(within: TestSocket.patience) else { return nil }
        }
    }

    /// Everything on standard output, to its end, less the lines already read.
    package func readAll() throws(ProcessError) -> String {
        while try readMore(within: TestSocket.patience) {}
        return String(decoding: received, as: UTF8.self)
    }

    /// What standard error got so far.
    package var errors: String {
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = pread(errorFile, &bytes, bytes.count, 0)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    /// Sends a signal, unless the process is known to be over.
    package func signal(_ number: Int32) {
        guard status == nil else { return }
        kill(identifier, number)
    }

    /// Waits for the end: the pipe closes when the process does. Returns the exit status, 128 + n for a signal n; nil when it is not
    /// over in time.
    package func waitForExit(within patience: Duration) -> Int32? {
        if let status { return status }
        let deadline = ContinuousClock.now + patience
        do throws(ProcessError) {
            while try readMore(within: deadline - ContinuousClock.now) {}
        } catch {
            return nil
        }
        watcher.dismiss()
        var raw: Int32 = 0
        while waitpid(identifier, &raw, 0) < 0, errno == EINTR {}
        let status = raw & 0x7F == 0 ? (raw >> 8) & 0xFF : 128 + (raw & 0x7F)
        self.status = status
        return status
    }

    private func readMore(within patience: Duration) throws(ProcessError) -> Bool {
        guard TestSocket.poll(output, for: POLLIN, within: patience) else {
            throw .unexpected("nothing on standard output in time")
        }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(output, &chunk, chunk.count)
        guard count > 0 else { return false }
        received.append(contentsOf: chunk[..<count])
        return true
    }
}

/// Kills a process when this one ends, however it ends: a shell waits on a pipe that closes then.
private final class Watcher {
    private let identifier: pid_t
    private let lifeline: Int32
    private var isDismissed = false

    init(of process: pid_t) throws(ProcessError) {
        let pipe = try ChildProcess.socketPair()
        lifeline = pipe[1]
        defer { close(pipe[0]) }
        identifier = try ChildProcess.spawn(
            ["/bin/sh", "-c", "read -r _; kill -9 \(process)"], environment: [], descriptors: [(pipe[0], 0)])
    }

    /// The process is over: its number may soon be another's.
    func dismiss() {
        guard !isDismissed else { return }
        isDismissed = true
        kill(identifier, SIGKILL)
        waitpid(identifier, nil, 0)
        close(lifeline)
    }
}
