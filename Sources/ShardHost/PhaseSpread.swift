internal import PylonTime

/// When the shards of one worker take their first step: those of one rate are spread over its interval, so that they do not all fire
/// together, in slots wide enough for one wake-up of the worker to serve several.
struct PhaseSpread {
    /// 1 ms: a wake-up costs as much as several small ticks, and nobody notices a millisecond.
    static let slot: Duration = .milliseconds(1)

    private struct Rate {
        /// When the first shard of this rate started; all slots are counted from there.
        let anchor: Instant
        var started: UInt64 = 0
    }

    private var rates: [TickRate: Rate] = [:]

    /// The first deadline of one more shard: `now` for the first of its rate, for others within one interval.
    mutating func firstDeadline(rate: TickRate, now: Instant) -> Instant {
        var known = rates[rate] ?? Rate(anchor: now)
        let interval = rate.interval.wholeNanoseconds
        let slots = max(1, interval / Self.slot.wholeNanoseconds)
        // Steps of the golden ratio fill the interval evenly however many there will be (Knuth, TAOCP 3, 6.4).
        let slot = (known.started &* 0x9E37_79B9_7F4A_7C15).multipliedFullWidth(by: slots).high
        known.started += 1
        rates[rate] = known
        let offset = slot * Self.slot.wholeNanoseconds
        let passed = now.nanoseconds - known.anchor.nanoseconds
        // The first time at or behind now that lies in the slot.
        let intervals = passed <= offset ? 0 : (passed - offset + interval - 1) / interval
        return Instant(nanoseconds: known.anchor.nanoseconds + offset + intervals * interval)
    }
}
