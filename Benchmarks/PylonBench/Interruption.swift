internal import CBenchSystem
internal import CSystem
internal import Glibc
internal import PylonTime

/// Ctrl-C and SIGTERM as an error thrown by whatever is being waited for, so that every scope ends its processes.
struct Interruption {
    private let descriptor: Int32

    /// Blocks both signals for this process; call it before anything is started.
    init() {
        let signals = [SIGINT, SIGTERM, SIGHUP]
        csystem_block_signals(signals, Int32(signals.count))
        descriptor = csystem_signalfd(signals, Int32(signals.count))
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits until `target` can be read (true) or the deadline has passed (false).
    func wait(for target: Int32, until deadline: Instant) throws(BenchError) -> Bool {
        while true {
            let left = (deadline - SystemClock().now()).wholeNanoseconds
            guard left > 0 else { return false }
            var polled = [
                pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
                pollfd(fd: target, events: Int16(POLLIN), revents: 0),
            ]
            var timeout = timespec(tv_sec: Int(left / 1_000_000_000), tv_nsec: Int(left % 1_000_000_000))
            let count = bench_poll(&polled, 2, &timeout)
            if polled[0].revents != 0 { throw .interrupted }
            if count > 0, polled[1].revents != 0 { return true }
        }
    }

    /// Sleeps until `deadline`.
    func sleep(until deadline: Instant) throws(BenchError) {
        // A negative descriptor is ignored by poll.
        _ = try wait(for: -1, until: deadline)
    }

    func sleep(_ duration: Duration) throws(BenchError) {
        try sleep(until: SystemClock().now() + duration)
    }
}
