internal import CSystem
internal import Glibc
internal import PylonThreading
internal import Synchronization

/// Work handed to a loop again and again by the same object, so that handing it over allocates nothing.
package protocol LoopTask: AnyObject, Sendable {
    /// Runs on the loop's thread, once for each time it was submitted.
    func runOnLoop()
}

/// What other threads hand to a loop, in order, with one wake-up for as much as comes between two turns.
///
/// Unbounded by itself: whoever submits bounds what it has outstanding (a lane holds eight frames, a request one answer).
final class Inbox: Sendable, Wakeable {
    enum Item {
        case closure(@Sendable () -> Void)
        case task(any LoopTask)
        /// A stretch of a task that prefers the loop as its executor.
        case job(UnownedJob)
    }

    let wakeDescriptor: Int32
    private let items = Lock<[Item]>([])
    /// True from the first submission until the loop starts draining: one eventfd write a turn. Acquire/release pairs `submit`
    /// with `drain`; the items themselves travel under the lock. Cleared only after the descriptor has been read: a write that
    /// comes in between would be swallowed, and then nobody would write another.
    private let isAwake = Atomic<Bool>(false)

    init() throws(SystemError) {
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        guard wakeDescriptor >= 0 else { throw SystemError("eventfd", number: errno) }
    }

    deinit {
        close(wakeDescriptor)
    }

    /// Hands over an item and wakes the loop.
    func submit(_ item: Item) {
        add(item)
        wake()
    }

    /// Hands over an item of the loop's own thread, which is awake.
    func add(_ item: Item) {
        items.withLock { $0.append(item) }
    }

    /// Whether nothing waits.
    var isEmpty: Bool { items.withLock { $0.isEmpty } }

    func wake() {
        guard !isAwake.exchange(true, ordering: .acquiringAndReleasing) else { return }
        WakeUps.request(self)
    }

    func wakeNow() {
        var one: UInt64 = 1
        // The counter cannot overflow: it is reset each turn. A failed write would mean a full counter, hence a wake-up.
        _ = write(wakeDescriptor, &one, 8)
    }

    /// Takes the wake-up off the descriptor once the poller has reported it; it would report it for ever otherwise.
    func acknowledgeWake() {
        var counter: UInt64 = 0
        _ = read(wakeDescriptor, &counter, 8)
    }

    /// Moves everything submitted so far into `batch`, which is empty and keeps its capacity from turn to turn.
    func drain(into batch: inout [Item]) {
        _ = isAwake.exchange(false, ordering: .acquiringAndReleasing)
        // Nothing but the swap happens under the lock.
        swapContents(with: &batch)
    }

    private func swapContents(with batch: inout [Item]) {
        nonisolated(unsafe) var other: [Item] = []
        // Safety: `other` lives on this stack frame only and is moved in and out while the lock is held.
        swap(&other, &batch)
        items.withLock { swap(&$0, &other) }
        swap(&other, &batch)
    }
}
