package import PylonBytes
internal import PylonEventLoop
package import PylonNet
internal import PylonTelemetry
internal import PylonTime

/// The subscribers of a shard's events on one loop. Every event reaches every one of them, in order, or their stream ends and they
/// resume; what comes close together leaves in one write.
package final class EventStripe: Stripe, @unchecked Sendable {
    // Safety: `pending`, `newcomers`, `window`, `turn`, `isFlushScheduled` and `batchesDraining` belong to the loop's thread; `bytesWaiting` is the
    // lane's, behind its lock.

    /// Bytes of this stripe that wait in the lane.
    var bytesWaiting = 0
    /// Batches of this stripe that the lane's turn still has to deliver; the loop's.
    var batchesDraining = 0
    private var pending: [EventBatch] = []
    /// Those who came since the last flush: the first so many of `pending` are in their opening already.
    private var newcomers: [Newcomer] = []
    private var window = MergeWindow()
    private var isFlushScheduled = false
    private var turn = 0

    private struct Newcomer {
        let connection: Connection
        let transport: Transports
        let pendingSkipped: Int
    }

    /// Hands events to the loop. Any thread may call it; it never blocks beyond a short lock.
    package func publish(_ batch: EventBatch) {
        if !lane.publish(batch, to: self) { counters.eventGaps.add() }
    }

    override class var content: StripeContent { .events }

    // MARK: On the loop

    /// Adds a subscriber; `opening` is everything it has to have before the next event.
    package func attach(_ connection: Connection, as transport: Transports, opening: [SharedBytes]) {
        for index in opening.indices { connection.queueOpening(opening[index]) }
        guard !pending.isEmpty else { return attach(connection, as: transport) }
        // Not a flush for everyone: a crowd that joins one by one would make the window useless.
        newcomers.append(Newcomer(connection: connection, transport: transport, pendingSkipped: pending.count))
    }

    /// Takes a subscriber out, also one that has not got its first event yet.
    package override func remove(_ connection: Connection, from transport: Transports) {
        if let index = newcomers.firstIndex(where: { $0.connection === connection }) {
            newcomers.remove(at: index)
        } else {
            super.remove(connection, from: transport)
        }
    }

    func deliver(_ batch: EventBatch) {
        pending.append(batch)
        batchesDraining -= 1
        guard batchesDraining == 0, !isFlushScheduled else { return }
        let wait = window.wait(now: loop.clock.now())
        guard wait > .zero else { return flush() }
        isFlushScheduled = true
        loop.schedule(after: wait) { [self] in
            isFlushScheduled = false
            flush()
        }
    }

    /// Events are missing for everyone who is here: their streams end.
    func loseEvents() {
        pending.removeAll()
        for index in lists.indices { lists[index].forEach { $0.loseEvents() } }
        for newcomer in newcomers { newcomer.connection.loseEvents() }
        admitNewcomers()
    }

    /// Sends what waits to be merged: somebody is about to leave who must not miss it. On the loop.
    package func settle() { flush() }

    override func endAll(_ ending: StreamEnding) {
        flush()
        super.endAll(ending)
    }

    private func flush() {
        guard !pending.isEmpty else { return }
        let start = loop.clock.now()
        turn &+= 1
        // Batches carry the forms that some loop needs, not always this one.
        for transport in EventForms.transports where !lists[transport.listIndex].isEmpty {
            send(merged(transport), to: lists[transport.listIndex])
        }
        admitNewcomers()
        pending.removeAll(keepingCapacity: true)
        window.flushed(from: start, to: loop.clock.now())
    }

    /// Sends newcomers what came behind their opening, and takes them into the lists.
    private func admitNewcomers() {
        guard !newcomers.isEmpty else { return }
        for newcomer in newcomers {
            for batch in pending.dropFirst(newcomer.pendingSkipped) {
                if let form = batch.forms[newcomer.transport] { _ = newcomer.connection.sendEvents(form) }
            }
            attach(newcomer.connection, as: newcomer.transport)
        }
        newcomers.removeAll(keepingCapacity: true)
    }

    /// Everything that waits, in one buffer.
    private func merged(_ transport: Transports) -> SharedBytes? {
        let forms = pending.compactMap { $0.forms[transport] }
        guard forms.count > 1 else { return forms.first }
        return SharedBytes(count: forms.reduce(0) { $0 + $1.count }) { target in
            var offset = 0
            for bytes in forms {
                UnsafeMutableRawBufferPointer(rebasing: target[offset...]).copyMemory(from: bytes.unsafeBytes)
                offset += bytes.count
            }
        }
    }

    private func send(_ bytes: SharedBytes?, to subscribers: SubscriberList) {
        guard let bytes else { return }
        let sent = subscribers.walk(turn: turn) { $0.sendEvents(bytes) }
        guard sent > 0, let net = subscribers.counters else { return }
        net.eventBatchesSent.add(sent)
        net.bytesSent.add(sent * bytes.count)
    }
}
