/// The cells that a shape reaches, relative to the centre's, nearest first; nil when they are too many to look up.
struct ShapeCells {
    let offsets: ContiguousArray<Cell>?

    init(_ shape: Interest.Shape, _ measure: CellMeasure, cellsMaximum: Int) {
        let extent = measure.extent(of: shape)
        var cells = 1
        for reach in [extent.x, extent.y, extent.z] {
            cells *= 2 * Int(reach) + 1
            // The corners of a sphere's box count, too.
            guard cells <= cellsMaximum * 2 else {
                offsets = nil
                return
            }
        }
        var found: [(squared: Double, offset: Cell)] = []
        for x in -extent.x...extent.x {
            for y in -extent.y...extent.y {
                for z in -extent.z...extent.z {
                    let offset = Cell(x: x, y: y, z: z)
                    let reach = measure.reach(shape, offset)
                    if reach.isWithin { found.append((reach.squaredDistance, offset)) }
                }
            }
        }
        found.sort { ($0.squared, $0.offset.key) < ($1.squared, $1.offset.key) }
        offsets = found.count <= cellsMaximum ? ContiguousArray(found.map(\.offset)) : nil
    }
}

extension Replicator {
    /// The number of the group that sees what the subscriber sees; its view is made when it is the first.
    func group(of subscriber: ReplicaSubscriber, _ present: Present) -> Int {
        let interest = subscriber.interest
        let centre = centre(of: subscriber, interest, present)
        subscriber.centre = centre
        let isEverywhere = interest.shape == .everything
        let key = GroupKey(
            cell: isEverywhere ? 0 : centre.key, shape: interest.shape, teams: interest.teams, viewKey: interest.viewKey
        )
        if let known = groups[key] { return known }
        let view = pool.take(tick: present.tick)
        collectVisible(interest, centre, present, into: view)
        groupViews.append(view)
        groups[key] = groupViews.count - 1
        return groupViews.count - 1
    }

    private func centre(of subscriber: ReplicaSubscriber, _ interest: Interest, _ present: Present) -> Cell {
        switch interest.centre {
        case .position(let position):
            guard let former = subscriber.centre else { return grid.measure.cell(at: position) }
            return grid.measure.cell(at: position, from: former)
        case .entity(let id):
            return followed(id, present) ?? subscriber.centre ?? grid.measure.cell(at: Vector3(0, 0))
        }
    }

    /// The cell of an entity; its hysteresis serves the centre as well.
    private func followed(_ id: EntityID, _ present: Present) -> Cell? {
        present.words(of: id) == nil ? nil : grid.cell(ofSlot: Int(id.slot))
    }

    /// Lists the slots of all that is visible.
    private func collectVisible(_ interest: Interest, _ centre: Cell, _ present: Present, into view: SentView) {
        // Taken out meanwhile: what is within an object is looked up again for each slot.
        var visible = SlotSet()
        swap(&visible, &self.visible)
        defer { swap(&visible, &self.visible) }
        let teams = present.table.teams
        let (row, stride, maximum) = (present.row, layout.stride, limits.viewEntitiesMaximum)
        var isCut = false
        func add(_ slot: Int) -> Bool {
            guard teams[slot] & interest.teams != 0 else { return true }
            if let isVisible = present.isVisible {
                let head = EntityHead(word: row.words[slot * stride])
                let id = EntityID(slot: UInt32(slot), generation: head.generation)
                guard isVisible(id, interest.viewKey) else { return true }
            }
            guard visible.count < maximum else {
                isCut = true
                return false
            }
            visible.insert(slot)
            return true
        }
        if let offsets = cells(of: interest.shape).offsets {
            for index in 0..<offsets.count {
                guard grid.forEachSlot(in: centre + offsets[index], add) else { break }
            }
        } else {
            let measure = grid.measure
            grid.forEachSlot(where: { measure.reach(interest.shape, $0 - centre).isWithin }, add)
        }
        visible.drain(into: &view.slots)
        if isCut { counters.viewsCut += 1 }
    }

    private func cells(of shape: Interest.Shape) -> ShapeCells {
        if let known = shapes[shape] { return known }
        if shapes.count >= limits.shapesMaximum { shapes.removeAll(keepingCapacity: true) }
        let cells = ShapeCells(shape, grid.measure, cellsMaximum: limits.cellsPerViewMaximum)
        shapes[shape] = cells
        return cells
    }

    /// The view of a subscriber whose own entities are not all in its group's: that view with them. Nil when they are.
    func personalView(of subscriber: ReplicaSubscriber, owned: ContiguousArray<UInt32>, _ present: Present) -> SentView?
    {
        let shared = groupViews[subscriber.group]
        if owned.allSatisfy(shared.slots.containsRising) { return nil }
        let view = pool.take(tick: present.tick)
        var next = 0
        for place in 0..<shared.slots.count {
            let slot = shared.slots[place]
            while next < owned.count, owned[next] < slot {
                view.slots.append(owned[next])
                next += 1
            }
            if next < owned.count, owned[next] == slot { next += 1 }
            view.slots.append(slot)
        }
        view.slots.append(contentsOf: owned[next...])
        return view
    }
}
