/// What a grid can hold: something that is at one place, or nowhere for the time being.
protocol Located {
    var position: Vector { get }
    /// False while it is out of play; the grid then leaves it out.
    var isPresent: Bool { get }
}

/// A uniform grid that answers "who is near this point" without looking at everyone.
///
/// It is rebuilt from scratch every tick by a counting sort, O(items + cells): cheaper than keeping it up to date, and
/// nothing is allocated once the arrays have grown to the population. Each row of cells is contiguous in `members`, so
/// a query walks one range per row. Members come in the order of cell, then index: the same everywhere.
struct SpatialGrid: Sendable {
    private let cellSize: Double
    private let columns: Int
    private let rows: Int
    /// The members of cell c are `members[starts[c]..<starts[c + 1]]`.
    private var starts: [Int32]
    /// Indices into the array that the grid was rebuilt from, sorted by cell.
    private var members: [Int32] = []

    /// A grid over 0...width by 0...height; what lies outside counts to the nearest cell.
    init(width: Double, height: Double, cellSize: Double) {
        precondition(width > 0 && height > 0 && cellSize > 0)
        self.cellSize = cellSize
        columns = Int((width / cellSize).rounded(.up))
        rows = Int((height / cellSize).rounded(.up))
        starts = Array(repeating: 0, count: columns * rows + 1)
    }

    /// Forgets the last population and sorts in this one.
    mutating func rebuild(from items: [some Located]) {
        for cell in starts.indices { starts[cell] = 0 }
        var present = 0
        for item in items where item.isPresent {
            starts[cell(of: item.position)] += 1
            present += 1
        }
        // Each start becomes the end of its cell; filling from the back moves it down to the beginning.
        var end: Int32 = 0
        for cell in starts.indices {
            end += starts[cell]
            starts[cell] = end
        }
        if members.count < present { members += repeatElement(0, count: present - members.count) }
        for index in items.indices.reversed() where items[index].isPresent {
            let cell = cell(of: items[index].position)
            starts[cell] -= 1
            members[Int(starts[cell])] = Int32(index)
        }
    }

    /// The indices of all items within `radius` of `point`, and of some a little further away: callers measure.
    func near(_ point: Vector, radius: Double) -> Neighbourhood {
        Neighbourhood(
            starts: starts, members: members, columns: columns,
            left: column(point.x - radius), right: column(point.x + radius),
            row: row(point.y - radius), lastRow: row(point.y + radius))
    }

    private func cell(of point: Vector) -> Int { row(point.y) * columns + column(point.x) }
    private func column(_ x: Double) -> Int { min(columns - 1, max(0, Int(x / cellSize))) }
    private func row(_ y: Double) -> Int { min(rows - 1, max(0, Int(y / cellSize))) }

    /// The answer to one query, walked row by row; it shares the grid's storage.
    struct Neighbourhood: Sequence, IteratorProtocol {
        fileprivate let starts: [Int32]
        fileprivate let members: [Int32]
        fileprivate let columns: Int
        fileprivate let left: Int
        fileprivate let right: Int
        fileprivate var row: Int
        fileprivate let lastRow: Int
        private var cursor: Int = 0
        private var end = 0

        fileprivate init(
            starts: [Int32], members: [Int32], columns: Int, left: Int, right: Int, row: Int, lastRow: Int
        ) {
            self.starts = starts
            self.members = members
            self.columns = columns
            self.left = left
            self.right = right
            self.row = row
            self.lastRow = lastRow
        }

        mutating func next() -> Int? {
            while cursor == end {
                guard row <= lastRow else { return nil }
                cursor = Int(starts[row * columns + left])
                end = Int(starts[row * columns + right + 1])
                row += 1
            }
            defer { cursor += 1 }
            return Int(members[cursor])
        }
    }
}
