package import PylonSimulation
package import PylonTime

/// Sends entities to subscribers: who sees what, what of it is news to whom, and that once for all who see the same.
///
/// For each subscriber it knows the views that were sent and which of them the client has confirmed. A frame leads from the newest
/// confirmed one to the present and stands alone, so frames may be lost, late or doubled. It belongs to the shard's worker.
package final class Replicator {
    /// A subscriber of this replicator.
    package struct Handle: Hashable, Sendable {
        let index: Int32
        let serial: UInt32
    }

    /// Groups of subscribers that see the same at this tick.
    struct GroupKey: Hashable {
        let cell: UInt64
        let shape: Interest.Shape
        let teams: UInt32
        let viewKey: UInt32
    }

    package let limits: ReplicationLimits
    package internal(set) var counters = ReplicationCounters()
    /// Subscribers there are.
    package private(set) var count = 0

    /// Views of every so many ticks are kept to be hashed; 0 is none.
    let hashTicks: UInt64
    let layout: EntityLayout
    let packer: EntityPacker
    let grid: CellGrid
    var subscribers: ContiguousArray<ReplicaSubscriber?> = []
    private var freeIndices: ContiguousArray<Int32> = []
    private var serial: UInt32 = 0

    // Of a tick; kept for their memory.
    var groups: [GroupKey: Int] = [:]
    var groupViews: ContiguousArray<SentView> = []
    var visible = SlotSet()
    var shapes: [Interest.Shape: ShapeCells] = [:]
    var pool = SentViewPool()
    var cache: RecordCache
    var bodies = BodyTable()
    var writer = BitWriter()
    var ownedWriter = BitWriter()
    var ownedBytes: ContiguousArray<UInt8> = []
    var merge = ViewMerge()
    var selection = Selection()

    /// Nobody yet. With `hashTicks` above 0 the views of every so many ticks can be asked for their hash.
    package init(schema: ComponentSchema, limits: ReplicationLimits = ReplicationLimits(), hashTicks: UInt64 = 0) {
        if let problem = limits.problem { preconditionFailure("the limits of a world's entities: \(problem)") }
        self.limits = limits
        self.hashTicks = hashTicks
        layout = EntityLayout(schema)
        packer = EntityPacker(layout: layout)
        cache = RecordCache(packer)
        grid = CellGrid(measure: CellMeasure(schema: schema, size: limits.cellSize, margin: limits.cellMargin))
    }

    // MARK: Subscribers

    /// Adds a subscriber, who gets the owner-only fields of `owner`; nil when there are as many as there may be. The next frame it gets is a keyframe.
    package func add(_ owner: SubscriberID?, interest: Interest, bytesPerFrame: Int? = nil) -> Handle? {
        guard count < limits.subscribersMaximum else { return nil }
        serial &+= 1
        let subscriber = ReplicaSubscriber(owner: owner, serial: serial, interest: interest)
        subscriber.bytesPerFrame = bytesPerFrame
        let index = freeIndices.popLast() ?? Int32(subscribers.count)
        if Int(index) == subscribers.count {
            subscribers.append(subscriber)
        } else {
            subscribers[Int(index)] = subscriber
        }
        count += 1
        return Handle(index: index, serial: serial)
    }

    /// Forgets a subscriber.
    package func remove(_ handle: Handle) {
        guard let subscriber = subscriber(handle) else { return }
        forgetViews(of: subscriber)
        subscribers[Int(handle.index)] = nil
        freeIndices.append(handle.index)
        count -= 1
    }

    /// Changes what a subscriber wants to see, from the next frame on.
    package func setInterest(_ handle: Handle, _ interest: Interest) {
        subscriber(handle)?.interest = interest
    }

    /// Changes how many bytes a subscriber's frames may have; nil is what the limits say.
    package func setBytesPerFrame(_ handle: Handle, _ bytes: Int?) {
        subscriber(handle)?.bytesPerFrame = bytes
    }

    /// The client has the view of `tick`. Ticks that were not sent, or are older than what it confirmed before, mean nothing.
    package func acknowledge(_ handle: Handle, _ tick: Tick) {
        guard let subscriber = subscriber(handle) else { return }
        guard let index = subscriber.inFlight.firstIndex(where: { $0.view.tick == tick.number }) else {
            counters.acknowledgementsIgnored += 1
            return
        }
        if let base = subscriber.base { pool.release(base.view) }
        subscriber.base = subscriber.inFlight[index]
        for older in subscriber.inFlight[..<index] { pool.release(older.view) }
        subscriber.inFlight.removeSubrange(...index)
        subscriber.keyframeSpacing = 1
        subscriber.keyframeTickNext = 0
    }

    /// The client has lost what it had, or was cut off: the next frame is a keyframe, and what was sent before means nothing any more.
    ///
    /// A request is cheap and its answer is not: whoever passes requests on limits their rate.
    package func requestKeyframe(_ handle: Handle) {
        guard let subscriber = subscriber(handle) else { return }
        forgetViews(of: subscriber)
        subscriber.keyframeSpacing = 1
        subscriber.keyframeTickNext = 0
    }

    private func forgetViews(of subscriber: ReplicaSubscriber) {
        if let base = subscriber.base.take() { pool.release(base.view) }
        for sent in subscriber.inFlight { pool.release(sent.view) }
        subscriber.inFlight.removeAll(keepingCapacity: true)
        for sent in subscriber.hashed { pool.release(sent.view) }
        subscriber.hashed.removeAll(keepingCapacity: true)
        subscriber.pendingSlots.removeAll(keepingCapacity: true)
        subscriber.pendingPriorities.removeAll(keepingCapacity: true)
    }

    func subscriber(_ handle: Handle) -> ReplicaSubscriber? {
        guard subscribers.indices.contains(Int(handle.index)), let found = subscribers[Int(handle.index)],
            found.serial == handle.serial
        else { return nil }
        return found
    }

    /// The newest view sent to a subscriber: each slot, and the tick of the state that it shows. For tests: a client that applied
    /// that frame shows exactly this.
    package func newestView(_ handle: Handle) -> (tick: Tick, entities: [(slot: UInt32, tick: Tick)])? {
        guard let view = subscriber(handle)?.inFlight.last?.view else { return nil }
        let entities = view.slots.indices.map { place in
            (view.slots[place], Tick(view.isComplete ? view.freshTick : view.ticks[place]))
        }
        return (Tick(view.tick), entities)
    }

    /// Whether the newest view sent to a subscriber lacks nothing. For tests.
    package func isComplete(_ handle: Handle) -> Bool {
        guard let subscriber = subscriber(handle), let view = subscriber.inFlight.last?.view else { return false }
        return view.isComplete && subscriber.pendingSlots.isEmpty
    }

    // MARK: A tick

    /// Packs the newest tick of `table` for every subscriber, or those that `isMeant` names, and hands each its frame, in a fixed order.
    ///
    /// `isVisible` is asked for each entity and group after the teams allowed it; nil is yes. `deliver` says whether it sent the
    /// frame: one that was not sent is as if it had never been. A subscriber that waits for its keyframe to be acknowledged gets none.
    package func encode(
        _ table: EntityTable, isVisible: ((EntityID, _ viewKey: UInt32) -> Bool)? = nil,
        where isMeant: ((Handle) -> Bool)? = nil, deliver: (Handle, ReplicaFrame) -> Bool
    ) {
        guard let tick = table.tick, let row = table.row(at: tick.number) else { return }
        precondition(table.schema == layout.schema, "a table of another schema")
        let present = Present(table: table, row: row, isVisible: isVisible)
        grid.follow(table, row)
        cache.begin(slotLimit: table.slotEnd)
        visible.reserve(table.slotEnd)
        for (index, subscriber) in subscribers.enumerated() {
            guard let subscriber else { continue }
            subscriber.isMeant = isMeant?(Handle(index: Int32(index), serial: subscriber.serial)) ?? true
            if subscriber.isMeant { subscriber.group = group(of: subscriber, present) }
        }
        for (index, subscriber) in subscribers.enumerated() {
            guard let subscriber, subscriber.isMeant else { continue }
            let handle = Handle(index: Int32(index), serial: subscriber.serial)
            send(to: subscriber, present) { deliver(handle, $0) }
        }
        for view in groupViews { pool.release(view) }
        groupViews.removeAll(keepingCapacity: true)
        groups.removeAll(keepingCapacity: true)
        bodies.removeAll()
    }

    /// What is packed at this tick. An object, as it goes everywhere: copies of a table count references to all its parts.
    final class Present {
        let table: EntityTable
        let row: HistoryRow
        let isVisible: ((EntityID, UInt32) -> Bool)?

        init(table: EntityTable, row: HistoryRow, isVisible: ((EntityID, UInt32) -> Bool)?) {
            self.table = table
            self.row = row
            self.isVisible = isVisible
        }

        var tick: UInt64 { row.tick }

        /// The state at an earlier tick, if it is still known.
        @inline(__always)
        func row(at tick: UInt64) -> HistoryRow? { table.row(at: tick) }

        /// The words of a slot.
        @inline(__always)
        func words(ofSlot slot: UInt32) -> UnsafePointer<UInt32> {
            UnsafePointer(row.words + Int(slot) * table.layout.stride)
        }

        /// The words of an entity; nil when it is not there.
        func words(of id: EntityID) -> UnsafePointer<UInt32>? {
            guard Int(id.slot) < table.slotEnd else { return nil }
            let words = words(ofSlot: id.slot)
            let head = EntityHead(word: words[0])
            return head.isAlive && head.generation == id.generation ? words : nil
        }
    }
}
