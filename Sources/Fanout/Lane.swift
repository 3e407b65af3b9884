package import PylonEventLoop
internal import PylonThreading

/// The way from one shard's worker to one loop: frames, actions and endings of all the shard's views in a single order, so that a
/// subscriber who moves from one view to another neither misses a tick nor gets one twice.
///
/// It holds at most `framesMaximum` frames of each stripe: when the loop is too slow the oldest are dropped and counted, and a
/// publisher never waits.
package final class Lane: LoopTask, @unchecked Sendable {
    // Safety: `draining` belongs to the loop's thread; what publishers touch, each stripe's `framesWaiting` included, is
    // behind `pending`.

    /// 8 frames: a burst of four caught-up steps twice over.
    package static let framesMaximum = 8

    private struct Pending {
        var items: [Item] = []
        /// Whether the loop has been asked to drain and has not begun yet.
        var isScheduled = false
    }

    /// What travels through the lane, in order.
    private enum Item {
        case frame(Frame, Stripe)
        case perform(@Sendable () -> Void)
        case end(StreamEnding, Stripe)

        func isFrame(of stripe: Stripe) -> Bool {
            if case .frame(_, let owner) = self { owner === stripe } else { false }
        }
    }

    package let loop: EventLoop
    private let pending = Lock(Pending())
    private var draining: [Item] = []

    package init(loop: EventLoop) {
        self.loop = loop
    }

    // MARK: Any thread

    /// Hands over a frame for the subscribers of `stripe`; returns whether an older one had to go for it.
    func publish(_ frame: Frame, to stripe: Stripe) -> Bool {
        let (dropped, wakes) = pending.withLock { pending in
            let isFull = stripe.framesWaiting >= Self.framesMaximum
            if isFull, let oldest = pending.items.firstIndex(where: { $0.isFrame(of: stripe) }) {
                pending.items.remove(at: oldest)
            } else {
                stripe.framesWaiting += 1
            }
            pending.items.append(.frame(frame, stripe))
            defer { pending.isScheduled = true }
            return (isFull, !pending.isScheduled)
        }
        if wakes { loop.submit(task: self) }
        return dropped
    }

    /// Runs `body` on the loop behind what was handed over so far and before what comes later. Lossless; callers are bounded by the
    /// connections there are.
    func perform(_ body: @escaping @Sendable () -> Void) {
        append(.perform(body))
    }

    /// Ends the stream of every subscriber of `stripe`.
    func end(_ ending: StreamEnding, of stripe: Stripe) {
        append(.end(ending, stripe))
    }

    private func append(_ item: sending Item) {
        let wakes = pending.withLock { pending in
            pending.items.append(item)
            defer { pending.isScheduled = true }
            return !pending.isScheduled
        }
        if wakes { loop.submit(task: self) }
    }

    // MARK: On the loop

    package func runOnLoop() {
        takePending()
        for item in draining {
            switch item {
            case .frame(let frame, let stripe): stripe.deliver(frame)
            case .perform(let body): body()
            case .end(let ending, let stripe): stripe.endAll(ending)
            }
        }
        draining.removeAll(keepingCapacity: true)
    }

    /// Moves what waits into `draining`, leaving the emptied array in its place: neither allocates once warm.
    private func takePending() {
        nonisolated(unsafe) var items: [Item] = []
        // Safety: `items` lives on this stack frame only and is swapped in and out while the lock is held.
        swap(&items, &draining)
        pending.withLock { pending in
            swap(&pending.items, &items)
            for case .frame(_, let stripe) in items {
                stripe.framesWaiting = 0
                stripe.framesDraining += 1
            }
            pending.isScheduled = false
        }
        swap(&items, &draining)
    }
}

/// One shard's lanes, one for each loop that has subscribers of it. Owned by the shard's tick worker.
package final class LaneSet {
    private var lanes: [Lane] = []

    package init() {}

    /// The lane to `loop`, made when first asked for.
    package func lane(to loop: EventLoop) -> Lane {
        if let lane = lanes.first(where: { $0.loop === loop }) { return lane }
        let lane = Lane(loop: loop)
        lanes.append(lane)
        return lane
    }
}
