public import PylonTime

/// All entities as they were at one tick. It keeps its memory alive: let go of it before the next tick.
public struct PastState: Sendable {
    public let tick: Tick
    let layout: EntityLayout
    let row: HistoryRow

    /// Where the entity was; nil when it was not there.
    public func position(of id: EntityID) -> Vector3? {
        words(of: id).map { layout.position($0) }
    }

    /// What a field's value was; nil when the entity was not there or has no such field.
    public func value(_ field: Int, of id: EntityID) -> FieldValue? {
        guard let words = words(of: id) else { return nil }
        let fields = layout.schema.types[EntityHead(word: words[0]).type].fields
        guard fields.indices.contains(field) else { return nil }
        return fields[field].kind.value(of: words[layout.word(ofField: field)])
    }

    /// The number of the entity's type; nil when it was not there.
    public func type(of id: EntityID) -> Int? { words(of: id).map { EntityHead(word: $0[0]).type } }

    /// One more than the largest slot there was.
    public var slotLimit: Int { row.count / layout.stride }

    /// The entity that was in a slot.
    public func entity(inSlot slot: Int) -> EntityID? {
        guard slot >= 0, slot < slotLimit else { return nil }
        let head = EntityHead(word: row.words[slot * layout.stride])
        return head.isAlive ? EntityID(slot: UInt32(slot), generation: head.generation) : nil
    }

    private func words(of id: EntityID) -> UnsafePointer<UInt32>? {
        guard entity(inSlot: Int(id.slot)) == id else { return nil }
        return UnsafePointer(row.words + Int(id.slot) * layout.stride)
    }
}
