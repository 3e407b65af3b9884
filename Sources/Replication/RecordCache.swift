/// The packed records of this tick, so that groups that see the same entity do not pack it twice.
struct RecordCache: ~Copyable {
    /// A record: its bits, or where they stand when they are more than 64.
    struct Record {
        var bits: UInt64 = 0
        var length: UInt32 = 0
        /// The tick of encoding for which it holds.
        var stamp: UInt32 = 0
    }

    /// Changes against states of this age or less are remembered: three quarters of a second at 20 Hz. Older ones are packed each time.
    static let agesMaximum = 16

    private let packer: EntityPacker
    private var stamp: UInt32 = 0
    private var states: ContiguousArray<Record> = []
    /// By age, from 1.
    private var changes: ContiguousArray<ContiguousArray<Record>>
    /// Long records.
    private var arena = BitWriter()

    init(_ packer: EntityPacker) {
        self.packer = packer
        changes = ContiguousArray(repeating: [], count: Self.agesMaximum)
    }

    /// Forgets what it knows; from now on records are those of a new tick.
    mutating func begin() {
        arena.reset()
        stamp &+= 1
        if stamp == 0 {
            states.removeAll(keepingCapacity: true)
            for age in changes.indices { changes[age].removeAll(keepingCapacity: true) }
            stamp = 1
        }
    }

    /// The whole state of a slot in `row`.
    mutating func state(_ slot: Int, _ row: HistoryRow) -> Record {
        Self.grow(&states, to: slot)
        if states[slot].stamp == stamp { return states[slot] }
        let start = arena.count
        packer.appendState(row.words + slot * packer.layout.stride, to: &arena)
        let record = take(from: start)
        states[slot] = record
        return record
    }

    /// What changed in a slot from `base` to `row`; of length 0 when nothing did.
    mutating func change(_ slot: Int, from base: HistoryRow, to row: HistoryRow) -> Record {
        let age = Int(row.tick - base.tick) - 1
        let isKept = age >= 0 && age < Self.agesMaximum
        if isKept {
            Self.grow(&changes[age], to: slot)
            if changes[age][slot].stamp == stamp { return changes[age][slot] }
        }
        let start = arena.count
        let offset = slot * packer.layout.stride
        packer.appendChange(from: base.words + offset, to: row.words + offset, out: &arena)
        let record = take(from: start)
        if isKept { changes[age][slot] = record }
        return record
    }

    /// Appends a record to a body.
    @inline(__always)
    func append(_ record: Record, to out: inout BitWriter) {
        if record.length <= 64 {
            out.append(record.bits, Int(record.length))
        } else {
            out.append(from: arena, at: Int(record.bits), Int(record.length))
        }
    }

    private mutating func take(from start: Int) -> Record {
        let length = arena.count - start
        if length > 64 { return Record(bits: UInt64(start), length: UInt32(length), stamp: stamp) }
        let bits = length == 0 ? 0 : arena.bits(at: start, length)
        arena.truncate(to: start)
        return Record(bits: bits, length: UInt32(length), stamp: stamp)
    }

    private static func grow(_ records: inout ContiguousArray<Record>, to slot: Int) {
        if slot < records.count { return }
        let capacity = max(256, (slot + 1).nextPowerOfTwo)
        records.append(contentsOf: repeatElement(Record(), count: capacity - records.count))
    }
}

extension Int {
    fileprivate var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
