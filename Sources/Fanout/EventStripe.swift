package import PylonBytes
internal import PylonEventLoop
package import PylonNet
internal import PylonTelemetry
internal import PylonTime

/// The subscribers of a shard's events on one loop. Every event reaches every one of them, in order, or their stream ends and they
/// resume; what comes close together leaves in one write.
package final class EventStripe: Stripe, @unchecked Sendable {
    // Safety: `pending`, `window`, `turn`, `isFlushScheduled` and `batchesDraining` belong to the loop's thread; `bytesWaiting` is the
    // lane's, behind its lock.

    /// Bytes of this stripe that wait in the lane.
    var bytesWaiting = 0
    /// Batches of this stripe that the lane's turn still has to deliver; the loop's.
    var batchesDraining = 0
    private var pending: [EventBatch] = []
    private var window = MergeWindow()
    private var isFlushScheduled = false
    private var turn = 0

    /// Hands events to the loop. Any thread may call it; it never blocks beyond a short lock.
    package func publish(_ batch: EventBatch) {
        if !lane.publish(batch, to: self) { counters.eventGaps.add() }
    }

    // MARK: On the loop

    /// Adds a subscriber; `opening` is everything it has to have before the next event.
    package func attach(_ connection: Connection, as transport: Transports, opening: [SharedBytes]) {
        // What waits here is part of the opening already.
        flush()
        attach(connection, as: transport)
        for bytes in opening { connection.queueEvents(bytes) }
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
        webSockets.forEach { $0.loseEvents() }
        eventStreams.forEach { $0.loseEvents() }
    }

    override func endAll(_ ending: StreamEnding) {
        flush()
        super.endAll(ending)
    }

    private func flush() {
        guard !pending.isEmpty else { return }
        let start = loop.clock.now()
        turn &+= 1
        // Batches carry the forms that some loop needs, not always this one.
        if !webSockets.isEmpty { send(merged { $0.webSocket }, to: webSockets) }
        if !eventStreams.isEmpty { send(merged { $0.eventStream }, to: eventStreams) }
        pending.removeAll(keepingCapacity: true)
        window.flushed(from: start, to: loop.clock.now())
    }

    /// Everything that waits, in one buffer.
    private func merged(_ form: (EventBatch) -> SharedBytes?) -> SharedBytes? {
        let forms = pending.compactMap(form)
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
