internal import CSystem
internal import Glibc

/// SIGTERM and SIGINT as something to wait for. Made before any thread is started, since threads inherit the blocked signals.
struct Signals {
    private let descriptor: Int32

    init() {
        var signals = [SIGTERM, SIGINT]
        // Sockets say so per call; this is for a closed standard error.
        signal(SIGPIPE, SIG_IGN)
        _ = csystem_block_signals(&signals, 2)
        descriptor = csystem_signalfd(&signals, 2)
        precondition(descriptor >= 0, "no descriptor left at start-up")
    }

    /// Waits for the first of them.
    func wait() {
        while csystem_wait_readable(descriptor, -1) != 1 {}
        var information = signalfd_siginfo()
        _ = read(descriptor, &information, MemoryLayout<signalfd_siginfo>.size)
    }

    /// Whether another has come, e.g. an impatient second Ctrl-C. Waits up to 10 ms for one.
    var isPending: Bool { csystem_wait_readable(descriptor, 10_000_000) == 1 }
}

/// The process environment.
enum Environment {
    static var all: [String: String] {
        var variables: [String: String] = [:]
        var pointer = environ
        while let entry = pointer.pointee {
            let text = String(cString: entry)
            if let separator = text.firstIndex(of: "=") {
                variables[String(text[..<separator])] = String(text[text.index(after: separator)...])
            }
            pointer += 1
        }
        return variables
    }
}
