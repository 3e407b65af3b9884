package import PylonEventLoop
package import PylonNet
internal import PylonBytes
internal import PylonTelemetry
internal import PylonThreading

/// The subscribers that one hub has on one loop, and the lane through which frames reach them.
///
/// The lane holds at most `laneFramesMaximum` frames: when the loop is too slow the oldest are dropped and counted, so a publisher
/// never waits. The subscriber lists are dense arrays that only the loop touches: delivering is a walk with one `send` each.
package final class Stripe: LoopTask, @unchecked Sendable {
    // Safety: `webSockets`, `eventStreams`, `turn` and `draining` belong to the loop's thread (`assertOnLoop`); what publishers
    // touch is behind `lane`.

    /// 8 frames: a burst of four caught-up steps twice over.
    package static let laneFramesMaximum = 8

    private struct Lane {
        var items: [Item] = []
        var framesCount = 0
        /// Whether the loop has been asked to drain and has not begun yet.
        var isScheduled = false
    }

    /// What travels through the lane, in order.
    private enum Item {
        case frame(Frame)
        case perform(@Sendable () -> Void)
        case end(StreamEnding)

        var isFrame: Bool {
            if case .frame = self { true } else { false }
        }
    }

    package let loop: EventLoop
    private let counters: FanoutCounters
    private let lane = Lock(Lane())
    private var webSockets: ContiguousArray<Unmanaged<Connection>> = []
    private var eventStreams: ContiguousArray<Unmanaged<Connection>> = []
    private var draining: [Item] = []
    private var turn = 0

    package init(loop: EventLoop, counters: FanoutCounters) {
        self.loop = loop
        self.counters = counters
    }

    // MARK: Any thread

    /// Hands a frame to the loop. Never blocks beyond a short lock.
    package func publish(_ frame: Frame) {
        let (dropped, wakes) = lane.withLock { lane in
            let isFull = lane.framesCount >= Self.laneFramesMaximum
            if isFull, let oldest = lane.items.firstIndex(where: \.isFrame) {
                lane.items.remove(at: oldest)
            } else {
                lane.framesCount += 1
            }
            lane.items.append(.frame(frame))
            defer { lane.isScheduled = true }
            return (isFull, !lane.isScheduled)
        }
        if dropped { counters.laneDrops.add() }
        if wakes { loop.submit(task: self) }
    }

    /// Runs `body` on the loop behind the frames published so far and before those published later: how a newcomer gets every
    /// frame after its first. Lossless; callers are bounded by the connections there are.
    package func perform(_ body: @escaping @Sendable () -> Void) {
        append(.perform(body))
    }

    /// Ends the stream of every subscriber, behind the frames published so far.
    package func end(_ ending: StreamEnding) {
        append(.end(ending))
    }

    private func append(_ item: sending Item) {
        let wakes = lane.withLock { lane in
            lane.items.append(item)
            defer { lane.isScheduled = true }
            return !lane.isScheduled
        }
        if wakes { loop.submit(task: self) }
    }

    // MARK: On the loop

    package func runOnLoop() {
        takePending()
        for (index, item) in draining.enumerated() {
            switch item {
            case .frame(let frame):
                deliver(frame, isFollowed: index + 1 < draining.count && draining[index + 1].isFrame)
            case .perform(let body): body()
            case .end(let ending): endAll(ending)
            }
        }
        draining.removeAll(keepingCapacity: true)
    }

    /// Moves what the lane holds into `draining`, leaving the lane the emptied array: neither allocates once warm.
    private func takePending() {
        nonisolated(unsafe) var items: [Item] = []
        // Safety: `items` lives on this stack frame only and is swapped in and out while the lock is held.
        swap(&items, &draining)
        lane.withLock { lane in
            swap(&lane.items, &items)
            lane.framesCount = 0
            lane.isScheduled = false
        }
        swap(&items, &draining)
    }

    /// Adds a subscriber, its first frame included. The connection must be removed before it is closed.
    package func attach(_ connection: Connection, as transport: Transports, first: Frame?) {
        loop.assertOnLoop()
        if transport == .webSocket {
            connection.stripeIndex = webSockets.count
            webSockets.append(.passUnretained(connection))
        } else {
            connection.stripeIndex = eventStreams.count
            eventStreams.append(.passUnretained(connection))
        }
        if let bytes = first?.bytes(for: transport), connection.sendSnapshot(bytes) {
            count(sent: 1, bytes: bytes.count, on: connection)
        }
    }

    /// Takes a subscriber out. O(1): the last one takes its place.
    package func remove(_ connection: Connection, from transport: Transports) {
        loop.assertOnLoop()
        let index = connection.stripeIndex
        precondition(index >= 0, "removing a connection that is not attached")
        connection.stripeIndex = -1
        if transport == .webSocket {
            Self.swapRemove(index, from: &webSockets)
        } else {
            Self.swapRemove(index, from: &eventStreams)
        }
    }

    private static func swapRemove(_ index: Int, from list: inout ContiguousArray<Unmanaged<Connection>>) {
        let last = list.removeLast()
        guard index < list.count else { return }
        list[index] = last
        last._withUnsafeGuaranteedRef { $0.stripeIndex = index }
    }

    /// A frame that another follows in the same turn is only queued: a loop that has fallen behind catches up with one write per
    /// subscriber, not with one per frame.
    private func deliver(_ frame: Frame, isFollowed: Bool) {
        turn &+= 1
        if let bytes = frame.webSocket { isFollowed ? queue(webSockets, bytes) : walk(webSockets, bytes) }
        if let bytes = frame.eventStream { isFollowed ? queue(eventStreams, bytes) : walk(eventStreams, bytes) }
    }

    private func queue(_ subscribers: ContiguousArray<Unmanaged<Connection>>, _ bytes: SharedBytes) {
        for subscriber in subscribers {
            subscriber._withUnsafeGuaranteedRef { $0.queueSnapshot(bytes) }
        }
    }

    /// Sends to everyone, beginning each time with another subscriber so that the last is not always last.
    ///
    /// Nothing in here allocates, locks, hashes or closes: a broken connection is closed at the end of the turn.
    private func walk(_ subscribers: ContiguousArray<Unmanaged<Connection>>, _ bytes: SharedBytes) {
        let count = subscribers.count
        guard count > 0 else { return }
        var sent = 0
        subscribers.withUnsafeBufferPointer { list in
            var index = turn % count
            for _ in 0..<count {
                sent &+= list[index]._withUnsafeGuaranteedRef { $0.sendSnapshot(bytes) ? 1 : 0 }
                index &+= 1
                if index == count { index = 0 }
            }
        }
        guard sent > 0, let first = subscribers.first else { return }
        first._withUnsafeGuaranteedRef { self.count(sent: sent, bytes: bytes.count, on: $0) }
    }

    private func count(sent: Int, bytes: Int, on connection: Connection) {
        connection.counters.snapshotsSent.add(sent)
        connection.counters.bytesSent.add(sent * bytes)
    }

    private func endAll(_ ending: StreamEnding) {
        // Ending a stream may remove its connection from the lists.
        for subscriber in Array(webSockets) + Array(eventStreams) {
            let connection = subscriber.takeUnretainedValue()
            (connection.handler as? StreamHandler)?.end(ending, on: connection)
        }
    }
}
