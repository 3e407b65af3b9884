internal import Glibc
internal import PylonBytes

/// What waits for a client that does not keep up, in the order in which it goes out: the rest of what the kernel took in part, then
/// lossless bytes (which the connection holds, for they are common), events, snapshots, and the farewell.
///
/// A connection makes one when it first falls behind, and keeps it: from then on falling behind allocates nothing.
final class Backlog {
    /// Buffers handed to the kernel in one call. Merging more gains nothing measurable: 32 frames cost at most twice one.
    static let vectorsMaximum = 32

    /// What the kernel took only a part of, and how much.
    private var partial: SharedBytes?
    private var partialSent = 0
    private var partialIsEvent = false
    private(set) var events = EventQueue()
    private(set) var snapshots = SnapshotRing()
    private var farewell: SharedBytes?

    var isEmpty: Bool { partial == nil && events.isEmpty && snapshots.isEmpty && farewell == nil }

    /// The number of snapshots waiting, one partly sent included.
    var snapshotsWaiting: Int { snapshots.count + (partial == nil || partialIsEvent ? 0 : 1) }

    // MARK: Filling

    /// Keeps the rest of what the kernel took `sent` bytes of.
    func begin(with bytes: SharedBytes, sent: Int, isEvent: Bool) {
        assert(isEmpty, "sent past what waits")
        partial = bytes
        partialSent = sent
        partialIsEvent = isEvent
    }

    /// Appends a snapshot; returns how many older ones had to go for it.
    func append(snapshot: SharedBytes) -> Int { snapshots.append(snapshot) }

    /// Appends events; false when they are over the budget.
    func append(events batch: SharedBytes) -> Bool { events.append(batch) }

    /// Appends the last bytes there will ever be.
    func append(farewell bytes: SharedBytes) { farewell = bytes }

    /// Forgets the events of which nothing has been sent yet.
    func dropEvents() { events.removeAll() }

    // MARK: Sending

    /// What one call to the kernel came to.
    struct Progress {
        var snapshots = 0
        var eventBatches = 0
    }

    /// Fills `vectors` with what waits, `bytes` in their place; returns how many were filled and their length together.
    func gather(
        _ bytes: UnsafeRawBufferPointer, into vectors: UnsafeMutableBufferPointer<iovec>
    ) -> (used: Int, total: Int) {
        var used = 0
        var total = 0
        func add(_ bytes: UnsafeRawBufferPointer) {
            guard used < vectors.count, !bytes.isEmpty else { return }
            vectors[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            used += 1
            total += bytes.count
        }
        if let partial { add(UnsafeRawBufferPointer(rebasing: partial.unsafeBytes[partialSent...])) }
        add(bytes)
        for index in 0..<min(events.count, vectors.count) { add(events[index].unsafeBytes) }
        for index in 0..<snapshots.count { add(snapshots[index].unsafeBytes) }
        if let farewell { add(farewell.unsafeBytes) }
        return (used, total)
    }

    /// Takes off the `sent` bytes that the kernel took, `outgoing` being those in between.
    func take(_ sent: Int, _ outgoing: inout ByteBuffer) -> Progress {
        var sent = sent
        var progress = Progress()
        if let partial {
            let part = min(sent, partial.count - partialSent)
            partialSent += part
            sent -= part
            guard partialSent == partial.count else { return progress }
            self.partial = nil
            if partialIsEvent { progress.eventBatches += 1 } else { progress.snapshots += 1 }
        }
        let bytes = min(sent, outgoing.count)
        outgoing.consume(bytes)
        sent -= bytes
        while sent > 0 {
            let isEvent = !events.isEmpty
            guard isEvent || !snapshots.isEmpty else {
                takeFarewell(sent)
                break
            }
            let next = isEvent ? events.removeFirst() : snapshots.removeFirst()
            guard sent >= next.count else {
                partial = next
                partialSent = sent
                partialIsEvent = isEvent
                break
            }
            sent -= next.count
            if isEvent { progress.eventBatches += 1 } else { progress.snapshots += 1 }
        }
        return progress
    }

    private func takeFarewell(_ sent: Int) {
        guard let farewell else { preconditionFailure("the kernel took more than there was") }
        self.farewell = nil
        guard sent < farewell.count else { return }
        partial = farewell
        partialSent = sent
        partialIsEvent = true
    }
}
