public import PylonSimulation
public import PylonTime

/// The entities of a world, owned by the engine and changed by the world: what is in it reaches clients by itself.
///
/// Values are quantised when they are written, so the world reads what clients see. All words of an entity lie together, all entities
/// one behind the other; a tick is kept by copying them. Writing allocates nothing once the table has its size.
///
/// Memory: `(1 + axes + fields) * 4 * (historyTicks + 1)` bytes for each slot; 10,000 entities with 2 axes and 3 fields and 64
/// ticks: 16 MB.
public struct EntityTable: Sendable {
    /// Ticks kept unless told: 3.2 s at 20 Hz.
    public static let historyTicksStandard = 64
    /// The longest history.
    public static let historyTicksMaximum = 4096

    /// Entities at a time.
    public let entitiesMaximum: Int
    /// How many ticks can be looked back to, a power of two.
    public let historyTicks: Int
    /// The entities there are.
    public private(set) var count = 0
    /// The newest tick committed.
    public private(set) var tick: Tick?

    let layout: EntityLayout
    /// Slots below this have been used.
    private(set) var slotEnd = 0
    private var words: ContiguousArray<UInt32> = []
    /// What changed since the last commit, by slot.
    private var dirty: ContiguousArray<UInt8> = []
    /// The tick of the last change that everybody may see; 0 before the first commit.
    private(set) var openTicks: ContiguousArray<UInt64> = []
    /// The tick of the last change of an owner-only field.
    private(set) var ownedTicks: ContiguousArray<UInt64> = []
    /// The tick at which the slot was last taken.
    private(set) var spawnTicks: ContiguousArray<UInt64> = []
    private(set) var teams: ContiguousArray<UInt32> = []
    private var owners: ContiguousArray<SubscriberID?> = []
    /// The slots each owner has, rising.
    private var slotsOfOwner: [SubscriberID: ContiguousArray<UInt32>] = [:]
    /// Slots that rest, in the order in which they were freed, with the first tick at which they were; a ring.
    private var resting = RestingSlots()
    private(set) var rows: ContiguousArray<HistoryRow?>

    private static var openMark: UInt8 { 1 }
    private static var ownedMark: UInt8 { 2 }
    private static var spawnMark: UInt8 { 4 }

    /// An empty table. `historyTicks` must be a power of two up to ``historyTicksMaximum``.
    public init(schema: ComponentSchema, entitiesMaximum: Int = 65_536, historyTicks: Int = historyTicksStandard) {
        precondition(
            historyTicks > 1 && historyTicks <= Self.historyTicksMaximum && historyTicks & (historyTicks - 1) == 0,
            "the history is a power of two of ticks")
        precondition(
            entitiesMaximum > 0 && entitiesMaximum <= EntityID.slotLimit / 2, "1 to 8,388,608 entities at a time")
        layout = EntityLayout(schema)
        self.entitiesMaximum = entitiesMaximum
        self.historyTicks = historyTicks
        rows = ContiguousArray(repeating: nil, count: historyTicks)
    }

    public var schema: ComponentSchema { layout.schema }

    /// Slots that exist at most: every entity's and as many that rest.
    public var slotsMaximum: Int { entitiesMaximum * 2 }

    /// The bytes that words and history hold.
    public var memoryBytes: Int {
        (words.count + rows.reduce(0) { $0 + ($1?.count ?? 0) }) * MemoryLayout<UInt32>.size
    }

    // MARK: Coming and going

    /// Adds an entity of the type of that number; its fields are 0, or as near to 0 as they can be.
    ///
    /// `teams` says who may see it: subscribers that share a bit with it (``Interest/teams``), and its owner always.
    public mutating func spawn(
        _ type: Int, at position: Vector3, owner: SubscriberID? = nil, teams: UInt32 = .max
    ) throws(EntityTableError) -> EntityID {
        guard layout.types.indices.contains(type) else { throw .unknownType }
        guard count < entitiesMaximum else { throw .full }
        guard let slot = takeSlot() else { throw .full }
        let start = slot * layout.stride
        let generation = EntityHead(word: words[start]).generation &+ 1
        words[start] = EntityHead(type: type, generation: generation).word
        for word in 1..<layout.stride { words[start + word] = 0 }
        for axis in 0..<layout.dimensions {
            words[start + 1 + axis] = layout.quantisations[axis].word(position[axis])
        }
        for (index, field) in schema.types[type].fields.enumerated() {
            words[start + layout.word(ofField: index)] = field.kind.word(for: .integer(0))
        }
        self.teams[slot] = teams
        dirty[slot] = Self.openMark | Self.ownedMark | Self.spawnMark
        count += 1
        if let owner { setOwner(ofSlot: slot, owner) }
        return EntityID(slot: UInt32(slot), generation: generation)
    }

    /// Takes an entity out; false when it is not there.
    @discardableResult
    public mutating func despawn(_ id: EntityID) -> Bool {
        guard let start = start(of: id) else { return false }
        let slot = Int(id.slot)
        if owners[slot] != nil { setOwner(ofSlot: slot, nil) }
        words[start] &= ~1
        count -= 1
        dirty[slot] = 0
        resting.append(id.slot, since: (tick?.number ?? 0) + 1)
        return true
    }

    /// A slot that has rested longer than the history, else a new one.
    private mutating func takeSlot() -> Int? {
        // Spawned now, it shows at the tick behind the newest at the earliest.
        if let slot = resting.takeFirst(freedBefore: (tick?.number ?? 0) + 1, rest: UInt64(historyTicks)) {
            return Int(slot)
        }
        guard slotEnd < slotsMaximum else { return nil }
        if slotEnd == dirty.count { grow() }
        slotEnd += 1
        return slotEnd - 1
    }

    private mutating func grow() {
        let capacity = min(max(64, dirty.count * 2), slotsMaximum)
        let added = capacity - dirty.count
        words.append(contentsOf: repeatElement(0, count: added * layout.stride))
        dirty.append(contentsOf: repeatElement(0, count: added))
        openTicks.append(contentsOf: repeatElement(0, count: added))
        ownedTicks.append(contentsOf: repeatElement(0, count: added))
        spawnTicks.append(contentsOf: repeatElement(0, count: added))
        teams.append(contentsOf: repeatElement(0, count: added))
        owners.append(contentsOf: repeatElement(nil, count: added))
    }

    // MARK: Reading and writing

    /// Whether the entity is there.
    public func contains(_ id: EntityID) -> Bool { start(of: id) != nil }

    /// The entity in a slot, for walks over all of them.
    public func entity(inSlot slot: Int) -> EntityID? {
        guard slot < slotEnd else { return nil }
        let head = EntityHead(word: words[slot * layout.stride])
        return head.isAlive ? EntityID(slot: UInt32(slot), generation: head.generation) : nil
    }

    /// One more than the largest slot in use.
    public var slotLimit: Int { slotEnd }

    /// The number of the entity's type.
    public func type(of id: EntityID) -> Int? {
        start(of: id).map { EntityHead(word: words[$0]).type }
    }

    /// Where the entity is, as quantised.
    public func position(of id: EntityID) -> Vector3? {
        guard let start = start(of: id) else { return nil }
        return words.withUnsafeBufferPointer { layout.position($0.baseAddress.unsafelyUnwrapped + start) }
    }

    /// Puts the entity elsewhere; what lies outside the schema's range is clamped. False when it is not there.
    @discardableResult
    public mutating func move(_ id: EntityID, to position: Vector3) -> Bool {
        guard let start = start(of: id) else { return false }
        var difference: UInt32 = 0
        for axis in 0..<layout.dimensions {
            let word = layout.quantisations[axis].word(position[axis])
            difference |= word ^ words[start + 1 + axis]
            words[start + 1 + axis] = word
        }
        if difference != 0 { dirty[Int(id.slot)] |= Self.openMark }
        return true
    }

    /// A field's value, as quantised; nil when the entity or the field is not there.
    public func value(_ field: Int, of id: EntityID) -> FieldValue? {
        guard let start = start(of: id) else { return nil }
        let fields = schema.types[EntityHead(word: words[start]).type].fields
        guard fields.indices.contains(field) else { return nil }
        return fields[field].kind.value(of: words[start + layout.word(ofField: field)])
    }

    /// Gives a field a value, quantised; false when the entity or the field is not there.
    @discardableResult
    public mutating func set(_ field: Int, of id: EntityID, to value: FieldValue) -> Bool {
        guard let start = start(of: id) else { return false }
        let type = EntityHead(word: words[start]).type
        guard schema.types[type].fields.indices.contains(field) else { return false }
        let isOwnerOnly = schema.types[type].fields[field].isOwnerOnly
        let word = schema.types[type].fields[field].kind.word(for: value)
        let index = start + layout.word(ofField: field)
        if words[index] != word {
            words[index] = word
            dirty[Int(id.slot)] |= isOwnerOnly ? Self.ownedMark : Self.openMark
        }
        return true
    }

    /// Gives a whole number to a field.
    @discardableResult
    public mutating func set(_ field: Int, of id: EntityID, to value: Int) -> Bool {
        set(field, of: id, to: .integer(Int64(value)))
    }

    /// Gives a number to a field.
    @discardableResult
    public mutating func set(_ field: Int, of id: EntityID, to value: Double) -> Bool {
        set(field, of: id, to: .number(value))
    }

    /// Gives a truth value to a field.
    @discardableResult
    public mutating func set(_ field: Int, of id: EntityID, to value: Bool) -> Bool {
        set(field, of: id, to: .bool(value))
    }

    // MARK: Owners and teams

    /// Who sees the entity's owner-only fields.
    public func owner(of id: EntityID) -> SubscriberID? { start(of: id) == nil ? nil : owners[Int(id.slot)] }

    /// Hands the entity to another owner, or to nobody.
    public mutating func setOwner(of id: EntityID, to owner: SubscriberID?) {
        if start(of: id) != nil { setOwner(ofSlot: Int(id.slot), owner) }
    }

    /// Who may see the entity, by team bits.
    public func teams(of id: EntityID) -> UInt32? { start(of: id) == nil ? nil : teams[Int(id.slot)] }

    /// Changes who may see the entity: it enters and leaves views with the next frame.
    public mutating func setTeams(of id: EntityID, to teams: UInt32) {
        if start(of: id) != nil { self.teams[Int(id.slot)] = teams }
    }

    /// The slots of what a subscriber owns, rising.
    func slots(ownedBy owner: SubscriberID) -> ContiguousArray<UInt32> { slotsOfOwner[owner] ?? [] }

    private mutating func setOwner(ofSlot slot: Int, _ owner: SubscriberID?) {
        if let former = owners[slot] {
            slotsOfOwner[former]?.removeAll { $0 == UInt32(slot) }
            if slotsOfOwner[former]?.isEmpty == true { slotsOfOwner[former] = nil }
        }
        owners[slot] = owner
        guard let owner else { return }
        var slots = slotsOfOwner.removeValue(forKey: owner) ?? []
        slots.insert(UInt32(slot), at: slots.firstIndex { $0 > UInt32(slot) } ?? slots.count)
        slotsOfOwner[owner] = slots
    }

    @inline(__always)
    private func start(of id: EntityID) -> Int? {
        guard Int(id.slot) < slotEnd else { return nil }
        let start = Int(id.slot) * layout.stride
        let head = EntityHead(word: words[start])
        return head.isAlive && head.generation == id.generation ? start : nil
    }

    // MARK: History

    /// Keeps the present as the state of `tick`, which must be later than every one before. Costs a copy of all words.
    public mutating func commit(_ tick: Tick) {
        precondition(self.tick.map { $0 < tick } ?? true, "ticks only rise")
        for slot in 0..<slotEnd where dirty[slot] != 0 {
            let marks = dirty[slot]
            if marks & Self.openMark != 0 { openTicks[slot] = tick.number }
            if marks & Self.ownedMark != 0 { ownedTicks[slot] = tick.number }
            if marks & Self.spawnMark != 0 { spawnTicks[slot] = tick.number }
            dirty[slot] = 0
        }
        self.tick = tick
        resting.settle(at: tick.number)
        let index = Int(truncatingIfNeeded: tick.number) & (historyTicks - 1)
        // Taken out first, so that the row has one owner unless someone still looks at it.
        var row = rows[index].take()
        if row?.count != words.count || !isKnownUniquelyReferenced(&row) {
            row = HistoryRow(tick: tick.number, count: words.count)
        }
        row?.fill(tick: tick.number, from: words)
        rows[index] = row
    }

    /// All entities as they were when `tick` was committed; nil when it is not among the last ``historyTicks`` or never was.
    ///
    /// This is what a world rewinds to when it judges a shot by what the shooter saw.
    public func state(at tick: Tick) -> PastState? {
        row(at: tick.number).map { PastState(tick: tick, layout: layout, row: $0) }
    }

    func row(at tick: UInt64) -> HistoryRow? {
        guard let row = rows[Int(truncatingIfNeeded: tick) & (historyTicks - 1)], row.tick == tick else { return nil }
        return row
    }
}

/// Why an entity was not added.
public enum EntityTableError: Error, Hashable, Sendable {
    /// There are as many entities as there may be, or too many slots still rest.
    case full
    /// The schema has no type of that number.
    case unknownType
}
