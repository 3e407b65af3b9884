/// Reads what ``EntityPacker`` wrote into the words of an entity.
struct EntityUnpacker: Sendable {
    let layout: EntityLayout

    /// Reads a whole state behind its slot into `words`; owner-only fields become 0.
    func readState(_ reader: inout BitReader, into words: UnsafeMutablePointer<UInt32>) throws(ReplicaError) {
        let type = Int(try reader.read(layout.typeBits))
        guard type < layout.types.count else { throw .malformed("a type that the schema does not have") }
        let generation = UInt8(truncatingIfNeeded: try reader.read(8))
        words.update(repeating: 0, count: layout.stride)
        words[0] = EntityHead(type: type, generation: generation).word
        for axis in 0..<layout.dimensions { words[1 + axis] = try reader.read(layout.axes[axis].bits) }
        for field in layout.types[type].open { words[field.word] = try reader.read(field.bits) }
    }

    /// Reads a change into `words`, which hold the state it starts from.
    func readChange(_ reader: inout BitReader, into words: UnsafeMutablePointer<UInt32>) throws(ReplicaError) {
        let fields = layout.types[EntityHead(word: words[0]).type].open
        let hasMoved = try reader.readBit()
        if hasMoved { try readMove(&reader, into: words) }
        let hasFields = fields.isEmpty ? false : try reader.readBit()
        if hasFields { try read(fields, &reader, into: words) }
        guard hasMoved || hasFields else { throw .malformed("a change without a change") }
    }

    /// Reads the owner-only fields, whole.
    func readOwnedState(_ reader: inout BitReader, into words: UnsafeMutablePointer<UInt32>) throws(ReplicaError) {
        for field in layout.types[EntityHead(word: words[0]).type].owned {
            words[field.word] = try reader.read(field.bits)
        }
    }

    /// Reads owner-only fields that changed into `words`, which hold the state they start from.
    func readOwnedChange(_ reader: inout BitReader, into words: UnsafeMutablePointer<UInt32>) throws(ReplicaError) {
        let fields = layout.types[EntityHead(word: words[0]).type].owned
        guard !fields.isEmpty else { throw .malformed("a change of an entity without owner-only fields") }
        try read(fields, &reader, into: words)
    }

    private func readMove(_ reader: inout BitReader, into words: UnsafeMutablePointer<UInt32>) throws(ReplicaError) {
        let choice = Int(try reader.read(2))
        for axis in 0..<layout.dimensions {
            let bits = layout.axes[axis].bits
            if choice == 3 {
                words[1 + axis] = try reader.read(bits)
            } else {
                let difference = try Self.readSigned(&reader, layout.differenceBits[choice])
                words[1 + axis] = (words[1 + axis] &+ difference) & (UInt32.max >> UInt32(32 - bits))
            }
        }
    }

    private func read(
        _ fields: ContiguousArray<EntityLayout.PackedField>, _ reader: inout BitReader,
        into words: UnsafeMutablePointer<UInt32>
    ) throws(ReplicaError) {
        var mask = try reader.read(fields.count)
        guard mask != 0 else { throw .malformed("a mask without a field") }
        for field in fields {
            defer { mask >>= 1 }
            if mask & 1 == 0 { continue }
            if field.isBool {
                words[field.word] ^= 1
            } else if field.differenceBits == 0 {
                words[field.word] = try reader.read(field.bits)
            } else if try reader.readBit() {
                words[field.word] = try reader.read(field.bits)
            } else {
                let difference = try Self.readSigned(&reader, field.differenceBits)
                words[field.word] = (words[field.word] &+ difference) & (UInt32.max >> UInt32(32 - field.bits))
            }
        }
    }

    /// A number in two's complement, widened to 32 bits.
    private static func readSigned(_ reader: inout BitReader, _ bits: Int) throws(ReplicaError) -> UInt32 {
        let shift = Int32(32 - bits)
        return UInt32(bitPattern: Int32(bitPattern: try reader.read(bits) << UInt32(shift)) >> shift)
    }
}
