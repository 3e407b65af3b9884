package import PylonEventLoop
internal import PylonThreading

/// The way from one shard's worker to one loop: frames, events, messages, actions and endings of all the shard's views in a single order, so that
/// a subscriber who moves from one view to another neither misses a tick nor gets one twice.
///
/// It holds at most `framesMaximum` frames of each stripe, and as many batches of single subscribers' states, of which all but the newest have
/// at most `stateBytesMaximum`: when the loop is too slow the oldest are dropped and counted. Events may
/// not be dropped one by one: beyond `eventBytesMaximum` all that wait go, and with them the streams of those who now miss some. A
/// publisher never waits.
package final class Lane: LoopTask, @unchecked Sendable {
    // Safety: `draining` belongs to the loop's thread; what publishers touch, each stripe's `framesWaiting` included, is
    // behind `pending`.

    /// 8 frames: a burst of four caught-up steps twice over.
    package static let framesMaximum = 8
    /// 16 MiB: a hundred thousand events of 160 bytes, for a loop that has not run for long.
    package static let eventBytesMaximum = 16 * 1024 * 1024
    /// 16 MiB of states of single subscribers: eight ticks of 4,000 subscribers who get 500 bytes each.
    package static let stateBytesMaximum = 16 * 1024 * 1024
    /// 4 MiB of messages for single connections: some 40,000 acknowledgements, for a loop that has not run for long.
    package static let messageBytesMaximum = 4 * 1024 * 1024

    private struct Pending {
        var items: [Item] = []
        /// The bytes of the messages among them.
        var messageBytes = 0
        /// The batches of single subscribers' states among them.
        var statesWaiting = 0
        /// Their bytes.
        var stateBytes = 0
        /// Whether the loop has been asked to drain and has not begun yet.
        var isScheduled = false
    }

    /// What travels through the lane, in order.
    private enum Item {
        case frame(Frame, SnapshotStripe)
        case events(EventBatch, EventStripe)
        /// Here events were dropped.
        case gap(EventStripe)
        case messages(MessageBatch)
        /// States of single subscribers.
        case states(MessageBatch)
        /// Here messages for these were dropped.
        case messageGap([MessageRecipient])
        case perform(@Sendable () -> Void)
        case end(StreamEnding, Stripe)

        func isFrame(of stripe: SnapshotStripe) -> Bool {
            if case .frame(_, let owner) = self { owner === stripe } else { false }
        }

        func isEvents(of stripe: EventStripe) -> Bool {
            if case .events(_, let owner) = self { owner === stripe } else { false }
        }
    }

    package let loop: EventLoop
    private let pending = Lock(Pending())
    private var draining: [Item] = []

    private let stateBytesMaximum: Int

    package init(loop: EventLoop, stateBytesMaximum: Int = stateBytesMaximum) {
        self.loop = loop
        self.stateBytesMaximum = stateBytesMaximum
    }

    // MARK: Any thread

    /// Hands over a frame for the subscribers of `stripe`; returns whether an older one had to go for it.
    func publish(_ frame: Frame, to stripe: SnapshotStripe) -> Bool {
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

    /// Hands over events for the subscribers of `stripe`; false when the loop is so far behind that they and those that wait had to
    /// go.
    func publish(_ batch: EventBatch, to stripe: EventStripe) -> Bool {
        let (hasRoom, wakes) = pending.withLock { pending in
            let bytes = stripe.bytesWaiting + batch.bytesCount
            let hasRoom = stripe.bytesWaiting == 0 || bytes <= Self.eventBytesMaximum
            if hasRoom {
                stripe.bytesWaiting = bytes
                pending.items.append(.events(batch, stripe))
            } else {
                stripe.bytesWaiting = 0
                pending.items.removeAll { $0.isEvents(of: stripe) }
                pending.items.append(.gap(stripe))
            }
            defer { pending.isScheduled = true }
            return (hasRoom, !pending.isScheduled)
        }
        if wakes { loop.submit(task: self) }
        return hasRoom
    }

    /// Hands over states of single subscribers; returns how many older batches had to go for them.
    func publish(states batch: MessageBatch) -> Int {
        let (dropped, wakes) = pending.withLock { pending in
            var dropped = 0
            // What is newest is always taken: each tick's batch has everybody's state, and who loses one gets the next.
            while pending.statesWaiting >= Self.framesMaximum
                || pending.stateBytes + batch.bytesCount > stateBytesMaximum, Self.dropOldestStates(of: &pending)
            {
                dropped += 1
            }
            pending.statesWaiting += 1
            pending.stateBytes += batch.bytesCount
            pending.items.append(.states(batch))
            defer { pending.isScheduled = true }
            return (dropped, !pending.isScheduled)
        }
        if wakes { loop.submit(task: self) }
        return dropped
    }

    /// False when none wait.
    private static func dropOldestStates(of pending: inout Pending) -> Bool {
        guard pending.statesWaiting > 0 else { return false }
        for index in pending.items.indices {
            guard case .states(let batch) = pending.items[index] else { continue }
            pending.items.remove(at: index)
            pending.statesWaiting -= 1
            pending.stateBytes -= batch.bytesCount
            return true
        }
        return false
    }

    /// Hands over messages for single connections; false when the loop is so far behind that they and those that wait had to go.
    func publish(_ batch: MessageBatch) -> Bool {
        let (hasRoom, wakes) = pending.withLock { pending in
            let bytes = pending.messageBytes + batch.bytesCount
            let hasRoom = pending.messageBytes == 0 || bytes <= Self.messageBytesMaximum
            if hasRoom {
                pending.messageBytes = bytes
                pending.items.append(.messages(batch))
            } else {
                pending.messageBytes = 0
                pending.items.append(.messageGap(Self.takeRecipients(of: batch, and: &pending.items)))
            }
            defer { pending.isScheduled = true }
            return (hasRoom, !pending.isScheduled)
        }
        if wakes { loop.submit(task: self) }
        return hasRoom
    }

    /// Takes the messages and gaps out of `items`; returns everyone who now misses some, each once, so that gaps do not add up.
    private static func takeRecipients(of batch: MessageBatch, and items: inout [Item]) -> [MessageRecipient] {
        var recipients = batch.recipients
        items.removeAll { item in
            switch item {
            case .messages(let batch): recipients += batch.recipients
            case .messageGap(let lost): recipients += lost
            default: return false
            }
            return true
        }
        var seen: Set<ObjectIdentifier> = []
        return recipients.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    /// Runs `body` on the loop behind what was handed over so far and before what comes later. Lossless: connections that come, and
    /// changes of view, of which a loop that hangs gathers one for each subscriber and published tick.
    package func perform(_ body: @escaping @Sendable () -> Void) {
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
        // By index, here and below: without optimisation the iterator of an array allocates.
        for index in draining.indices {
            switch draining[index] {
            case .frame(let frame, let stripe): stripe.deliver(frame)
            case .events(let batch, let stripe): stripe.deliver(batch)
            case .gap(let stripe): stripe.loseEvents()
            case .messages(let batch): batch.deliver()
            case .states(let batch): batch.deliverStates()
            case .messageGap(let recipients): for recipient in recipients { recipient.loseMessages() }
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
            for index in items.indices {
                switch items[index] {
                case .frame(_, let stripe):
                    stripe.framesWaiting = 0
                    stripe.framesDraining += 1
                case .events(_, let stripe):
                    stripe.bytesWaiting = 0
                    stripe.batchesDraining += 1
                case .gap, .messages, .messageGap, .states, .perform, .end: break
                }
            }
            pending.messageBytes = 0
            pending.statesWaiting = 0
            pending.stateBytes = 0
            pending.isScheduled = false
        }
        swap(&items, &draining)
    }
}

/// One shard's lanes, one for each loop that has subscribers of it. Owned by the shard's tick worker.
package final class LaneSet {
    private var lanes: [Lane] = []
    private let stateBytesMaximum: Int

    /// None yet; each holds so many bytes of single subscribers' states beside the newest.
    package init(stateBytesMaximum: Int = Lane.stateBytesMaximum) {
        self.stateBytesMaximum = stateBytesMaximum
    }

    /// The lane to `loop`, made when first asked for.
    package func lane(to loop: EventLoop) -> Lane {
        if let lane = lanes.first(where: { $0.loop === loop }) { return lane }
        let lane = Lane(loop: loop, stateBytesMaximum: stateBytesMaximum)
        lanes.append(lane)
        return lane
    }
}
