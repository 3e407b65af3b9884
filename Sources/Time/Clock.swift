internal import CSystem
internal import PylonThreading

/// Where time comes from; injected wherever it matters, so that tests can hold it still.
public protocol Clock: Sendable {
    /// The monotonic time, for deadlines and measurements.
    func now() -> Instant

    /// Microseconds since 1970-01-01T00:00:00Z, for what people and clients read.
    func microsecondsSinceEpoch() -> UInt64
}

/// The operating system's clocks.
public struct SystemClock: Clock {
    public init() {}

    public func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(nanoseconds: UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec))
    }

    public func microsecondsSinceEpoch() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return UInt64(time.tv_sec) &* 1_000_000 &+ UInt64(time.tv_nsec) / 1000
    }
}

/// A clock that moves only when a test moves it. Safe to read and advance from any thread.
public final class ManualClock: Clock {
    private let elapsed: Lock<UInt64>
    private let epochMicroseconds: UInt64

    /// Starts at one second on the monotonic scale and at `epochMicroseconds` on the calendar's.
    public init(epochMicroseconds: UInt64 = 1_700_000_000_000_000) {
        elapsed = Lock(1_000_000_000)
        self.epochMicroseconds = epochMicroseconds
    }

    public func now() -> Instant {
        Instant(nanoseconds: elapsed.withLock { $0 })
    }

    public func microsecondsSinceEpoch() -> UInt64 {
        epochMicroseconds + (elapsed.withLock { $0 } - 1_000_000_000) / 1000
    }

    /// Moves the clock forward.
    public func advance(by duration: Duration) {
        elapsed.withLock { $0 &+= duration.wholeNanoseconds }
    }
}
