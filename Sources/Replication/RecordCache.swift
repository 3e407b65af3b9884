internal import Glibc

/// The packed records of this tick, so that groups that see the same entity do not pack it twice.
struct RecordCache: ~Copyable {
    /// A record: its bits, or where they stand when they are more than 64.
    struct Record {
        var bits: UInt64 = 0
        var length: UInt32 = 0
        /// The tick of encoding for which it holds.
        var stamp: UInt32 = 0
        /// How much it matters; of whole states what their type says.
        var weight: Float = 0
    }

    /// Changes against states of this age or less are remembered: three quarters of a second at 20 Hz. Older ones are packed each time.
    static let agesMaximum = 16

    private let packer: EntityPacker
    private var stamp: UInt32 = 0
    /// Rows of `capacity` slots: whole states, then changes by age, from 1. Pages of ages that do not occur are never touched.
    private var records: UnsafeMutablePointer<Record>
    private var capacity = 0
    /// Long records.
    private var arena = BitWriter()

    init(_ packer: EntityPacker) {
        self.packer = packer
        records = Self.allocate(0)
    }

    deinit { free(records) }

    private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Record> {
        let count = max(capacity, 1) * (agesMaximum + 1)
        guard let memory = calloc(count, MemoryLayout<Record>.stride) else { fatalError("out of memory") }
        return memory.bindMemory(to: Record.self, capacity: count)
    }

    /// Forgets what it knows; from now on records are those of a new tick and of slots below `slotLimit`.
    mutating func begin(slotLimit: Int) {
        arena.reset()
        stamp &+= 1
        // Of 2^32 ticks ago a stamp would seem to be of now.
        guard slotLimit > capacity || stamp == 0 else { return }
        stamp = 1
        capacity = max(256, slotLimit + slotLimit / 2, capacity)
        free(records)
        records = Self.allocate(capacity)
    }

    /// The whole state of a slot in `row`.
    mutating func state(_ slot: Int, _ row: HistoryRow) -> Record {
        precondition(slot >= 0 && slot < capacity, "a slot that was not announced")
        if records[slot].stamp == stamp { return records[slot] }
        let start = arena.count
        let words = UnsafePointer(row.words + slot * packer.layout.stride)
        packer.appendState(words, to: &arena)
        let weight = packer.layout.types[EntityHead(word: words[0]).type].weight
        records[slot] = take(from: start, weight: weight)
        return records[slot]
    }

    /// What changed in a slot from `base` to `row`; of length 0 when nothing did.
    mutating func change(_ slot: Int, from base: HistoryRow, to row: HistoryRow) -> Record {
        precondition(slot >= 0 && slot < capacity, "a slot that was not announced")
        let age = Int(row.tick - base.tick)
        let isKept = age >= 1 && age <= Self.agesMaximum
        let place = age * capacity + slot
        if isKept, records[place].stamp == stamp { return records[place] }
        let start = arena.count
        let offset = slot * packer.layout.stride
        let weight = packer.appendChange(from: base.words + offset, to: row.words + offset, out: &arena)
        let record = take(from: start, weight: weight)
        if isKept { records[place] = record }
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

    private mutating func take(from start: Int, weight: Double) -> Record {
        let length = arena.count - start
        var record = Record(bits: UInt64(start), length: UInt32(length), stamp: stamp, weight: Float(weight))
        if length <= 64 {
            record.bits = length == 0 ? 0 : arena.bits(at: start, length)
            arena.truncate(to: start)
        }
        return record
    }
}
