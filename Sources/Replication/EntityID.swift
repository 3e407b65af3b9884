/// An entity of one table: a small number that is used again long after the entity is gone, and which use of it this is.
public struct EntityID: Hashable, Sendable, CustomStringConvertible {
    /// Larger slots do not exist: the wire gives them 24 bits.
    public static let slotLimit = 1 << 24

    public let slot: UInt32
    /// Counts the uses of the slot, in 8 bits that wrap: a slot rests longer than the history between two uses.
    public let generation: UInt8

    public init(slot: UInt32, generation: UInt8) {
        self.slot = slot
        self.generation = generation
    }

    public var description: String { "\(slot).\(generation)" }
}
