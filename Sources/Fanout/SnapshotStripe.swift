package import PylonEventLoop
package import PylonNet
internal import PylonBytes
internal import PylonTelemetry

/// The subscribers that one hub has on one loop. The lists are dense arrays that only the loop touches: delivering is a walk with
/// one `send` each.
package final class Stripe: @unchecked Sendable {
    // Safety: `webSockets`, `eventStreams`, `turn` and `framesDraining` belong to the loop's thread (`assertOnLoop`); `framesWaiting` is the
    // lane's, behind its lock.

    package let lane: Lane
    /// Frames of this stripe that wait in the lane.
    var framesWaiting = 0
    /// Frames of this stripe that the lane's turn still has to deliver; the loop's.
    var framesDraining = 0
    private let counters: FanoutCounters
    private var webSockets: ContiguousArray<Unmanaged<Connection>> = []
    private var eventStreams: ContiguousArray<Unmanaged<Connection>> = []
    private var turn = 0

    /// A stripe without subscribers whose frames travel through `lane`.
    package init(lane: Lane, counters: FanoutCounters) {
        self.lane = lane
        self.counters = counters
    }

    /// The loop that its subscribers belong to.
    package var loop: EventLoop { lane.loop }

    // MARK: Any thread

    /// Hands a frame to the loop. Never blocks beyond a short lock.
    package func publish(_ frame: Frame) {
        if lane.publish(frame, to: self) { counters.laneDrops.add() }
    }

    /// Runs `body` on the loop behind the frames published so far and before those published later: how a newcomer gets every
    /// frame after its first. Lossless; callers are bounded by the connections there are.
    package func perform(_ body: @escaping @Sendable () -> Void) {
        lane.perform(body)
    }

    /// Ends the stream of every subscriber, behind the frames published so far.
    package func end(_ ending: StreamEnding) {
        lane.end(ending, of: self)
    }

    // MARK: On the loop

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
    func deliver(_ frame: Frame) {
        turn &+= 1
        framesDraining -= 1
        let isFollowed = framesDraining > 0
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

    func endAll(_ ending: StreamEnding) {
        // Ending a stream may remove its connection from the lists.
        for subscriber in Array(webSockets) + Array(eventStreams) {
            let connection = subscriber.takeUnretainedValue()
            (connection.handler as? StreamHandler)?.end(ending, on: connection)
        }
    }
}
