internal import PylonBytes
internal import PylonJSON
internal import PylonSchema
internal import PylonStorage

/// The rows of one ``GraphPlan``, each as the text of an object, and what lies below them.
struct GraphRows {
    /// The objects, one behind the other.
    private(set) var text: [UInt8] = []
    /// Where each object ends.
    private var ends: [Int] = []
    /// Which rows a parent's value leads to; empty for the outermost.
    fileprivate(set) var groups: [String: [Int]] = [:]
    /// For each relation the value by which each row leads on, nil for nowhere.
    fileprivate(set) var keys: [[String?]] = []
    /// For each relation the rows it leads to.
    fileprivate(set) var children: [GraphRows] = []

    var count: Int { ends.count }

    fileprivate mutating func append(_ object: UnsafeRawBufferPointer) {
        text.append(contentsOf: object)
        ends.append(text.count)
    }

    /// The text of one object.
    func object(_ index: Int) -> ArraySlice<UInt8> { text[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }
}

/// Reads the rows of graph plans from one snapshot: each relation of each level with one statement, or as many as its
/// parents' values need parameters, never one for each parent.
struct GraphReader: ~Copyable {
    /// Parents' values in one statement. What SQLite takes beyond (``SQLWriter/valuesMaximum``) is left to filters and rules.
    static let valuesMaximum = 16_384

    let rowsMaximum: Int
    let bytesMaximum: Int
    /// Whether there was more than may be; what was read is then incomplete.
    private(set) var isTooLarge = false
    private var rowCount = 0
    private var byteCount = 0
    private var json = JSONWriter()

    init(rowsMaximum: Int, bytesMaximum: Int) {
        self.rowsMaximum = rowsMaximum
        self.bytesMaximum = bytesMaximum
    }

    /// The rows that the plan of an outermost entity asks for.
    mutating func rows(
        _ plan: GraphPlan, in transaction: borrowing ReadTransaction
    ) throws(StorageError) -> GraphRows {
        var rows = GraphRows(branches: plan.includes.count)
        var query = plan.query
        if let rule = plan.rule {
            query.condition = Condition.all([query.condition, rule]).simplified()
        } else {
            query.limit = nil
            query.offset = 0
        }
        var seen = 0
        if plan.query.limit != 0 {
            try plan.source.rows(query, in: transaction) { row throws(StorageError) in
                if plan.rule == nil {
                    guard plan.mayRead(StoredRow(plan.source.table, row)) else { return true }
                    seen += 1
                    guard seen > plan.query.offset else { return true }
                }
                return take(row, plan, into: &rows) && rows.count != plan.query.limit
            }
        }
        try readChildren(of: &rows, plan, in: transaction)
        return rows
    }

    private mutating func readChildren(
        of rows: inout GraphRows, _ plan: GraphPlan, in transaction: borrowing ReadTransaction
    ) throws(StorageError) {
        for (index, branch) in plan.includes.enumerated() where !isTooLarge {
            // Distinct, in the order of the rows: statements and their plans then do not depend on chance.
            var taken: Set<String> = []
            let values = rows.keys[index].compactMap { $0 }.filter { taken.insert($0).inserted }
            rows.children.append(try children(branch, of: values, in: transaction))
        }
    }

    /// The rows that a relation leads to from parents with `values`.
    private mutating func children(
        _ branch: GraphBranch, of values: [String], in transaction: borrowing ReadTransaction
    ) throws(StorageError) -> GraphRows {
        let plan = branch.plan
        var rows = GraphRows(branches: plan.includes.count)
        var seen: [String: Int] = [:]
        var start = 0
        while start < values.count, !isTooLarge, plan.rule != .never {
            let chunk = values[start..<min(start + Self.valuesMaximum, values.count)]
            start += Self.valuesMaximum
            let parents = Condition.oneOf(branch.childColumn, chunk.map { .text($0) })
            let condition = Condition.all([parents, plan.query.condition, plan.rule ?? .always]).simplified()
            try plan.source.rows(
                RowQuery(condition, order: plan.query.order), in: transaction
            ) { row throws(StorageError) in
                if plan.rule == nil, !plan.mayRead(StoredRow(plan.source.table, row)) { return true }
                let value = row.text(branch.childPosition)
                let place = seen[value, default: 0]
                seen[value] = place + 1
                guard place >= plan.query.offset, place - plan.query.offset < plan.query.limit ?? .max else {
                    return true
                }
                rows.groups[value, default: []].append(rows.count)
                return take(row, plan, into: &rows)
            }
        }
        try readChildren(of: &rows, plan, in: transaction)
        return rows
    }

    /// Keeps a row; false when there is no room for more.
    private mutating func take(_ row: borrowing Row, _ plan: GraphPlan, into rows: inout GraphRows) -> Bool {
        json.reset()
        plan.encoder.write(row, to: &json)
        rowCount += 1
        byteCount += json.count
        isTooLarge = rowCount > rowsMaximum || byteCount > bytesMaximum
        guard !isTooLarge else { return false }
        json.withUnsafeBytes { rows.append($0) }
        for (index, branch) in plan.includes.enumerated() {
            let isNull = row.isNull(branch.parentPosition)
            rows.keys[index].append(isNull ? nil : row.text(branch.parentPosition))
        }
        return true
    }
}

extension GraphRows {
    fileprivate init(branches: Int) {
        keys = Array(repeating: [], count: branches)
    }

    /// Appends one object with everything below it, and returns whether `answer` is still within `bytesMaximum`: rows that are
    /// read once may be written below many parents.
    func write(_ index: Int, _ plan: GraphPlan, to answer: inout [UInt8], bytesMaximum: Int) -> Bool {
        guard !plan.includes.isEmpty else {
            answer.append(contentsOf: object(index))
            return answer.count <= bytesMaximum
        }
        answer.append(contentsOf: object(index).dropLast())
        for (place, branch) in plan.includes.enumerated() {
            let found = keys[place][index].flatMap { children[place].groups[$0] } ?? []
            // To one row that is not there, or that the caller may not read, there is no key either.
            if !branch.isMany, found.isEmpty { continue }
            if answer.last != UInt8(ascii: "{") { answer.append(UInt8(ascii: ",")) }
            answer.append(contentsOf: branch.key)
            let isWritten =
                branch.isMany
                ? children[place].writeArray(found, branch.plan, to: &answer, bytesMaximum: bytesMaximum)
                : children[place].write(found[0], branch.plan, to: &answer, bytesMaximum: bytesMaximum)
            guard isWritten else { return false }
        }
        answer.append(UInt8(ascii: "}"))
        return answer.count <= bytesMaximum
    }

    /// Appends an array of the objects; false, and incomplete, when they are too much.
    func writeArray(
        _ indexes: some Sequence<Int>, _ plan: GraphPlan, to answer: inout [UInt8], bytesMaximum: Int
    ) -> Bool {
        answer.append(UInt8(ascii: "["))
        var isFirst = true
        for index in indexes {
            if !isFirst { answer.append(UInt8(ascii: ",")) }
            isFirst = false
            guard write(index, plan, to: &answer, bytesMaximum: bytesMaximum) else { return false }
        }
        answer.append(UInt8(ascii: "]"))
        return answer.count <= bytesMaximum
    }
}
