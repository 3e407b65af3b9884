package import PylonTime

extension Replicator {
    /// Views kept for one subscriber to be hashed: of the newest hashed ticks, 64 at most, as of states that all share.
    static let viewsHashedMaximum = 64

    /// Keeps the view of a hashed tick that was just sent. It is hashed when the client says what it has, if it ever does: nothing else
    /// is to be paid at the tick.
    func keepForHash(_ sent: ReplicaSubscriber.Sent, of subscriber: ReplicaSubscriber, _ present: Present) {
        guard present.tick % hashTicks == 0 else { return }
        // Of two frames of one tick a client may have either: such a tick cannot be compared.
        guard present.tick > subscriber.hashedTickLast else { return }
        subscriber.hashedTickLast = present.tick
        while let oldest = subscriber.hashed.first,
            subscriber.hashed.count == Self.viewsHashedMaximum || present.row(at: oldest.ownedTick) == nil
        {
            pool.release(oldest.view)
            subscriber.hashed.removeFirst()
        }
        sent.view.references += 1
        subscriber.hashed.append(sent)
    }

    /// The hash of what a client has that applied the frame of `tick`; nil when that is no hashed tick, is not kept any more, or has been asked
    /// for before. `table` is the one that was packed. O(entities in view).
    package func takeHash(_ handle: Handle, of tick: Tick, from table: EntityTable) -> UInt64? {
        guard let subscriber = subscriber(handle),
            let index = subscriber.hashed.firstIndex(where: { $0.view.tick == tick.number })
        else { return nil }
        let sent = subscriber.hashed.remove(at: index)
        defer { pool.release(sent.view) }
        return hash(sent, from: table)
    }

    /// Nil when a state that the view shows is older than the history.
    private func hash(_ sent: ReplicaSubscriber.Sent, from table: EntityTable) -> UInt64? {
        guard let ownedRow = table.row(at: sent.ownedTick) else { return nil }
        var (hash, row) = (ViewHash(), ownedRow)
        let view = sent.view
        var owned = 0
        for place in 0..<view.slots.count {
            let tick = view.isComplete ? view.freshTick : view.ticks[place]
            if row.tick != tick {
                guard let other = table.row(at: tick) else { return nil }
                row = other
            }
            let slot = view.slots[place]
            let isOwned = owned < sent.owned.count && sent.owned[owned] == slot
            if isOwned { owned += 1 }
            let start = Int(slot) * layout.stride
            hash.combine(
                slot: slot, UnsafePointer(row.words + start),
                owned: isOwned ? UnsafePointer(ownedRow.words + start) : nil, layout)
        }
        return hash.value
    }
}
