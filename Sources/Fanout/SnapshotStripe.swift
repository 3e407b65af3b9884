package import PylonNet
internal import PylonBytes
internal import PylonTelemetry
package import PylonTime

/// The subscribers of a view's snapshots on one loop: delivering is a walk with one `send` each, and a newer frame replaces an older.
package final class SnapshotStripe: Stripe, @unchecked Sendable {
    // Safety: `turn`, `framesDraining` and `deltas` belong to the loop's thread; `framesWaiting` is the lane's, behind its lock.

    /// Frames of this stripe that wait in the lane.
    var framesWaiting = 0
    /// Frames of this stripe that the lane's turn still has to deliver; the loop's.
    var framesDraining = 0
    private var turn = 0
    private lazy var deltas = StateDeltas(on: loop, counters: counters)

    /// Hands a frame to the loop. Any thread may call it; it never blocks beyond a short lock.
    package func publish(_ frame: Frame) {
        if lane.publish(frame, to: self) { counters.laneDrops.add() }
    }

    // MARK: On the loop

    /// Adds a subscriber, its first frame included.
    package func attach(_ connection: Connection, as transport: Transports, first: Frame?) {
        attach(connection, as: transport)
        guard let first, let bytes = first.bytes(for: transport, on: loop) else { return }
        if Transports.deltas.contains(transport) { keepBase(first) }
        connection.sendFirstSnapshot(bytes)
    }

    /// Takes a subscriber out. O(1).
    package override func remove(_ connection: Connection, from transport: Transports) {
        super.remove(connection, from: transport)
        guard Transports.deltas.contains(transport), !takesDeltas else { return }
        deltas.forgetAll()
    }

    /// Notes that a subscriber has the state of `tick`, if that is one that deltas may lead from.
    package func acknowledge(_ tick: Tick, by connection: Connection) {
        guard takesDeltas, deltas.isBase(tick) else { return }
        connection.stateAcknowledged = max(connection.stateAcknowledged, tick.number + 1)
    }

    /// Sends a subscriber the whole state of now, in its turn among the others.
    package func resend(_ frame: Frame, to connection: Connection, as transport: Transports) {
        guard let bytes = frame.bytes(for: transport, on: loop) else { return }
        if Transports.deltas.contains(transport) { keepBase(frame) }
        connection.queueSnapshot(bytes)
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
        deliverDeltas(to: frame, isFollowed: isFollowed)
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

    // MARK: Deltas

    private var takesDeltas: Bool {
        !lists[Transports.webSocketV2Delta.listIndex].isEmpty
            || !lists[Transports.webSocketV2DeltaDeflated.listIndex].isEmpty
    }

    /// Clients may have this state from now on.
    private func keepBase(_ frame: Frame, isAnyAcknowledged: Bool = true) {
        guard let message = frame.stateMessage else { return }
        deltas.keep(message, frame.tick, isAnyAcknowledged: isAnyAcknowledged)
    }

    private func deliverDeltas(to frame: Frame, isFollowed: Bool) {
        guard takesDeltas else { return }
        deltas.begin()
        var oldest = Tick(.max)
        deliverDeltas(to: frame, .webSocketV2Delta, isFollowed: isFollowed, &oldest)
        deliverDeltas(to: frame, .webSocketV2DeltaDeflated, isFollowed: isFollowed, &oldest)
        let isAnyAcknowledged = oldest != Tick(.max)
        // Every client that has any of the states has that one or a later.
        if isAnyAcknowledged { deltas.forget(before: oldest) }
        keepBase(frame, isAnyAcknowledged: isAnyAcknowledged)
    }

    /// What one walk adds up to.
    private struct Sums {
        var sent = 0
        var sentBytes = 0
        var deltas = 0
        var savedBytes = 0
    }

    /// Sends everyone what changed since the state they have, or the whole; `oldest` becomes the oldest of those.
    private func deliverDeltas(
        to frame: Frame, _ transport: Transports, isFollowed: Bool, _ oldest: inout Tick
    ) {
        let list = lists[transport.listIndex]
        guard !list.isEmpty, let net = list.counters else { return }
        var sums = Sums()
        _ = list.walk(turn: turn) { connection in
            guard let bytes = bytes(of: frame, for: connection, transport, &oldest, &sums) else { return false }
            if isFollowed {
                connection.queueSnapshot(bytes)
            } else if connection.sendSnapshot(bytes) {
                sums.sent += 1
                sums.sentBytes += bytes.count
            }
            return true
        }
        net.snapshotsSent.add(sums.sent)
        net.bytesSent.add(sums.sentBytes)
        counters.deltasSent.add(sums.deltas)
        counters.deltaBytesSaved.add(sums.savedBytes)
        if sums.deltas > 0 { deltas.noteSent() }
    }

    /// The shorter of what changed since the state that the client has and the whole.
    private func bytes(
        of frame: Frame, for connection: Connection, _ transport: Transports, _ oldest: inout Tick,
        _ sums: inout Sums
    ) -> SharedBytes? {
        guard connection.stateAcknowledged > 0, let state = frame.stateMessage else {
            return frame.bytes(for: transport, on: loop)
        }
        let base = Tick(connection.stateAcknowledged - 1)
        oldest = min(oldest, base)
        guard let delta = deltas.message(to: state, frame.tick, from: base) else {
            return frame.bytes(for: transport, on: loop)
        }
        // Compressing takes longer than finding what changed, and never makes so little of JSON.
        if delta.count > state.count / Self.compressionMaximum, let whole = frame.bytes(for: transport, on: loop),
            whole.count <= delta.count
        {
            return whole
        }
        sums.deltas += 1
        sums.savedBytes += state.count - delta.count
        return delta
    }

    /// A state of JSON has at least a tenth of its length when it is compressed.
    private static let compressionMaximum = 10
}
