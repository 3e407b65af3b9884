import Glibc

/// A program started by a test, ended with it.
final class ChildProcess {
    private let identifier: pid_t
    private var isRunning = true

    struct StartError: Error {
        let program: String
        let errno: Int32
    }

    /// Starts `program`, found on PATH unless it holds a slash; its output goes to `log`.
    init(_ program: String, _ arguments: [String], log: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let words = ([program] + arguments).map { strdup($0) }
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let failure = posix_spawnp(&child, program, &actions, nil, words + [nil], environ)
        guard failure == 0 else { throw StartError(program: program, errno: failure) }
        identifier = child
    }

    /// Asks it to end and waits until it has; after five seconds it is no longer asked. The exit code, or nil.
    @discardableResult
    func stop() -> Int32? {
        guard isRunning else { return nil }
        isRunning = false
        var status: Int32 = 0
        kill(identifier, SIGTERM)
        for _ in 0..<250 {
            if waitpid(identifier, &status, WNOHANG) == identifier { return Self.exitCode(status) }
            usleep(20_000)
        }
        kill(identifier, SIGKILL)
        waitpid(identifier, &status, 0)
        return nil
    }

    /// Waits for its own end.
    func wait() {
        var status: Int32 = 0
        waitpid(identifier, &status, 0)
        isRunning = false
    }

    deinit {
        stop()
    }

    /// nil when a signal ended it.
    private static func exitCode(_ status: Int32) -> Int32? {
        status & 0x7F == 0 ? (status >> 8) & 0xFF : nil
    }
}

/// A directory for one test, gone with its owner.
final class ScratchDirectory {
    let path: String

    init() {
        var template = Array("/tmp/arena-test-XXXXXX".utf8CString)
        // The template is changed in place; nil when /tmp cannot be written, and then nothing else works either.
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
    }

    deinit {
        // Chromium's children may still be writing for a moment after their parent has ended. A directory left over
        // in /tmp is not worth failing a test for.
        _ = eventually(within: 2) { () -> Bool? in
            guard path != "/tmp", let remover = try? ChildProcess("rm", ["-rf", path], log: "/dev/null") else {
                return true
            }
            remover.wait()
            return access(path, F_OK) != 0 ? true : nil
        }
    }
}

/// Calls `probe` until it gives something, for about `seconds`.
func eventually<T>(within seconds: Int, _ probe: () throws -> T?) rethrows -> T? {
    let deadline = time(nil) + seconds
    repeat {
        if let found = try probe() { return found }
        usleep(50_000)
    } while time(nil) <= deadline
    return try probe()
}

/// The whole of a small text file, or nil.
func contents(of path: String) -> String? {
    let file = open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = read(file, &bytes, bytes.count)
    return count >= 0 ? String(decoding: bytes[..<count], as: UTF8.self) : nil
}

/// A port P such that P...P+3 are free at the moment.
func freePorts() -> UInt16? {
    for _ in 0..<50 {
        let base = UInt16.random(in: 20_000..<32_000)
        if (base...base + 3).allSatisfy(isFree) { return base }
    }
    return nil
}

private func isFree(_ port: UInt16) -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
