public import PylonTime

/// The client's side: applies frames, keeps the views they may be packed against, says what came, changed and went.
///
/// After a frame was applied, acknowledge its tick. Whatever the bytes are, it neither traps nor holds more than its limits; a frame that
/// is refused changes nothing.
public final class ReplicaDecoder {
    /// What a decoder holds at most.
    public struct Limits: Hashable, Sendable {
        /// Entities in view.
        public var entitiesMaximum = 65_536
        /// Views kept besides the one that the server packs against; as many as a server remembers.
        public var viewsMaximum = 32

        public init() {}
    }

    /// What became of a frame.
    public enum Outcome: Hashable, Sendable {
        /// It is the present now: acknowledge it.
        case applied
        /// It is not newer than the present and was passed over.
        case stale
        /// It is packed against a view that is not there: ask for a keyframe.
        case baseMissing
    }

    public let schema: ComponentSchema
    public let limits: Limits
    /// Set when only a keyframe helps; until one is applied.
    public private(set) var needsKeyframe = true
    /// Called for each entity that came, changed or went, by rising slots, when a frame has been applied.
    public var onEvent: ((ReplicaEvent) -> Void)?

    let layout: EntityLayout
    private let unpacker: EntityUnpacker
    /// Rising ticks; the last is the present.
    private(set) var views: ContiguousArray<ReplicaView> = []
    private var spare: ContiguousArray<ReplicaView> = []
    private var entering = ReplicaView()

    public init(schema: ComponentSchema, limits: Limits = Limits()) {
        precondition(limits.entitiesMaximum > 0 && limits.viewsMaximum > 0, "limits are positive")
        self.schema = schema
        self.limits = limits
        layout = EntityLayout(schema)
        unpacker = EntityUnpacker(layout: layout)
    }

    // MARK: The present

    /// The tick of the newest frame applied.
    public var tick: Tick? { views.last.map { Tick($0.tick) } }

    /// How many entities are in view.
    public var count: Int { views.last?.slots.count ?? 0 }

    /// The entity at a place, 0 to ``count`` - 1, by rising slots.
    public subscript(place: Int) -> ReplicaEntity {
        guard let view = views.last else { preconditionFailure("nothing is in view") }
        return entity(view, place)
    }

    /// The entity, if it is in view.
    public func entity(_ id: EntityID) -> ReplicaEntity? {
        guard let view = views.last, let place = view.place(of: id.slot) else { return nil }
        let found = entity(view, place)
        return found.id == id ? found : nil
    }

    /// The hash of what is in view, which the server compares with what it knows (docs/protocol/replication.md, "Hash"): a replica of the
    /// same tick has the same, whatever frames led to it. O(``count``).
    public var viewHash: UInt64 {
        var hash = ViewHash()
        guard let view = views.last else { return hash.value }
        view.words.withUnsafeBufferPointer { words in
            guard let start = words.baseAddress else { return }
            var owned = 0
            for place in 0..<view.slots.count {
                let slot = view.slots[place]
                let isOwned = owned < view.owned.count && view.owned[owned] == slot
                if isOwned { owned += 1 }
                let entity = start + place * layout.stride
                hash.combine(slot: slot, entity, owned: isOwned ? entity : nil, layout)
            }
        }
        return hash.value
    }

    private func entity(_ view: ReplicaView, _ place: Int) -> ReplicaEntity {
        let words = view.words[(place * layout.stride)..<((place + 1) * layout.stride)]
        let head = EntityHead(word: words[words.startIndex])
        let position = words.withUnsafeBufferPointer { layout.position($0.baseAddress.unsafelyUnwrapped) }
        return ReplicaEntity(
            id: EntityID(slot: view.slots[place], generation: head.generation), type: head.type, position: position,
            isOwned: view.owns(view.slots[place]), layout: layout, words: words)
    }

    /// Forgets everything, for a stream that begins anew: ticks may start lower. Nothing is reported.
    public func reset() {
        spare.append(contentsOf: views)
        views.removeAll(keepingCapacity: true)
        needsKeyframe = true
    }

    // MARK: Frames

    /// Applies a frame: its tick, how many ticks before it its base is (0 for none), and the body with the owned part.
    @discardableResult
    public func apply(tick: Tick, baseAge: UInt64, body: [UInt8]) throws(ReplicaError) -> Outcome {
        try body.span.withUnsafeBytes { (bytes) throws(ReplicaError) in
            try apply(tick: tick, baseAge: baseAge, bytes: bytes)
        }
    }

    /// Applies a frame; see ``apply(tick:baseAge:body:)``.
    public func apply(tick: Tick, baseAge: UInt64, bytes: UnsafeRawBufferPointer) throws(ReplicaError) -> Outcome {
        if let newest = views.last, tick.number <= newest.tick { return .stale }
        var base: ReplicaView?
        if baseAge > 0 {
            let tickBase = baseAge <= tick.number ? tick.number - baseAge : 0
            base = views.first { $0.tick == tickBase }
            guard baseAge <= tick.number, base != nil else {
                needsKeyframe = true
                return .baseMissing
            }
        }
        let view = spare.popLast() ?? ReplicaView()
        view.begin(tick: tick.number)
        do throws(ReplicaError) {
            var reader = BitReader(bytes)
            try read(&reader, from: base, into: view)
        } catch {
            spare.append(view)
            needsKeyframe = true
            throw error
        }
        needsKeyframe = false
        let former = views.last
        keep(view, base: base)
        if onEvent != nil { report(from: former, to: view) }
        return .applied
    }

    /// Makes a view the present and lets go of those that no frame will be packed against.
    private func keep(_ view: ReplicaView, base: ReplicaView?) {
        if let base {
            // The server never goes back behind what it packs against.
            let old = views.firstIndex { $0 === base } ?? 0
            release(views[..<old])
            views.removeSubrange(..<old)
        }
        views.append(view)
        while views.count > limits.viewsMaximum + 1 {
            // Not the first, which is the one packed against; the server has forgotten the next.
            release(views[1...1])
            views.remove(at: 1)
        }
    }

    private func release(_ views: ContiguousArray<ReplicaView>.SubSequence) {
        for view in views where spare.count < 2 { spare.append(view) }
    }

    private func report(from former: ReplicaView?, to view: ReplicaView) {
        guard let onEvent else { return }
        var (old, new) = (0, 0)
        let oldSlots = former?.slots ?? []
        func id(_ view: ReplicaView, _ place: Int) -> EntityID {
            EntityID(
                slot: view.slots[place], generation: EntityHead(word: view.words[place * layout.stride]).generation)
        }
        while old < oldSlots.count || new < view.slots.count {
            let isGone = new == view.slots.count || (old < oldSlots.count && oldSlots[old] < view.slots[new])
            if isGone, let former {
                onEvent(.left(id(former, old)))
                old += 1
                continue
            }
            let entity = id(view, new)
            if let former, old < oldSlots.count, oldSlots[old] == view.slots[new] {
                if id(former, old) != entity {
                    onEvent(.left(id(former, old)))
                    onEvent(.entered(entity))
                } else if differs(former, old, view, new) {
                    onEvent(.changed(entity))
                }
                old += 1
            } else {
                onEvent(.entered(entity))
            }
            new += 1
        }
    }

    private func differs(_ former: ReplicaView, _ old: Int, _ view: ReplicaView, _ new: Int) -> Bool {
        for word in 0..<layout.stride
        where former.words[old * layout.stride + word] != view.words[new * layout.stride + word] { return true }
        return former.owns(former.slots[old]) != view.owns(view.slots[new])
    }

    // MARK: Bodies

    private func read(
        _ reader: inout BitReader, from base: ReplicaView?, into view: ReplicaView
    ) throws(ReplicaError) {
        try readLeaves(&reader, from: base, into: view)
        try readChanges(&reader, into: view)
        try readWhole(&reader, into: view)
        try reader.alignToByte()
        try readOwned(&reader, from: base, into: view)
    }

    /// Copies what stays.
    private func readLeaves(
        _ reader: inout BitReader, from base: ReplicaView?, into view: ReplicaView
    ) throws(ReplicaError) {
        let leaves = try reader.readNumber()
        guard let base else {
            guard leaves == 0 else { throw .malformed("something leaves that was not there") }
            return
        }
        guard leaves <= base.slots.count else { throw .malformed("more leave than were there") }
        var next = 0
        func copy(to end: Int) {
            view.slots.append(contentsOf: base.slots[next..<end])
            view.words.append(contentsOf: base.words[(next * layout.stride)..<(end * layout.stride)])
        }
        for _ in 0..<leaves {
            let place = next + (try reader.readNumber())
            guard place < base.slots.count else { throw .malformed("something leaves that was not there") }
            copy(to: place)
            next = place + 1
        }
        copy(to: base.slots.count)
    }

    private func readChanges(_ reader: inout BitReader, into view: ReplicaView) throws(ReplicaError) {
        var place = 0
        while place < view.slots.count {
            place += try reader.readNumber()
            guard place <= view.slots.count else { throw .malformed("a change of what is not there") }
            if place == view.slots.count { return }
            try change(view, place) { (words) throws(ReplicaError) in try unpacker.readChange(&reader, into: words) }
            place += 1
        }
    }

    private func change(
        _ view: ReplicaView, _ place: Int, _ body: (UnsafeMutablePointer<UInt32>) throws(ReplicaError) -> Void
    ) throws(ReplicaError) {
        try view.words.withUnsafeMutableBufferPointer { (words) throws(ReplicaError) in
            guard let start = words.baseAddress, (place + 1) * layout.stride <= words.count else { return }
            try body(start + place * layout.stride)
        }
    }

    /// Reads what is sent whole, and puts it among the rest or in place of it.
    private func readWhole(_ reader: inout BitReader, into view: ReplicaView) throws(ReplicaError) {
        let count = try reader.readNumber()
        if count == 0 { return }
        guard count <= limits.entitiesMaximum else { throw .tooManyEntities }
        // Before anything is allocated for them.
        guard count <= reader.remaining / 10 else { throw .truncated }
        entering.begin(tick: view.tick)
        var slot = 0
        for place in 0..<count {
            slot += try reader.readNumber()
            guard slot < EntityID.slotLimit else { throw .malformed("a slot of more than 24 bits") }
            entering.slots.append(UInt32(slot))
            entering.words.append(contentsOf: repeatElement(0, count: layout.stride))
            try change(entering, place) { (words) throws(ReplicaError) in try unpacker.readState(&reader, into: words) }
            slot += 1
        }
        merge(entering, into: view)
        guard view.slots.count <= limits.entitiesMaximum else { throw .tooManyEntities }
    }

    /// Merges from the end, in place.
    private func merge(_ added: ReplicaView, into view: ReplicaView) {
        let doubled = added.slots.reduce(0) { $0 + (view.place(of: $1) == nil ? 0 : 1) }
        var (old, new) = (view.slots.count, added.slots.count)
        var place = old + new - doubled
        view.slots.append(contentsOf: repeatElement(0, count: new - doubled))
        view.words.append(contentsOf: repeatElement(0, count: (new - doubled) * layout.stride))
        while new > 0 {
            place -= 1
            let isOld = old > 0 && view.slots[old - 1] > added.slots[new - 1]
            if isOld {
                old -= 1
                view.slots[place] = view.slots[old]
                for word in 0..<layout.stride {
                    view.words[place * layout.stride + word] = view.words[old * layout.stride + word]
                }
                continue
            }
            new -= 1
            let slot = added.slots[new]
            let source = new * layout.stride
            if old > 0, view.slots[old - 1] == slot {
                old -= 1
            }
            view.slots[place] = slot
            for word in 0..<layout.stride { view.words[place * layout.stride + word] = added.words[source + word] }
        }
    }

    private func readOwned(
        _ reader: inout BitReader, from base: ReplicaView?, into view: ReplicaView
    ) throws(ReplicaError) {
        let former = base?.owned ?? []
        if reader.remaining > 0, !(try reader.readBit()) {
            for slot in former { forgetOwned(slot, view) }
            try readOwnedAnew(&reader, into: view)
        } else {
            for slot in former where view.place(of: slot) != nil { view.owned.append(slot) }
            if reader.remaining > 0 {
                for slot in view.owned {
                    guard try reader.readBit(), let place = view.place(of: slot) else { continue }
                    try change(view, place) { (words) throws(ReplicaError) in
                        try unpacker.readOwnedChange(&reader, into: words)
                    }
                }
            }
        }
        try reader.alignToByte()
        guard reader.remaining == 0 else { throw .malformed("bytes behind the end") }
    }

    private func readOwnedAnew(_ reader: inout BitReader, into view: ReplicaView) throws(ReplicaError) {
        let count = try reader.readNumber()
        guard count <= view.slots.count else { throw .malformed("more are owned than are in view") }
        var slot = 0
        for _ in 0..<count {
            slot += try reader.readNumber()
            guard slot < EntityID.slotLimit, let place = view.place(of: UInt32(slot)) else {
                throw .malformed("something is owned that is not in view")
            }
            view.owned.append(UInt32(slot))
            try change(view, place) { (words) throws(ReplicaError) in
                try unpacker.readOwnedState(&reader, into: words)
            }
            slot += 1
        }
    }

    /// Nobody else's owner-only fields are kept.
    private func forgetOwned(_ slot: UInt32, _ view: ReplicaView) {
        guard let place = view.place(of: slot) else { return }
        let start = place * layout.stride
        for field in layout.types[EntityHead(word: view.words[start]).type].owned { view.words[start + field.word] = 0 }
    }
}
