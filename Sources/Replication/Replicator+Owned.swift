extension Replicator {
    /// The slots of what a subscriber owns, as far as they are sent.
    func owned(by subscriber: ReplicaSubscriber, _ present: Present) -> ContiguousArray<UInt32> {
        guard let owner = subscriber.owner else { return [] }
        let slots = present.table.slots(ownedBy: owner)
        guard slots.count > limits.ownedEntitiesMaximum else { return slots }
        return ContiguousArray(slots.prefix(limits.ownedEntitiesMaximum))
    }

    /// Packs the owner-only fields into ``ownedBytes``: nothing when the client has them, else what changed, or everything when it owns
    /// other entities than in the view it has.
    func packOwned(
        _ owned: ContiguousArray<UInt32>, in target: SentView, from base: ReplicaSubscriber.Sent?, _ present: Present
    ) {
        ownedBytes.removeAll(keepingCapacity: true)
        if owned.isEmpty && base?.owned.isEmpty ?? true { return }
        ownedWriter.reset()
        if let base, let row = present.row(at: base.ownedTick), hasSame(base.owned, owned, target) {
            guard writeOwnedChanges(owned, from: row, present) else { return }
        } else {
            ownedWriter.append(0, 1)
            ownedWriter.append(number: owned.count)
            var next = 0
            for slot in owned {
                ownedWriter.append(number: Int(slot) - next)
                packer.appendOwnedState(present.words(ofSlot: slot), to: &ownedWriter)
                next = Int(slot) + 1
            }
        }
        ownedBytes.append(contentsOf: repeatElement(0, count: ownedWriter.byteCount))
        ownedBytes.withUnsafeMutableBytes { ownedWriter.copy(to: $0) }
    }

    /// Whether what was owned and is still in view is what is owned now.
    private func hasSame(
        _ former: ContiguousArray<UInt32>, _ owned: ContiguousArray<UInt32>, _ target: SentView
    ) -> Bool {
        var next = 0
        for slot in former {
            if next < owned.count, owned[next] == slot {
                next += 1
            } else if target.slots.containsRising(slot) {
                return false
            }
        }
        return next == owned.count
    }

    /// Writes which owned entities changed and how; false when none did.
    private func writeOwnedChanges(
        _ owned: ContiguousArray<UInt32>, from row: HistoryRow, _ present: Present
    ) -> Bool {
        var hasChanges = false
        ownedWriter.append(1, 1)
        for slot in owned {
            let (base, now) = (row.words + Int(slot) * layout.stride, present.words(ofSlot: slot))
            guard present.table.ownedTicks[Int(slot)] > row.tick, packer.differsForOwner(base, now) else {
                ownedWriter.append(0, 1)
                continue
            }
            ownedWriter.append(1, 1)
            packer.appendOwnedChange(from: base, to: now, out: &ownedWriter)
            hasChanges = true
        }
        return hasChanges
    }
}
