internal import Glibc
internal import PylonBytes

/// What waits for a client that does not keep up, in the order in which it goes out: the rest of what the kernel took in part, then
/// lossless bytes (which the connection holds, for they are common), events, snapshots, and the farewell.
///
/// A connection makes one when it first falls behind, and keeps it: from then on falling behind allocates nothing.
final class Backlog {
    /// Buffers handed to the kernel in one call. Merging more gains nothing measurable: 32 frames cost at most twice one.
    static let vectorsMaximum = 32

    fileprivate enum Kind {
        case events, snapshot, farewell
    }

    /// What the kernel took only a part of, and how much.
    private var partial: SharedBytes?
    private var partialSent = 0
    private var partialKind = Kind.snapshot
    private(set) var events = EventQueue()
    private(set) var snapshots = SnapshotRing()
    private var farewell: SharedBytes?

    var isEmpty: Bool { partial == nil && events.isEmpty && snapshots.isEmpty && farewell == nil }

    /// The number of snapshots waiting, one partly sent included.
    var snapshotsWaiting: Int { snapshots.count + (partial != nil && partialKind == .snapshot ? 1 : 0) }

    /// The bytes of events that wait, without one partly sent.
    var eventBytesWaiting: Int { events.bytesCount }

    // MARK: Filling

    /// Keeps the rest of what the kernel took `sent` bytes of.
    func begin(with bytes: SharedBytes, sent: Int, isEvent: Bool) {
        assert(isEmpty, "sent past what waits")
        partial = bytes
        partialSent = sent
        partialKind = isEvent ? .events : .snapshot
    }

    /// Appends a snapshot; returns how many older ones had to go for it.
    func append(snapshot: SharedBytes) -> Int { snapshots.append(snapshot) }

    /// Appends events; false when they are over the budget.
    func append(events batch: SharedBytes) -> Bool { events.append(batch) }

    /// Appends the last bytes there will ever be.
    func append(farewell bytes: SharedBytes) { farewell = bytes }

    /// Appends a part of what an event stream opens with.
    func append(opening bytes: SharedBytes) { events.append(opening: bytes) }

    /// Moves the events that wait behind the lossless bytes and drops the snapshots; returns how many those were.
    func conclude(into outgoing: inout ByteBuffer) -> Int {
        while !events.isEmpty { outgoing.append(events.removeFirst().unsafeBytes) }
        let dropped = snapshots.count
        while !snapshots.isEmpty { snapshots.removeFirst() }
        return dropped
    }

    // MARK: Sending

    /// What one call to the kernel came to.
    struct Progress {
        var snapshots = 0
        var eventBatches = 0

        fileprivate mutating func count(_ kind: Kind) {
            switch kind {
            case .events: eventBatches += 1
            case .snapshot: snapshots += 1
            case .farewell: break
            }
        }
    }

    /// Fills `vectors` with what waits, `bytes` in their place; returns how many were filled and their length together.
    func gather(
        _ bytes: UnsafeRawBufferPointer, into vectors: UnsafeMutableBufferPointer<iovec>
    ) -> (used: Int, total: Int) {
        var target = Vectors(places: vectors)
        if let partial { target.add(UnsafeRawBufferPointer(rebasing: partial.unsafeBytes[partialSent...])) }
        target.add(bytes)
        for index in 0..<min(events.count, vectors.count) { target.add(events[index].unsafeBytes) }
        for index in 0..<snapshots.count { target.add(snapshots[index].unsafeBytes) }
        if let farewell { target.add(farewell.unsafeBytes) }
        return (target.used, target.total)
    }

    /// Places for the kernel to read from, filled one after the other.
    private struct Vectors {
        let places: UnsafeMutableBufferPointer<iovec>
        var used = 0
        var total = 0

        mutating func add(_ bytes: UnsafeRawBufferPointer) {
            guard used < places.count, !bytes.isEmpty else { return }
            places[used] = iovec(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            used += 1
            total += bytes.count
        }
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
            progress.count(partialKind)
        }
        let bytes = min(sent, outgoing.count)
        outgoing.consume(bytes)
        sent -= bytes
        while sent > 0 {
            let (next, kind) = takeNext()
            guard sent >= next.count else {
                partial = next
                partialSent = sent
                partialKind = kind
                break
            }
            sent -= next.count
            progress.count(kind)
        }
        return progress
    }

    private func takeNext() -> (SharedBytes, Kind) {
        if !events.isEmpty { return (events.removeFirst(), .events) }
        if !snapshots.isEmpty { return (snapshots.removeFirst(), .snapshot) }
        guard let farewell else { preconditionFailure("the kernel took more than there was") }
        self.farewell = nil
        return (farewell, .farewell)
    }
}
