package import PylonTime

/// When a shard's steps are due: absolute deadlines one interval apart, so that lateness never accumulates.
package struct TickSchedule: Sendable {
    /// A late worker runs at most 4 steps in a row, so that other shards get their turn. It owes no more than those, or what was due
    /// in 20 ms if that is more; what it is behind beyond that is dropped and counted. 20 ms: at 1 kHz four steps are less than the
    /// slice for which a scheduler leaves a thread waiting (docs/decisions/0007).
    package static let stepsAtOnceMaximum = 4
    package static let debtMaximum: Duration = .milliseconds(20)

    /// When the next step is due.
    package private(set) var deadline: Instant
    private let interval: UInt64
    private let stepsOwedMaximum: UInt64

    /// A schedule whose first step is due at `start`. The rate must not be event driven.
    package init(start: Instant, rate: TickRate) {
        precondition(!rate.isEventDriven, "an event-driven shard has no schedule")
        deadline = start
        interval = rate.interval.wholeNanoseconds
        stepsOwedMaximum = max(UInt64(Self.stepsAtOnceMaximum), Self.debtMaximum.wholeNanoseconds / interval)
    }

    /// What is to be done at one waking.
    package struct Due: Equatable, Sendable {
        /// Steps to run now, 0...4.
        package var steps = 0
        /// Steps that will never run.
        package var skipped: UInt64 = 0
        /// How late the first step is.
        package var lateness: Duration = .zero
    }

    /// Takes the steps due at `now` off the schedule.
    package mutating func take(now: Instant) -> Due {
        guard deadline <= now else { return Due() }
        let late = now.nanoseconds - deadline.nanoseconds
        let due = late / interval + 1
        let skipped = due - min(due, stepsOwedMaximum)
        let steps = min(due - skipped, UInt64(Self.stepsAtOnceMaximum))
        deadline = Instant(nanoseconds: deadline.nanoseconds + (skipped + steps) * interval)
        return Due(steps: Int(steps), skipped: skipped, lateness: .nanoseconds(Int64(clamping: late)))
    }
}
