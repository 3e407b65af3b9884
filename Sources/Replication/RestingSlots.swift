internal import PylonBytes

/// Slots whose entity is gone, first in first out, until no view can still mean that entity.
struct RestingSlots: Sendable {
    private struct Rest: Sendable {
        let slot: UInt32
        /// The first tick at which the entity was gone; of those freed since the last commit a guess.
        var since: UInt64
    }

    private var slots = Deque<Rest>()
    /// Those at the end that were freed since the last commit.
    private var unsettled = 0

    /// Lets a slot rest.
    mutating func append(_ slot: UInt32, since tick: UInt64) {
        slots.append(Rest(slot: slot, since: tick))
        unsettled += 1
    }

    /// What was freed since the last commit was first gone at `tick`.
    mutating func settle(at tick: UInt64) {
        for index in (slots.count - unsettled)..<slots.count { slots[index].since = tick }
        unsettled = 0
    }

    /// The slot that rests longest, if an entity that shows at `tick` may have it: more than `rest` ticks behind the last that showed
    /// the former one.
    mutating func takeFirst(freedBefore tick: UInt64, rest: UInt64) -> UInt32? {
        guard let first = slots.first, slots.count > unsettled, tick > first.since + rest else { return nil }
        slots.removeFirst()
        return first.slot
    }
}
