/// What a subscriber's client shows once it has applied the frame of a tick: which entities, each as it was at some tick.
///
/// Shared by reference: all who got the same view hold the same object, so one body serves them all next time.
final class SentView {
    /// Tells views apart, even those that use an object again.
    var serial: UInt64 = 0
    /// The tick by which the wire calls it.
    var tick: UInt64 = 0
    /// Entities listed without a tick of their own are as they were at this tick.
    var freshTick: UInt64 = 0
    /// Rising.
    var slots: ContiguousArray<UInt32> = []
    /// The tick of each slot's state; empty when all are of ``freshTick``.
    var ticks: ContiguousArray<UInt64> = []
    /// How many hold it. At 0 it goes back to its pool.
    var references = 0

    var isComplete: Bool { ticks.isEmpty }

    /// Everything in it was found to be as it is at `tick`: it is as good as a new view.
    func refresh(at tick: UInt64) {
        freshTick = max(freshTick, tick)
        ticks.removeAll(keepingCapacity: true)
    }
}

/// Views that are used again, so that a tick makes none once all subscribers are there.
struct SentViewPool {
    private var free: ContiguousArray<SentView> = []
    private var serial: UInt64 = 0

    /// An empty view that its caller holds.
    mutating func take(tick: UInt64) -> SentView {
        let view = free.popLast() ?? SentView()
        serial += 1
        view.serial = serial
        view.tick = tick
        view.freshTick = tick
        view.slots.removeAll(keepingCapacity: true)
        view.ticks.removeAll(keepingCapacity: true)
        view.references = 1
        return view
    }

    /// Lets go of a view.
    mutating func release(_ view: SentView) {
        view.references -= 1
        if view.references == 0 { free.append(view) }
    }
}
