/// Which entities are in which cell: a spatial hash with a list through the entities of each cell. Nothing is allocated once it is
/// as large as the table. An object, since a copy of all its parts for each cell looked up would cost more than the cell.
final class CellGrid {
    private static var none: Int32 { -1 }

    let measure: CellMeasure
    private var map = CellMap()
    /// By number of the cell.
    private var cells: ContiguousArray<Cell> = []
    private var heads: ContiguousArray<Int32> = []
    private var freeCells: ContiguousArray<Int32> = []
    /// By slot: the cell's number, and the neighbours in its list.
    private var cellOfSlot: ContiguousArray<Int32> = []
    private var next: ContiguousArray<Int32> = []
    private var previous: ContiguousArray<Int32> = []
    private var tickSeen: UInt64 = 0

    init(measure: CellMeasure) {
        self.measure = measure
    }

    /// How many cells hold something.
    var cellsOccupied: Int { map.count }

    /// The cell in which a slot's entity is listed.
    func cell(ofSlot slot: Int) -> Cell? {
        guard slot < cellOfSlot.count, cellOfSlot[slot] != Self.none else { return nil }
        return cells[Int(cellOfSlot[slot])]
    }

    /// Follows what came, went and moved in the table since the last call, up to the row of its newest tick.
    func follow(_ table: EntityTable, _ row: HistoryRow) {
        let layout = table.layout
        while cellOfSlot.count < table.slotEnd {
            cellOfSlot.append(Self.none)
            next.append(Self.none)
            previous.append(Self.none)
        }
        for slot in 0..<table.slotEnd {
            let words = UnsafePointer(row.words + slot * layout.stride)
            guard EntityHead(word: words[0]).isAlive else {
                if cellOfSlot[slot] != Self.none { unlink(slot) }
                continue
            }
            guard table.openTicks[slot] > tickSeen || cellOfSlot[slot] == Self.none else { continue }
            let position = layout.position(words)
            let number = cellOfSlot[slot]
            if number == Self.none {
                link(slot, measure.cell(at: position))
            } else {
                let cell = cells[Int(number)]
                // Another entity of the slot begins anew.
                let new =
                    table.spawnTicks[slot] > tickSeen
                    ? measure.cell(at: position) : measure.cell(at: position, from: cell)
                if new != cell {
                    unlink(slot)
                    link(slot, new)
                }
            }
        }
        tickSeen = row.tick
    }

    /// Calls `body` with the slots of a cell until it returns false; returns false when it did.
    @inline(__always)
    func forEachSlot(in cell: Cell, _ body: (Int) -> Bool) -> Bool {
        guard let number = map[cell.key] else { return true }
        return forEachSlot(ofNumber: number, body)
    }

    /// Calls `body` with the slots of every cell that `isWanted` until it returns false.
    @inline(__always)
    func forEachSlot(where isWanted: (Cell) -> Bool, _ body: (Int) -> Bool) {
        for number in heads.indices where heads[number] != Self.none && isWanted(cells[number]) {
            guard forEachSlot(ofNumber: Int32(number), body) else { return }
        }
    }

    @inline(__always)
    private func forEachSlot(ofNumber number: Int32, _ body: (Int) -> Bool) -> Bool {
        var slot = heads[Int(number)]
        while slot != Self.none {
            guard body(Int(slot)) else { return false }
            slot = next[Int(slot)]
        }
        return true
    }

    private func link(_ slot: Int, _ cell: Cell) {
        let number: Int32
        if let known = map[cell.key] {
            number = known
        } else if let free = freeCells.popLast() {
            number = free
            cells[Int(free)] = cell
            map.insert(cell.key, free)
        } else {
            number = Int32(cells.count)
            cells.append(cell)
            heads.append(Self.none)
            map.insert(cell.key, number)
        }
        let head = heads[Int(number)]
        cellOfSlot[slot] = number
        next[slot] = head
        previous[slot] = Self.none
        if head != Self.none { previous[Int(head)] = Int32(slot) }
        heads[Int(number)] = Int32(slot)
    }

    private func unlink(_ slot: Int) {
        let number = Int(cellOfSlot[slot])
        let (before, after) = (previous[slot], next[slot])
        if before == Self.none { heads[number] = after } else { next[Int(before)] = after }
        if after != Self.none { previous[Int(after)] = before }
        cellOfSlot[slot] = Self.none
        if heads[number] == Self.none {
            map.remove(cells[number].key)
            freeCells.append(Int32(number))
        }
    }
}
