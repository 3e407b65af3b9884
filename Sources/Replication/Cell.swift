/// The place of a cell, counted from the origin in edges.
struct Cell: Hashable, Sendable {
    /// Coordinates are in -2^20..<2^20.
    static let limit: Int32 = 1 << 20

    var x: Int32
    var y: Int32
    var z: Int32

    /// One number for each cell within the limit.
    @inline(__always)
    var key: UInt64 {
        func part(_ coordinate: Int32) -> UInt64 { UInt64(truncatingIfNeeded: coordinate &+ Self.limit) & 0x1F_FFFF }
        return part(x) << 42 | part(y) << 21 | part(z)
    }

    static func + (left: Cell, right: Cell) -> Cell {
        Cell(x: left.x &+ right.x, y: left.y &+ right.y, z: left.z &+ right.z)
    }

    static func - (left: Cell, right: Cell) -> Cell {
        Cell(x: left.x &- right.x, y: left.y &- right.y, z: left.z &- right.z)
    }
}

/// How a zone is cut into cells.
struct CellMeasure: Hashable, Sendable {
    let size: Double
    /// How far beyond the border a point still belongs to the cell it was in.
    let margin: Double
    let dimensions: Int
    /// The lowest and the highest cell of the zone.
    let lowest: Cell
    let highest: Cell

    /// Cells at least so large that a zone has at most 2^20 along each axis.
    init(schema: ComponentSchema, size: Double, margin: Double) {
        precondition(size > 0 && size.isFinite, "cells have a size")
        precondition((0...1).contains(margin), "the margin is a share of the cell")
        let axes = schema.position.axes
        let extent = axes.reduce(0) { max($0, abs($1.min), abs($1.max)) }
        let fitting = max(size, extent / Double(Cell.limit / 2))
        self.size = fitting
        self.margin = fitting * margin
        dimensions = axes.count
        func cell(_ bound: (PositionSchema.Axis) -> Double) -> Cell {
            func place(_ axis: Int) -> Int32 {
                axis < axes.count ? Int32((bound(axes[axis]) / fitting).rounded(.down)) : 0
            }
            return Cell(x: place(0), y: place(1), z: place(2))
        }
        lowest = cell(\.min)
        highest = cell(\.max)
    }

    /// The cell that holds a point; of one outside the zone the nearest.
    @inline(__always)
    func cell(at point: Vector3) -> Cell {
        func place(_ coordinate: Double, _ low: Int32, _ high: Int32) -> Int32 {
            let place = (coordinate / size).rounded(.down)
            guard place > Double(low) else { return low }
            return place >= Double(high) ? high : Int32(place)
        }
        return Cell(
            x: place(point.x, lowest.x, highest.x), y: place(point.y, lowest.y, highest.y),
            z: dimensions == 3 ? place(point.z, lowest.z, highest.z) : 0)
    }

    /// The cell that a point which was in `cell` is in now: another only when it is beyond the border by more than the margin.
    @inline(__always)
    func cell(at point: Vector3, from cell: Cell) -> Cell {
        func stays(_ coordinate: Double, _ place: Int32) -> Bool {
            let low = Double(place) * size
            return coordinate >= low - margin && coordinate <= low + size + margin
        }
        if stays(point.x, cell.x) && stays(point.y, cell.y) && (dimensions == 2 || stays(point.z, cell.z)) {
            return cell
        }
        return self.cell(at: point)
    }

    /// Whether a shape seen from anywhere in one cell may touch something in the other, `offset` away, with either at most the margin
    /// outside its cell. `squaredDistance` is how far they are apart at least.
    func reach(_ shape: Interest.Shape, _ offset: Cell) -> (isWithin: Bool, squaredDistance: Double) {
        func gap(_ cells: Int32) -> Double { max(0, Double(abs(cells) - 1) * size - 2 * margin) }
        let gaps = Vector3(gap(offset.x), gap(offset.y), gap(offset.z))
        let squared = gaps.squaredDistance(to: Vector3(0, 0))
        switch shape {
        case .everything: return (true, squared)
        case .sphere(let radius): return (radius >= 0 && squared <= radius * radius, squared)
        case .box(let half): return (gaps.x <= half.x && gaps.y <= half.y && gaps.z <= half.z, squared)
        case .grid(let radius):
            let ground = dimensions == 2 ? offset.y : offset.z
            return (abs(Int(offset.x)) <= radius && abs(Int(ground)) <= radius, squared)
        }
    }

    /// How many cells a shape can reach along each axis, each way.
    func extent(of shape: Interest.Shape) -> Cell {
        func cells(_ distance: Double, _ axis: Int) -> Int32 {
            let most = highest[axis] - lowest[axis]
            let cells = ((distance + 2 * margin) / size).rounded(.up) + 1
            return cells >= 0 && cells < Double(most) ? Int32(cells) : max(0, most)
        }
        switch shape {
        case .everything: return highest - lowest
        case .sphere(let radius): return Cell(x: cells(radius, 0), y: cells(radius, 1), z: cells(radius, 2))
        case .box(let half): return Cell(x: cells(half.x, 0), y: cells(half.y, 1), z: cells(half.z, 2))
        case .grid(let radius):
            let radius = Int32(clamping: min(max(radius, 0), Int(Cell.limit)))
            let whole = highest - lowest
            return dimensions == 2
                ? Cell(x: min(radius, whole.x), y: min(radius, whole.y), z: 0)
                : Cell(x: min(radius, whole.x), y: whole.y, z: min(radius, whole.z))
        }
    }
}

extension Cell {
    fileprivate subscript(axis: Int) -> Int32 { axis == 0 ? x : axis == 1 ? y : z }
}
