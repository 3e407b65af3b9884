/// Writes entities bit by bit: whole, or as what differs from an earlier state (docs/protocol/replication.md). ``EntityUnpacker`` reads
/// them.
///
/// Its loops count instead of iterating: without optimisation an iterator allocates for each element.
struct EntityPacker: Sendable {
    let layout: EntityLayout

    /// Type, generation and everything that all may see.
    func appendState(_ words: UnsafePointer<UInt32>, to out: inout BitWriter) {
        let head = EntityHead(word: words[0])
        out.append(UInt64(head.type), layout.typeBits)
        out.append(UInt64(head.generation), 8)
        for axis in 0..<layout.dimensions { out.append(UInt64(words[1 + axis]), layout.axes[axis].bits) }
        appendWhole(layout.types[head.type].open, words, to: &out)
    }

    /// What all may see and differs from `base`, the same entity earlier. Appends nothing when nothing differs.
    ///
    /// Returns how much it matters: the weights of what changed, a move by its length.
    @discardableResult
    func appendChange(
        from base: UnsafePointer<UInt32>, to now: UnsafePointer<UInt32>, out: inout BitWriter
    ) -> Double {
        let fields = layout.types[EntityHead(word: now[0]).type].open
        let mask = mask(of: fields, base, now)
        let size = differenceSize(from: base, to: now)
        if mask == 0, size == nil { return 0 }
        var weight = 0.0
        if let size {
            out.append(1, 1)
            appendMove(size, from: base, to: now, out: &out)
            weight = layout.positionWeight * Double(1 << min(size, 2))
        } else {
            out.append(0, 1)
        }
        if fields.isEmpty { return weight }
        out.append(mask == 0 ? 0 : 1, 1)
        if mask == 0 { return weight }
        append(fields, mask, from: base, to: now, out: &out)
        for index in 0..<fields.count where mask >> UInt32(index) & 1 != 0 { weight += fields[index].weight }
        return weight
    }

    /// The owner-only fields, whole.
    func appendOwnedState(_ words: UnsafePointer<UInt32>, to out: inout BitWriter) {
        appendWhole(layout.types[EntityHead(word: words[0]).type].owned, words, to: &out)
    }

    private func appendWhole(
        _ fields: ContiguousArray<EntityLayout.PackedField>, _ words: UnsafePointer<UInt32>, to out: inout BitWriter
    ) {
        for index in 0..<fields.count { out.append(UInt64(words[fields[index].word]), fields[index].bits) }
    }

    /// Whether owner-only fields differ.
    func differsForOwner(_ base: UnsafePointer<UInt32>, _ now: UnsafePointer<UInt32>) -> Bool {
        mask(of: layout.types[EntityHead(word: now[0]).type].owned, base, now) != 0
    }

    /// The owner-only fields that differ; some must.
    func appendOwnedChange(from base: UnsafePointer<UInt32>, to now: UnsafePointer<UInt32>, out: inout BitWriter) {
        let fields = layout.types[EntityHead(word: now[0]).type].owned
        append(fields, mask(of: fields, base, now), from: base, to: now, out: &out)
    }

    private func mask(
        of fields: ContiguousArray<EntityLayout.PackedField>, _ base: UnsafePointer<UInt32>,
        _ now: UnsafePointer<UInt32>
    ) -> UInt32 {
        var mask: UInt32 = 0
        for index in 0..<fields.count where base[fields[index].word] != now[fields[index].word] {
            mask |= 1 << UInt32(index)
        }
        return mask
    }

    private func append(
        _ fields: ContiguousArray<EntityLayout.PackedField>, _ mask: UInt32, from base: UnsafePointer<UInt32>,
        to now: UnsafePointer<UInt32>, out: inout BitWriter
    ) {
        out.append(UInt64(mask), fields.count)
        for index in 0..<fields.count where mask >> UInt32(index) & 1 != 0 {
            let field = fields[index]
            if field.isBool { continue }
            if field.differenceBits == 0 {
                out.append(UInt64(now[field.word]), field.bits)
                continue
            }
            let difference = Self.difference(base[field.word], now[field.word], bits: field.bits)
            if Self.fits(difference, field.differenceBits) {
                out.append(0, 1)
                out.append(Self.truncated(difference, field.differenceBits), field.differenceBits)
            } else {
                out.append(1, 1)
                out.append(UInt64(now[field.word]), field.bits)
            }
        }
    }

    /// 0, 1 or 2 for the smallest size that holds the difference on every axis, 3 when none does; nil when nothing moved.
    private func differenceSize(from base: UnsafePointer<UInt32>, to now: UnsafePointer<UInt32>) -> Int? {
        var spread: UInt32 = 0
        for axis in 0..<layout.dimensions {
            let difference = Self.difference(base[1 + axis], now[1 + axis], bits: layout.axes[axis].bits)
            // Of a number below 0 the complement takes as many bits.
            spread |= UInt32(bitPattern: difference ^ (difference >> 31)) << 1 | (difference == 0 ? 0 : 1)
        }
        if spread == 0 { return nil }
        let bits = 32 - spread.leadingZeroBitCount
        for choice in 0..<3 where bits <= layout.differenceBits[choice] { return choice }
        return 3
    }

    private func appendMove(
        _ size: Int, from base: UnsafePointer<UInt32>, to now: UnsafePointer<UInt32>, out: inout BitWriter
    ) {
        out.append(UInt64(size), 2)
        for axis in 0..<layout.dimensions {
            let bits = layout.axes[axis].bits
            if size == 3 {
                out.append(UInt64(now[1 + axis]), bits)
            } else {
                let difference = Self.difference(base[1 + axis], now[1 + axis], bits: bits)
                out.append(Self.truncated(difference, layout.differenceBits[size]), layout.differenceBits[size])
            }
        }
    }

    /// The difference modulo 2^bits, as a number with sign: headings wrap cheaply.
    private static func difference(_ base: UInt32, _ now: UInt32, bits: Int) -> Int32 {
        Int32(bitPattern: (now &- base) << UInt32(32 - bits)) >> Int32(32 - bits)
    }

    private static func fits(_ difference: Int32, _ bits: Int) -> Bool {
        let limit = (1 as Int32) << Int32(bits - 1)
        return difference >= -limit && difference < limit
    }

    private static func truncated(_ difference: Int32, _ bits: Int) -> UInt64 {
        UInt64(UInt32(bitPattern: difference) & (UInt32.max >> UInt32(32 - bits)))
    }
}
