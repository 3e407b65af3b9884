internal import PylonBytes
internal import PylonTime

extension Replicator {
    /// Packs and hands over one subscriber's frame, and remembers what it then has.
    func send(to subscriber: ReplicaSubscriber, _ present: Present, _ deliver: (ReplicaFrame) -> Bool) {
        let base = usableBase(of: subscriber, present)
        if base == nil, present.tick < subscriber.keyframeTickNext { return }
        let owned = owned(by: subscriber, present)
        let personal = owned.isEmpty ? nil : personalView(of: subscriber, owned: owned, present)
        let target = personal ?? groupViews[subscriber.group]
        defer { if let personal { pool.release(personal) } }
        packOwned(owned, in: target, from: base, present)

        let bytes = (subscriber.bytesPerFrame ?? limits.bytesPerFrame).map { min($0, limits.frameBytesMaximum) }
        let byteLimit = max(0, (bytes ?? limits.frameBytesMaximum) - ownedBytes.count)
        var packed = sharedBody(to: target, from: base?.view, present)
        var view = target
        var own: SentView?
        if packed == nil || packed.map({ $0.bytes.count > byteLimit }) == true {
            let result = packAlone(for: subscriber, owned, to: target, from: base?.view, present, byteLimit: byteLimit)
            packed = result.body
            view = result.view
            own = result.view
        } else {
            subscriber.pendingSlots.removeAll(keepingCapacity: true)
            subscriber.pendingPriorities.removeAll(keepingCapacity: true)
        }
        defer { if let own { pool.release(own) } }
        guard let body = packed else { return }
        let isUnchanged = body.isEmpty && base != nil && ownedBytes.isEmpty && view.isComplete
        let wasSent = ownedBytes.withUnsafeBytes { ownedBytes in
            deliver(
                ReplicaFrame(
                    tick: Tick(present.tick), baseAge: base.map { present.tick - $0.view.tick } ?? 0, body: body.bytes,
                    owned: ownedBytes, isUnchanged: isUnchanged))
        }
        if isUnchanged, let base {
            base.view.refresh(at: present.tick)
            subscriber.base?.ownedTick = present.tick
        }
        if wasSent { record(view, owned, to: subscriber, isKeyframe: base == nil, bytes: body.bytes.count, present) }
    }

    /// The newest view that the client has, if it can still serve: its slots mean the same entities, and its states are known.
    private func usableBase(of subscriber: ReplicaSubscriber, _ present: Present) -> ReplicaSubscriber.Sent? {
        guard let base = subscriber.base, present.tick - base.view.freshTick < UInt64(present.table.historyTicks)
        else { return nil }
        return base
    }

    private func record(
        _ view: SentView, _ owned: ContiguousArray<UInt32>, to subscriber: ReplicaSubscriber, isKeyframe: Bool,
        bytes: Int,
        _ present: Present
    ) {
        counters.framesSent += 1
        counters.bytesSent += UInt64(bytes + ownedBytes.count)
        counters.entitiesShown += UInt64(view.slots.count)
        if isKeyframe {
            counters.keyframesSent += 1
            subscriber.keyframeTickNext = present.tick + subscriber.keyframeSpacing
            subscriber.keyframeSpacing = min(subscriber.keyframeSpacing * 2, UInt64(present.table.historyTicks))
        }
        if subscriber.inFlight.count == limits.viewsInFlightMaximum {
            pool.release(subscriber.inFlight.removeFirst().view)
            counters.viewsForgotten += 1
        }
        view.references += 1
        let sent = ReplicaSubscriber.Sent(view: view, owned: owned, ownedTick: present.tick)
        subscriber.inFlight.append(sent)
        if hashTicks > 0 { keepForHash(sent, of: subscriber, present) }
    }

    // MARK: Bodies for all

    /// The body that leads everybody with the view `base` to `target`; nil when `base` is incomplete and thus nobody else's.
    private func sharedBody(to target: SentView, from base: SentView?, _ present: Present) -> BodyTable.Body? {
        if let base, !base.isComplete { return nil }
        let serial = base?.serial ?? 0
        if let known = bodies.body(to: target.serial, from: serial) { return known }
        merge.compare(base, target)
        writer.reset()
        merge.writeLeaves(to: &writer)
        var changes = 0
        if let base, !merge.kept.isEmpty {
            guard let baseRow = present.row(at: base.freshTick) else { return nil }
            changes = writeChanges(from: baseRow, present)
        }
        writer.append(number: merge.enters.count)
        var next = 0
        for place in 0..<merge.enters.count {
            let slot = merge.enters[place]
            writer.append(number: Int(slot) - next)
            cache.append(cache.state(Int(slot), present.row), to: &writer)
            next = Int(slot) + 1
        }
        counters.bodiesPacked += 1
        return bodies.insert(
            writer, isEmpty: changes == 0 && merge.leaves.isEmpty && merge.enters.isEmpty, to: target.serial,
            from: serial)
    }

    /// Writes what changed of all that stays since one tick. Returns how many changed.
    private func writeChanges(from base: HistoryRow, _ present: Present) -> Int {
        let ticks = present.table.openTicks
        var changes = 0
        var next = 0
        for place in 0..<merge.kept.count {
            let slot = Int(merge.kept[place])
            if ticks[slot] <= base.tick { continue }
            let record = cache.change(slot, from: base, to: present.row)
            if record.length == 0 { continue }
            writer.append(number: place - next)
            cache.append(record, to: &writer)
            next = place + 1
            changes += 1
        }
        // Reaching the end says it by itself.
        if next < merge.kept.count { writer.append(number: merge.kept.count - next) }
        return changes
    }
}
