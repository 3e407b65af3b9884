/// What a client shows at one tick: entities with their words, by rising slots.
final class ReplicaView {
    fileprivate(set) var tick: UInt64 = 0
    var slots: ContiguousArray<UInt32> = []
    /// The words of the entity at place `p` begin at `p * stride`.
    var words: ContiguousArray<UInt32> = []
    /// The slots of the client's own entities.
    var owned: ContiguousArray<UInt32> = []

    func begin(tick: UInt64) {
        self.tick = tick
        slots.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
        owned.removeAll(keepingCapacity: true)
    }

    /// The place of a slot.
    func place(of slot: UInt32) -> Int? {
        let place = slots.lowerBound(slot)
        return place < slots.count && slots[place] == slot ? place : nil
    }

    /// Whether a slot is one of the client's own.
    func owns(_ slot: UInt32) -> Bool {
        owned.containsRising(slot)
    }
}

/// An entity as a client sees it.
public struct ReplicaEntity {
    public let id: EntityID
    /// The number of its type in the schema.
    public let type: Int
    public let position: Vector3
    /// Whether it is the client's own, so that its owner-only fields are known; those of others read as 0.
    public let isOwned: Bool
    let layout: EntityLayout
    let words: ContiguousArray<UInt32>.SubSequence

    /// The value of a field; nil when the type has no such field.
    public func value(_ field: Int) -> FieldValue? {
        let fields = layout.schema.types[type].fields
        guard fields.indices.contains(field) else { return nil }
        return fields[field].kind.value(of: words[words.startIndex + layout.word(ofField: field)])
    }
}

/// What a frame changed for a client.
public enum ReplicaEvent: Hashable, Sendable {
    case entered(EntityID)
    case changed(EntityID)
    /// Gone or out of view.
    case left(EntityID)
}
