internal import CSystem
internal import Glibc
internal import PylonThreading

/// Ends the process when taking it down hangs: a world whose `step` never returns would keep its worker, and so the process, for ever.
enum Watchdog {
    /// Exits with status 1 and one line on standard error unless the process is gone by then.
    static func arm(after delay: Duration, program: String) {
        _ = Thread.spawn(name: "watchdog") {
            let descriptor = eventfd(0, Int32(EFD_CLOEXEC))
            // Nobody ever writes to it: this is a wait for the time alone.
            _ = csystem_wait_readable(descriptor, Int64(delay.components.seconds) * 1_000_000_000)
            let line = "\(program): a shard did not come to an end in time; leaving without it\n"
            _ = line.withCString { write(2, $0, strlen($0)) }
            _exit(1)
        }
    }
}
