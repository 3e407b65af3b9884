internal import CSystem
internal import Glibc
package import PylonBytes
public import PylonEventLoop
internal import PylonTelemetry
package import PylonTime

/// An accepted socket: reads for its handler, and writes in three classes.
///
/// *Bytes* (`write`) are lossless and ordered: handshakes, responses, control frames. *Events* (`sendEvents`) are lossless and ordered
/// too, but shared with other connections and bounded: over the budget the handler is told and has to end the stream. *Snapshots*
/// (`sendSnapshot`) are state that a newer one replaces: when the client is slow the oldest unsent are dropped, never one partly
/// written. Bytes overtake waiting events, and those overtake waiting snapshots. All of it belongs to the connection's loop. An
/// idle connection holds no buffer.
public final class Connection: Channel {
    /// Data waited this long without the peer taking any of it: the connection is closed and counted.
    package static let stallMaximum: Duration = .seconds(30)
    /// From the decision to end to the last byte: whoever takes longer, however steadily, is cut off and counted as stalled.
    package static let finishMaximum: Duration = .seconds(300)
    /// After the last byte is sent, how long to wait for the peer to close first, so that a reset does not overtake it.
    package static let lingerMaximum: Duration = .seconds(2)
    /// 16 KiB: a first snapshot up to this size is copied behind the handshake, a larger one shared.
    package static let firstSnapshotCopyMaximum = 16 * 1024
    /// More lossless bytes than this waiting: the peer's own input is left unread until they are gone.
    package static let bytesWaitingHighWatermark = 256 * 1024
    /// More than 512 KiB of lossless bytes, for a message that nobody asked for: the client is too slow. Twice the watermark, so that
    /// answers to the client's own input alone never come to it.
    package static let messageBytesMaximum = 512 * 1024

    /// The other end's address; loopback for one on a Unix socket.
    package let peer: IPAddress
    /// Whether the other end is on a Unix socket of this host.
    package let isLocal: Bool
    package let counters: NetCounters
    /// What this connection counts against until it is closed.
    private let cap: AddressCap
    package private(set) var handler: ConnectionHandler
    /// Where this connection stands in the lists of a stripe of snapshots and of one of events, since it may follow both; -1 when in
    /// none. Owned by the stripe.
    package var snapshotIndex: Int32 = -1
    package var eventIndex: Int32 = -1
    /// The newest state that the client is known to have, and one more, so that 0 is none. Owned by whoever streams states to it.
    package var stateAcknowledged: UInt64 = 0

    private enum Phase {
        case open
        /// Nothing more is accepted for writing; closes when everything has been sent.
        case finishing
        /// Our side is shut down; waiting for the peer's.
        case lingering
        case closed
    }

    private var phase = Phase.open
    /// True when nothing waits and the socket took everything last time: the one check on the way of a snapshot.
    private var canSendDirectly = true
    private var flushRequested = false
    private var readPauses = 0
    /// Whether the peer has said that it will send nothing more.
    package private(set) var peerHasFinished = false
    /// A send failed for good while the connection could not be closed at once.
    private var isBroken = false
    private var unread = ByteBuffer()
    var outgoing = ByteBuffer()
    /// What the client was too slow for; nil until it first was.
    var backlog: Backlog?
    /// Events had to be left out: the handler has to end the stream.
    package private(set) var hasLostEvents = false
    private var handlerDeadline = Instant.distantFuture
    private var stallDeadline = Instant.distantFuture
    private var finishDeadline = Instant.distantFuture

    /// Takes over an accepted descriptor that `cap` has let in. `peer` is nil on a Unix socket.
    init(descriptor: Int32, loop: EventLoop, peer: IPAddress?, cap: AddressCap, counters: NetCounters) {
        self.peer = peer ?? .v4(0x7F00_0001)
        isLocal = peer == nil
        self.cap = cap
        self.counters = counters
        handler = ConnectionHandler()
        super.init(descriptor: descriptor, loop: loop)
    }

    func start(handler: ConnectionHandler) throws(SystemError) {
        self.handler = handler
        try loop.register(self, for: [.readable, .peerFinished])
        counters.open.add(1)
    }

    /// False once the connection is closed or about to be: writes are ignored.
    package var isOpen: Bool { phase == .open }

    /// The operating system's user at the other end of a Unix socket, as it was when it connected; nil over TCP.
    package var peerUserID: UInt32? {
        guard isLocal, phase != .closed else { return nil }
        var user: UInt32 = 0
        return csystem_peer_user(descriptor, &user) == 0 ? user : nil
    }

    /// The number of snapshots waiting, one partly sent included.
    package var snapshotsWaiting: Int { backlog?.snapshotsWaiting ?? 0 }

    /// The bytes of events waiting, without what is partly sent.
    package var eventBytesWaiting: Int { backlog?.eventBytesWaiting ?? 0 }

    /// The number of lossless bytes waiting.
    package var bytesWaiting: Int { outgoing.count }

    // MARK: Protocol

    /// Hands the connection to another protocol; the old handler gets no further call. Bytes already here are offered to the new
    /// one at the end of the turn.
    package func replaceHandler(_ next: ConnectionHandler) {
        handler = next
        handlerDeadline = .distantFuture
        armDeadline()
        requestFlush()
    }

    /// Calls the handler's `deadlinePassed` at `deadline`; replaces the one set before.
    package func setDeadline(_ deadline: Instant) {
        handlerDeadline = deadline
        armDeadline()
    }

    /// Leaves incoming bytes to the kernel until as many calls of `resumeReading` have come.
    ///
    /// The kernel is told when it reports that there are some: most pauses are over before.
    package func pauseReading() {
        readPauses += 1
    }

    /// Whether incoming bytes are being left to the kernel.
    package var isReadingPaused: Bool { readPauses > 0 }

    /// Undoes one `pauseReading`. What had been read but not consumed is offered again at the end of the turn.
    package func resumeReading() {
        precondition(readPauses > 0, "resumed reading more often than paused")
        readPauses -= 1
        guard readPauses == 0 else { return }
        if !interest.contains(.readable) { updateInterest() }
        if !unread.isEmpty { requestFlush() }
    }

    // MARK: Writing

    /// Appends lossless bytes; they leave at the end of the turn, together with whatever else the turn adds.
    package func write(_ encode: (inout ByteBuffer) -> Void) {
        guard phase == .open else { return }
        encode(&outgoing)
        guard !outgoing.isEmpty else { return }
        canSendDirectly = false
        requestFlush()
    }

    /// Sends a snapshot at once if nothing waits, else queues it, dropping the oldest that wait. Returns whether it left whole.
    @inline(__always)
    package func sendSnapshot(_ snapshot: SharedBytes) -> Bool {
        guard canSendDirectly else {
            queue(snapshot)
            return false
        }
        return sendNow(snapshot, isEvent: false)
    }

    /// Sends a snapshot for this client alone; it is copied only when it cannot leave at once. Returns whether it left whole.
    package func sendSnapshot(copying bytes: UnsafeRawBufferPointer) -> Bool {
        guard canSendDirectly else { return sendSnapshot(SharedBytes(bytes)) }
        let sent = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if sent < bytes.count { sentInPart(SharedBytes(bytes), sent, isEvent: false) }
        return sent == bytes.count
    }

    /// Sends the first snapshot of a stream, in one write with the handshake where that has not left yet.
    package func sendFirstSnapshot(_ snapshot: SharedBytes) {
        if canSendDirectly {
            guard sendSnapshot(snapshot) else { return }
            counters.bytesSent.add(snapshot.count)
        } else if backlog == nil, phase == .open, snapshot.count <= Self.firstSnapshotCopyMaximum {
            // Copied: whoever only connects and keeps up never needs a backlog.
            outgoing.append(snapshot.unsafeBytes)
        } else {
            return queue(snapshot)
        }
        counters.snapshotsSent.add()
    }

    /// Queues a snapshot that others follow at once: all of them leave in one write at the end of the turn.
    package func queueSnapshot(_ snapshot: SharedBytes) {
        queue(snapshot)
        awaitFlush()
    }

    /// Sends events at once if nothing waits, else queues them. Returns whether they left whole.
    ///
    /// When the client is so slow that they are over its budget they are left out, and at the end of the turn the handler's
    /// `eventsLost` ends the stream.
    @inline(__always)
    package func sendEvents(_ batch: SharedBytes) -> Bool {
        guard canSendDirectly else {
            queueEvents(batch)
            return false
        }
        return sendNow(batch, isEvent: true)
    }

    /// Sends a message for this client alone; it leaves at the end of the turn, in front of the events and snapshots that wait.
    ///
    /// When the client is so slow that it is over the budget it is left out, and the handler's `eventsLost` ends the stream.
    package func sendMessage(_ bytes: UnsafeRawBufferPointer) {
        guard !hasLostEvents else { return }
        guard outgoing.count + bytes.count <= Self.messageBytesMaximum else { return loseEvents() }
        write { $0.append(bytes) }
    }

    private func queueEvents(_ batch: SharedBytes) {
        guard phase == .open, !hasLostEvents else { return }
        guard madeBacklog().append(events: batch) else { return loseEvents() }
        awaitFlush()
    }

    /// Queues a part of what an event stream opens with; others follow at once.
    package func queueOpening(_ bytes: SharedBytes) {
        guard phase == .open, !hasLostEvents else { return }
        madeBacklog().append(opening: bytes)
        awaitFlush()
    }

    private func awaitFlush() {
        guard canSendDirectly else { return }
        canSendDirectly = false
        requestFlush()
    }

    /// Leaves events out: the handler's `eventsLost` ends the stream at the end of the turn.
    package func loseEvents() {
        guard phase == .open, !hasLostEvents else { return }
        hasLostEvents = true
        // Nothing may be sent behind the gap, not even in this turn.
        canSendDirectly = false
        counters.eventStreamsOverrun.add()
        requestFlush()
    }

    @inline(__always)
    private func sendNow(_ shared: SharedBytes, isEvent: Bool) -> Bool {
        let bytes = shared.unsafeBytes
        let sent = send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        if sent == bytes.count { return true }
        sentInPart(shared, sent, isEvent: isEvent)
        return false
    }

    /// Sends what waits, then `farewell`, then closes our side and waits briefly for the peer's. All of it has to be gone within
    /// `finishMaximum`; the handler's own deadline no longer counts.
    package func finish(_ farewell: (inout ByteBuffer) -> Void = { _ in }) {
        guard phase == .open else { return }
        phase = .finishing
        handlerDeadline = .distantFuture
        finishDeadline = loop.now + Self.finishMaximum
        armDeadline()
        // The farewell comes after what waits, the one case in which bytes do not overtake the rest.
        if let backlog, !backlog.isEmpty {
            var last = ByteBuffer()
            farewell(&last)
            if !last.isEmpty { last.withUnsafeBytes { backlog.append(farewell: SharedBytes($0)) } }
        } else {
            farewell(&outgoing)
        }
        canSendDirectly = false
        requestFlush()
    }

    /// Closes at once; what waits is lost. Safe to call at any time and more than once.
    package func close() {
        guard phase != .closed else { return }
        phase = .closed
        canSendDirectly = false
        loop.deregister(self)
        _ = Glibc.close(descriptor)
        counters.open.add(-1)
        cap.release(isLocal ? nil : peer)
        unread.releaseMemory()
        outgoing.releaseMemory()
        backlog = nil
        // Let go of: handlers hold subscriptions, and those the connection.
        let last = handler
        handler = ConnectionHandler()
        last.closed(on: self)
    }

    // MARK: Events

    public override func ready(_ events: ReadyEvents) {
        if events.contains(.failed) || events.contains(.hungUp) {
            // Both directions are down: what the kernel still holds to read could only ask for answers nobody gets.
            return close()
        }
        if events.contains(.writable) { writeWaiting() }
        guard phase != .closed else { return }
        guard events.contains(.readable) || events.contains(.peerFinished) else { return }
        if readPauses == 0 { read() } else { updateInterest() }
    }

    public override func deadlinePassed() {
        guard phase != .closed else { return }
        if stallDeadline <= loop.now || finishDeadline <= loop.now {
            if phase != .lingering { counters.stalled.add() }
            return close()
        }
        if handlerDeadline <= loop.now {
            handlerDeadline = .distantFuture
            handler.deadlinePassed(on: self)
        }
        if phase != .closed { armDeadline() }
    }

    public override func flush() {
        flushRequested = false
        guard phase != .closed else { return }
        if isBroken { return close() }
        if phase == .open, hasLostEvents { handler.eventsLost(on: self) }
        if phase == .open, readPauses == 0, !unread.isEmpty { deliverUnread() }
        guard phase != .closed, !canSendDirectly else { return }
        // An armed EPOLLOUT says when there is room again; trying before would be a wasted call.
        if !interest.contains(.writable) { writeWaiting() }
    }

    // MARK: Reading

    private func read() {
        let buffer = loop.readBuffer
        switch systemCall({ recv(descriptor, buffer.baseAddress, buffer.count, 0) }) {
        case .wouldBlock: return
        case .failed: return close()
        case .processed(0):
            peerHasFinished = true
            updateInterest()
            if phase == .open { handler.peerFinished(on: self) } else { close() }
        case .processed(let length):
            counters.bytesReceived.add(length)
            guard phase == .open else { return }
            let bytes = UnsafeMutableRawBufferPointer(rebasing: buffer[..<length])
            if unread.isEmpty {
                let consumed = handler.received(bytes, on: self)
                if consumed < length, phase == .open {
                    unread.append(UnsafeRawBufferPointer(rebasing: bytes[consumed...]))
                }
            } else {
                unread.append(UnsafeRawBufferPointer(bytes))
                deliverUnread()
            }
        }
    }

    private func deliverUnread() {
        // Taken out while the handler looks at it: the handler may close the connection, which frees `unread`.
        var taken = ByteBuffer()
        swap(&taken, &unread)
        let consumed = taken.withUnsafeMutableBytes { handler.received($0, on: self) }
        guard phase == .open, consumed < taken.count else { return }
        taken.consume(consumed)
        swap(&taken, &unread)
    }

    private func updateInterest() {
        guard phase != .closed else { return }
        var interest: ReadyEvents = []
        if !peerHasFinished, readPauses == 0 { interest.formUnion([.readable, .peerFinished]) }
        if self.interest.contains(.writable) { interest.insert(.writable) }
        loop.update(self, for: interest)
    }

    // MARK: Sending

    private func requestFlush() {
        guard !flushRequested, phase != .closed else { return }
        flushRequested = true
        loop.requestFlush(self)
    }

    @inline(never)
    private func queue(_ snapshot: SharedBytes) {
        guard phase == .open else { return }
        let dropped = madeBacklog().append(snapshot: snapshot)
        if dropped > 0 { counters.snapshotsDropped.add(dropped) }
    }

    private func madeBacklog() -> Backlog {
        if let backlog { return backlog }
        let made = Backlog()
        backlog = made
        return made
    }

    @inline(never)
    private func sentInPart(_ shared: SharedBytes, _ sent: Int, isEvent: Bool) {
        canSendDirectly = false
        if sent < 0 {
            let number = errno
            guard number == EAGAIN || number == EINTR else {
                // The list this is called from is being walked, so closing waits for the end of the turn.
                isBroken = true
                return requestFlush()
            }
            if isEvent { queueEvents(shared) } else { queue(shared) }
        } else {
            counters.bytesSent.add(sent)
            madeBacklog().begin(with: shared, sent: sent, isEvent: isEvent)
        }
        awaitWritable()
    }

    /// Writes what waits, as much as the kernel takes.
    private func writeWaiting() {
        while true {
            if outgoing.isEmpty, backlog?.isEmpty ?? true { return allSent() }
            let (result, total) = gatherAndSend()
            switch result {
            case .wouldBlock: return awaitWritable()
            case .failed: return close()
            case .processed(let sent):
                counters.bytesSent.add(sent)
                if sent > 0, stallDeadline != .distantFuture {
                    stallDeadline = .distantFuture
                    armDeadline()
                }
                account(for: sent)
                if sent < total { return awaitWritable() }
            }
        }
    }

    private func gatherAndSend() -> (SystemResult, total: Int) {
        guard let backlog else {
            return outgoing.withUnsafeBytes { bytes in
                (systemCall { send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) }, bytes.count)
            }
        }
        return withUnsafeTemporaryAllocation(of: iovec.self, capacity: Backlog.vectorsMaximum) { vectors in
            outgoing.withUnsafeBytes { bytes in
                let (used, total) = backlog.gather(bytes, into: vectors)
                var message = msghdr()
                message.msg_iov = vectors.baseAddress
                message.msg_iovlen = used
                return (systemCall { sendmsg(descriptor, &message, Int32(MSG_NOSIGNAL)) }, total)
            }
        }
    }

    private func account(for sent: Int) {
        if let backlog {
            let progress = backlog.take(sent, &outgoing)
            if progress.snapshots > 0 { counters.snapshotsSent.add(progress.snapshots) }
            if progress.eventBatches > 0 { counters.eventBatchesSent.add(progress.eventBatches) }
        } else {
            outgoing.consume(sent)
        }
        if outgoing.isEmpty { outgoing.releaseMemory() }
    }

    private func awaitWritable() {
        loop.update(self, for: interest.union(.writable))
        if stallDeadline == .distantFuture {
            stallDeadline = loop.now + Self.stallMaximum
            armDeadline()
        }
    }

    private func allSent() {
        if interest.contains(.writable) { loop.update(self, for: interest.subtracting(.writable)) }
        if stallDeadline != .distantFuture, phase != .lingering {
            stallDeadline = .distantFuture
            armDeadline()
        }
        switch phase {
        case .open:
            canSendDirectly = true
            handler.drained(on: self)
        case .finishing: linger()
        case .lingering, .closed: break
        }
    }

    private func linger() {
        guard !peerHasFinished else { return close() }
        phase = .lingering
        shutdown(descriptor, Int32(SHUT_WR))
        unread.releaseMemory()
        readPauses = 0
        updateInterest()
        stallDeadline = loop.now + Self.lingerMaximum
        handlerDeadline = .distantFuture
        armDeadline()
    }

    private func armDeadline() {
        guard phase != .closed else { return }
        loop.setDeadline(min(handlerDeadline, stallDeadline, finishDeadline), for: self)
    }
}
