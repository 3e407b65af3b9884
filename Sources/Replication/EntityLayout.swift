/// A schema laid out in words: a head, then the axes, then the fields in their order, one word of 32 bits each.
final class EntityLayout: Sendable {
    /// A field as the packer sees it.
    struct PackedField: Sendable {
        /// Which word of the entity.
        let word: Int
        let bits: Int
        /// The bits of a small difference; 0 when a change is always sent whole.
        let differenceBits: Int
        /// A change says it all.
        let isBool: Bool
        let weight: Double

        init(_ field: ComponentField, word: Int) {
            self.word = word
            bits = field.kind.bits
            isBool = field.kind == .bool
            // Below 6 bits choosing costs more than it saves.
            differenceBits = bits < 6 ? 0 : bits / 2
            weight = field.weight
        }
    }

    /// The fields of a type by who sees them.
    struct PackedType: Sendable {
        let open: ContiguousArray<PackedField>
        let owned: ContiguousArray<PackedField>
        /// A bit for each owner-only field, the first field in the lowest.
        let ownedMask: UInt32
        /// The bits of a full state, without slot, type and generation.
        let stateBits: Int
        /// The weights of everything together.
        let weight: Double

        /// Open and owner-only ones.
        var fieldCount: Int { open.count + owned.count }
    }

    let schema: ComponentSchema
    let dimensions: Int
    let axes: ContiguousArray<PositionSchema.Axis>
    let quantisations: ContiguousArray<Quantisation>
    let differenceBits: ContiguousArray<Int>
    /// How much a small move matters.
    let positionWeight: Double
    let types: ContiguousArray<PackedType>
    /// The bits that number a type.
    let typeBits: Int
    /// Words of an entity, the same for all types.
    let stride: Int

    init(_ schema: ComponentSchema) {
        self.schema = schema
        let axes = ContiguousArray(schema.position.axes)
        self.axes = axes
        dimensions = axes.count
        quantisations = ContiguousArray(axes.map(\.quantisation))
        differenceBits = ContiguousArray(schema.position.differenceBits)
        positionWeight = schema.position.weight
        let first = 1 + axes.count
        types = ContiguousArray(
            schema.types.map { type in
                let packed = type.fields.enumerated().map { index, field in
                    (field.isOwnerOnly, PackedField(field, word: first + index))
                }
                let open = ContiguousArray(packed.filter { !$0.0 }.map(\.1))
                return PackedType(
                    open: open, owned: ContiguousArray(packed.filter(\.0).map(\.1)),
                    ownedMask: packed.enumerated().reduce(0) { $0 | ($1.element.0 ? 1 << UInt32($1.offset) : 0) },
                    stateBits: axes.reduce(0) { $0 + $1.bits } + open.reduce(0) { $0 + $1.bits },
                    weight: schema.position.weight + open.reduce(0) { $0 + $1.weight })
            })
        typeBits = Int.bitWidth - (schema.types.count - 1).leadingZeroBitCount
        stride = first + (schema.types.map(\.fields.count).max() ?? 0)
    }

    /// The first word of a field.
    func word(ofField field: Int) -> Int { 1 + dimensions + field }

    /// The position that stands in an entity's words.
    @inline(__always)
    func position(_ words: UnsafePointer<UInt32>) -> Vector3 {
        Vector3(
            quantisations[0].value(words[1]), quantisations[1].value(words[2]),
            dimensions == 3 ? quantisations[2].value(words[3]) : 0)
    }
}

/// The head of an entity's words: whether it is there, its generation and its type.
struct EntityHead: Hashable, Sendable {
    let word: UInt32

    init(word: UInt32) {
        self.word = word
    }

    init(type: Int, generation: UInt8) {
        word = 1 | UInt32(generation) << 8 | UInt32(type) << 16
    }

    var isAlive: Bool { word & 1 != 0 }
    var generation: UInt8 { UInt8(truncatingIfNeeded: word >> 8) }
    var type: Int { Int(word >> 16) }
}
