package import PylonTime

/// How long events wait for others to leave with them: not at all while a hub is quiet, and half as long as its last flush took
/// when it is busy.
///
/// A write costs a client the same for one event as for thirty, so a hub whose flushes take long is cheaper and no later for
/// making fewer of them; one whose flushes are short has nothing to gain. With it a hub takes at most two thirds of its loop.
package struct MergeWindow: Sendable {
    /// Nobody waits longer than this for merging's sake.
    package static let maximum: Duration = .milliseconds(5)
    /// Loops count time-outs in milliseconds: below half of one a window is none.
    package static let minimum: Duration = .microseconds(500)

    private var next = Instant(nanoseconds: 0)

    package init() {}

    /// How long events that are there at `now` have to wait; zero when they may leave.
    package func wait(now: Instant) -> Duration { now < next ? next - now : .zero }

    /// Notes a flush that began at `start` and ended at `end`.
    package mutating func flushed(from start: Instant, to end: Instant) {
        let window = min((end - start) / 2, Self.maximum)
        next = window < Self.minimum ? end : end + window
    }
}
