internal import PylonBytes

extension Replicator {
    /// A body for one subscriber: as much as fits, the most urgent first, and the view that it leads to, which the caller holds.
    ///
    /// What leaves and what the subscriber owns is in it even if nothing else fits.
    func packAlone(
        for subscriber: ReplicaSubscriber, _ owned: ContiguousArray<UInt32>, to target: SentView, from base: SentView?,
        _ present: Present, byteLimit: Int
    ) -> (view: SentView, body: BodyTable.Body) {
        merge.compare(base, target)
        selection.begin(subscriber, slotLimit: present.table.slotEnd)
        collectCandidates(for: subscriber, owned, present)
        let leaveBits = 10 * merge.leaves.count
        selection.choose(bits: byteLimit * 8 - leaveBits - 30)
        while true {
            writeChosen(present)
            let overflow = writer.count - byteLimit * 8
            // What was chosen was priced by guess.
            guard overflow > 0, selection.giveUp(bits: overflow) else { break }
        }
        counters.bodiesPacked += 1
        let starved = selection.finish(subscriber)
        counters.entitiesStarved += UInt64(starved)
        let isEmpty = selection.candidates.isEmpty && merge.leaves.isEmpty
        let body = BodyTable.Body(bytes: bodies.bytes(of: writer), isEmpty: isEmpty)
        if selection.isEverything {
            target.references += 1
            return (target, body)
        }
        return (chosenView(present), body)
    }

    /// Everything that is news to the subscriber, with its price and urgency.
    private func collectCandidates(
        for subscriber: ReplicaSubscriber, _ owned: ContiguousArray<UInt32>, _ present: Present
    ) {
        let focus = focus(of: subscriber, present)
        let ticks = present.table.openTicks
        let size = grid.measure.size
        func nearness(_ slot: UInt32) -> Double {
            guard let focus else { return 1 }
            let distance = layout.position(present.words(ofSlot: slot)).squaredDistance(to: focus).squareRoot()
            return 1 / (1 + distance / size)
        }
        for place in 0..<merge.kept.count where ticks[Int(merge.kept[place])] > merge.keptTicks[place] {
            let slot = merge.kept[place]
            let age = Double(present.tick - merge.keptTicks[place])
            var record = cache.state(Int(slot), present.row)
            if let row = present.row(at: merge.keptTicks[place]) {
                record = cache.change(Int(slot), from: row, to: present.row)
                if record.length == 0 { continue }
            }
            // A guess of what its gap takes.
            let urgency = Double(record.weight) * (1 + age / 8) * nearness(slot)
            selection.add(
                slot: slot, place: place, isEntering: false, bits: Int(record.length) + 4,
                urgency: owned.containsRising(slot) ? .infinity : urgency)
        }
        for place in 0..<merge.enters.count {
            let slot = merge.enters[place]
            let record = cache.state(Int(slot), present.row)
            selection.add(
                slot: slot, place: place, isEntering: true, bits: Int(record.length) + 10,
                urgency: owned.containsRising(slot) ? .infinity : 2 * Double(record.weight) * nearness(slot))
        }
    }

    /// Where the subscriber looks; nil when nothing is nearer than anything else.
    private func focus(of subscriber: ReplicaSubscriber, _ present: Present) -> Vector3? {
        if subscriber.interest.shape == .everything { return nil }
        switch subscriber.interest.centre {
        case .position(let position): return position
        case .entity(let id): return present.words(of: id).map { layout.position($0) }
        }
    }

    private func writeChosen(_ present: Present) {
        writer.reset()
        merge.writeLeaves(to: &writer)
        var next = 0
        var whole = 0
        for index in 0..<selection.candidates.count where selection.candidates[index].isSelected {
            let candidate = selection.candidates[index]
            guard !candidate.isEntering, let row = present.row(at: merge.keptTicks[candidate.place]) else {
                whole += 1
                continue
            }
            writer.append(number: candidate.place - next)
            cache.append(cache.change(Int(candidate.slot), from: row, to: present.row), to: &writer)
            next = candidate.place + 1
        }
        if next < merge.kept.count { writer.append(number: merge.kept.count - next) }
        writer.append(number: whole)
        forEachWhole(present) { slot, last in
            writer.append(number: Int(slot) - last)
            cache.append(cache.state(Int(slot), present.row), to: &writer)
        }
    }

    /// The chosen slots that are sent whole, rising: those that enter, and those whose former state is no longer known. With each the
    /// least slot it could have been.
    private func forEachWhole(_ present: Present, _ body: (_ slot: UInt32, _ least: Int) -> Void) {
        let (entering, end) = (selection.keptCount, selection.candidates.count)
        var (old, new) = (0, entering)
        var next = 0
        func isWhole(_ index: Int) -> Bool {
            let candidate = selection.candidates[index]
            guard candidate.isSelected else { return false }
            return candidate.isEntering || present.row(at: merge.keptTicks[candidate.place]) == nil
        }
        while true {
            while old < entering, !isWhole(old) { old += 1 }
            while new < end, !isWhole(new) { new += 1 }
            guard old < entering || new < end else { return }
            let takesOld =
                new == end
                || (old < entering && selection.candidates[old].slot < selection.candidates[new].slot)
            let slot = selection.candidates[takesOld ? old : new].slot
            body(slot, next)
            next = Int(slot) + 1
            if takesOld { old += 1 } else { new += 1 }
        }
    }

    /// The view after what was chosen: the rest stays as it was, or away.
    private func chosenView(_ present: Present) -> SentView {
        let view = pool.take(tick: present.tick)
        let candidates = selection.candidates
        let entering = selection.keptCount
        var (old, new) = (0, entering)
        func takeEntering(below limit: UInt32) {
            while new < candidates.count, candidates[new].slot < limit {
                if candidates[new].isSelected {
                    view.slots.append(candidates[new].slot)
                    view.ticks.append(present.tick)
                }
                new += 1
            }
        }
        for place in 0..<merge.kept.count {
            let slot = merge.kept[place]
            takeEntering(below: slot)
            var tick = present.tick
            if old < entering, candidates[old].place == place {
                if !candidates[old].isSelected { tick = merge.keptTicks[place] }
                old += 1
            }
            view.slots.append(slot)
            view.ticks.append(tick)
        }
        takeEntering(below: .max)
        return view
    }
}
