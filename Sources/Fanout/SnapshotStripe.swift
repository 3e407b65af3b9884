package import PylonNet
internal import PylonBytes
internal import PylonTelemetry

/// The subscribers of a view's snapshots on one loop: delivering is a walk with one `send` each, and a newer frame replaces an older.
package final class SnapshotStripe: Stripe, @unchecked Sendable {
    // Safety: `turn` and `framesDraining` belong to the loop's thread; `framesWaiting` is the lane's, behind its lock.

    /// Frames of this stripe that wait in the lane.
    var framesWaiting = 0
    /// Frames of this stripe that the lane's turn still has to deliver; the loop's.
    var framesDraining = 0
    private var turn = 0

    /// Hands a frame to the loop. Any thread may call it; it never blocks beyond a short lock.
    package func publish(_ frame: Frame) {
        if lane.publish(frame, to: self) { counters.laneDrops.add() }
    }

    // MARK: On the loop

    /// Adds a subscriber, its first frame included.
    package func attach(_ connection: Connection, as transport: Transports, first: Frame?) {
        attach(connection, as: transport)
        if let bytes = first?.bytes(for: transport, on: loop) { connection.sendFirstSnapshot(bytes) }
    }

    /// A frame that another follows in the same turn is only queued: a loop that has fallen behind catches up with one write per
    /// subscriber, not with one per frame.
    func deliver(_ frame: Frame) {
        turn &+= 1
        framesDraining -= 1
        let isFollowed = framesDraining > 0
        deliver(frame, to: .webSocket, isFollowed: isFollowed)
        deliver(frame, to: .eventStream, isFollowed: isFollowed)
        deliver(frame, to: .webSocketV2, isFollowed: isFollowed)
        deliver(frame, to: .eventStreamV2, isFollowed: isFollowed)
        // Last: compressing takes its time, and the others need not wait for it.
        deliver(frame, to: .webSocketDeflated, isFollowed: isFollowed)
        deliver(frame, to: .webSocketV2Deflated, isFollowed: isFollowed)
    }

    private func deliver(_ frame: Frame, to transport: Transports, isFollowed: Bool) {
        let index = transport.listIndex
        guard !lists[index].isEmpty, let bytes = frame.bytes(for: transport, on: loop) else { return }
        if isFollowed {
            lists[index].forEach { $0.queueSnapshot(bytes) }
        } else {
            send(bytes, to: lists[index])
        }
    }

    private func send(_ bytes: SharedBytes, to subscribers: SubscriberList) {
        let sent = subscribers.walk(turn: turn) { $0.sendSnapshot(bytes) }
        guard sent > 0, let net = subscribers.counters else { return }
        net.snapshotsSent.add(sent)
        net.bytesSent.add(sent * bytes.count)
    }
}
