internal import PylonTime

/// How long to wait before trying again: exponential with equal jitter.
///
/// Half of a growing ceiling, and up to as much again by chance, so that a server that comes back is not met by everyone at once. A stream
/// counts as healthy, and the next wait is short again, only when it has lived for a while.
public struct Backoff: Sendable {
    /// The first ceiling; it doubles with each failure.
    public var minimum: Duration
    /// The last ceiling.
    public var maximum: Duration
    /// A stream that lived this long has ended the row of failures.
    public var healthy: Duration
    /// The failures in a row.
    public private(set) var failures = 0

    /// The waits of the JavaScript client, 500 ms to 10 s, unless told otherwise.
    public init(
        minimum: Duration = .milliseconds(500), maximum: Duration = .seconds(10), healthy: Duration = .seconds(5)
    ) {
        self.minimum = minimum
        self.maximum = maximum
        self.healthy = healthy
    }

    /// The wait after a stream that lived for `lived`; a server that asked for `retryAfter` is left alone for as long at least.
    public mutating func next(
        lived: Duration, retryAfter: Duration = .zero, using generator: inout some RandomNumberGenerator
    ) -> Duration {
        if lived >= healthy { failures = 0 }
        // 2^16 times any minimum worth the name is beyond any maximum.
        let ceiling = min(maximum, minimum * (1 << min(failures, 16)))
        failures += 1
        return max(retryAfter, ceiling * Double.random(in: 0.5...1, using: &generator))
    }
}
