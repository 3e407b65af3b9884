package import PylonJSON

/// Reads the `$` filter objects of queries (spec/data.md 3.3, defects 32 and 33).
///
/// Nothing is silently ignored: unknown operators, unknown `$keys` and operands of the wrong type are refused, with the
/// place. `null` as an operand of equality, `$not` and `$in` means "is null".
package struct FilterParser {
    private let entity: Entity
    private let limits: FilterLimits
    private var conditionCount = 0
    private var operandCount = 0
    private var order: [Query.Order] = []
    private var limit: Int?
    private var offset = 0
    private var search: String?

    /// Reads a filter for rows of `entity`. Null is a filter that asks for nothing; other JSON than an object is refused.
    package static func parse(
        _ json: JSONValue, for entity: Entity, limits: FilterLimits = .standard
    ) throws(QueryProblem) -> Query {
        try parse(json, for: entity, limits: limits, at: ValuePath())
    }

    /// Reads a filter that stands at `path` of a body.
    static func parse(
        _ json: JSONValue, for entity: Entity, limits: FilterLimits, at path: ValuePath
    ) throws(QueryProblem) -> Query {
        if json.isNull { return Query() }
        guard let object = json.object else { throw .invalid(path, "a filter must be an object, not \(json.kind)") }
        var parser = FilterParser(entity: entity, limits: limits)
        let condition = try parser.conjunction(object, at: path, depth: 0)
        return Query(
            condition: condition.simplified(), order: parser.order, limit: parser.limit, offset: parser.offset,
            search: parser.search)
    }

    private init(entity: Entity, limits: FilterLimits) {
        self.entity = entity
        self.limits = limits
    }

    // MARK: Structure

    /// The members of one filter object, all of which must hold.
    private mutating func conjunction(
        _ object: JSONObject, at path: ValuePath, depth: Int
    ) throws(QueryProblem) -> Condition {
        var parts: [Condition] = []
        for member in object {
            let path = path.key(member.key)
            if !member.key.hasPrefix("$") {
                parts.append(try column(member.key, member.value, at: path))
            } else if member.key == "$and" || member.key == "$or" {
                let group = try self.group(member.value, at: path, depth: depth)
                parts.append(member.key == "$and" ? .all(group) : .any(group))
            } else {
                try setting(member.key, member.value, at: path, depth: depth)
            }
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private mutating func group(
        _ json: JSONValue, at path: ValuePath, depth: Int
    ) throws(QueryProblem) -> [Condition] {
        guard let elements = json.array else {
            throw .invalid(path, "must be an array of filters, not \(json.kind)")
        }
        if depth >= limits.depthMaximum {
            throw .limit(path, "nests deeper than \(limits.depthMaximum) levels")
        }
        try count(at: path)
        var parts: [Condition] = []
        for (index, element) in elements.enumerated() {
            let path = path.index(index)
            guard let object = element.object else {
                throw .invalid(path, "must be a filter object, not \(element.kind)")
            }
            try count(at: path)
            parts.append(try conjunction(object, at: path, depth: depth + 1))
        }
        return parts
    }

    private mutating func count(at path: ValuePath) throws(QueryProblem) {
        conditionCount += 1
        if conditionCount > limits.conditionCountMaximum {
            throw .limit(path, "a filter may have at most \(limits.conditionCountMaximum) conditions")
        }
    }

    // MARK: Columns

    /// What is asked of one column: a value to equal, or an object of operators.
    private mutating func column(
        _ name: String, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> Condition {
        guard let type = entity.columnType(name) else { throw .unknownColumn(name, of: entity, at: path) }
        guard let operators = json.object else {
            try count(at: path)
            return try equality(Operands(column: name, type: type), json, at: path)
        }
        if operators.isEmpty { throw .invalid(path, "has no operator; known are \(Self.operators)") }
        var parts: [Condition] = []
        for member in operators {
            let path = path.key(member.key)
            try count(at: path)
            parts.append(
                try condition(Operands(column: name, type: type), member.key, member.value, at: path))
        }
        return parts.count == 1 ? parts[0] : .all(parts)
    }

    private static let operators = "$not, $gt, $gte, $lt, $lte, $like, $in, $isNull"

    private mutating func condition(
        _ operands: Operands, _ name: String, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> Condition {
        switch name {
        case "$not":
            if json.isNull { return .not(.isNull(operands.column)) }
            return .compare(operands.column, .notEqual, try operand(operands, json, at: path))
        case "$gt": return try comparison(operands, .greater, json, at: path)
        case "$gte": return try comparison(operands, .greaterOrEqual, json, at: path)
        case "$lt": return try comparison(operands, .less, json, at: path)
        case "$lte": return try comparison(operands, .lessOrEqual, json, at: path)
        case "$like": return .contains(operands.column, try pattern(operands, json, at: path))
        case "$in": return try membership(operands, json, at: path)
        case "$isNull":
            guard let isNull = json.bool else { throw .invalid(path, "must be true or false, not \(json.kind)") }
            return isNull ? .isNull(operands.column) : .not(.isNull(operands.column))
        default: throw .invalid(path, "is no operator; known are \(Self.operators)")
        }
    }

    private mutating func equality(
        _ operands: Operands, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> Condition {
        if json.isNull { return .isNull(operands.column) }
        return .compare(operands.column, .equal, try operand(operands, json, at: path))
    }

    private mutating func comparison(
        _ operands: Operands, _ comparison: Comparison, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> Condition {
        .compare(operands.column, comparison, try operand(operands, json, at: path))
    }

    private mutating func membership(
        _ operands: Operands, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> Condition {
        guard let elements = json.array else { throw .invalid(path, "must be an array, not \(json.kind)") }
        if elements.count > limits.inCountMaximum {
            throw .limit(path, "may have at most \(limits.inCountMaximum) elements")
        }
        var values: [FieldValue] = []
        values.reserveCapacity(elements.count)
        var admitsNull = false
        for (index, element) in elements.enumerated() {
            if element.isNull {
                admitsNull = true
            } else {
                values.append(try operand(operands, element, at: path.index(index)))
            }
        }
        let members = Condition.oneOf(operands.column, values)
        return admitsNull ? .any([.isNull(operands.column), members]) : members
    }

    private mutating func operand(
        _ operands: Operands, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> FieldValue {
        operandCount += 1
        if operandCount > limits.operandCountMaximum {
            throw .limit(path, "a filter may have at most \(limits.operandCountMaximum) operands")
        }
        do {
            return try operands.value(from: json)
        } catch {
            throw .invalid(path, error.description)
        }
    }

    private func pattern(
        _ operands: Operands, _ json: JSONValue, at path: ValuePath
    ) throws(QueryProblem) -> String {
        guard operands.type.isText else {
            throw .invalid(path, "needs a text column; \(operands.column) is of type \(operands.type.text)")
        }
        return try text(json, at: path, byteCountMaximum: limits.likeByteCountMaximum)
    }

    // MARK: Settings

    private mutating func setting(
        _ key: String, _ json: JSONValue, at path: ValuePath, depth: Int
    ) throws(QueryProblem) {
        let known = "$and, $or, $order, $limit, $offset, $search"
        guard ["$order", "$limit", "$offset", "$search"].contains(key) else {
            throw .invalid(path, "is not known here; known are \(known)")
        }
        if depth > 0 { throw .invalid(path, "belongs to the outermost object") }
        if json.isNull { return }
        switch key {
        case "$order": order = try orders(json, at: path)
        case "$limit": limit = try count(json, at: path)
        case "$offset": offset = try count(json, at: path)
        default:
            let text = try text(json, at: path, byteCountMaximum: limits.searchByteCountMaximum)
            guard text.utf8.contains(where: { $0 > 0x20 }) else { throw .invalid(path, "must not be empty") }
            search = text
        }
    }

    /// The columns in the order they are given (defect 33).
    private func orders(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> [Query.Order] {
        guard let object = json.object else {
            throw .invalid(path, "must be an object like {\"createdAt\": \"desc\"}, not \(json.kind)")
        }
        if object.count > limits.orderCountMaximum {
            throw .limit(path, "may name at most \(limits.orderCountMaximum) columns")
        }
        var orders: [Query.Order] = []
        for member in object {
            let path = path.key(member.key)
            guard entity.columnType(member.key) != nil else { throw .unknownColumn(member.key, of: entity, at: path) }
            switch member.value.string.map(Name.folded) {
            case "asc": orders.append(Query.Order(column: member.key, isDescending: false))
            case "desc": orders.append(Query.Order(column: member.key, isDescending: true))
            default: throw .invalid(path, "must be \"asc\" or \"desc\"")
            }
        }
        return orders
    }

    private func count(_ json: JSONValue, at path: ValuePath) throws(QueryProblem) -> Int {
        guard let count = json.int, count >= 0 else { throw .invalid(path, "must be a whole number, 0 or more") }
        return count
    }

    private func text(
        _ json: JSONValue, at path: ValuePath, byteCountMaximum: Int
    ) throws(QueryProblem) -> String {
        guard let text = json.string else { throw .invalid(path, "must be a string, not \(json.kind)") }
        if text.utf8.count > byteCountMaximum {
            throw .limit(path, "may have at most \(byteCountMaximum) bytes")
        }
        if text.utf8.contains(0) { throw .invalid(path, FieldProblem.containsNUL.description) }
        return text
    }
}

/// What values a column can be compared with.
private struct Operands {
    let column: String
    let type: FieldType

    /// As for writing, but wider where a comparison still makes sense: any number for numbers, a day for an instant.
    func value(from json: JSONValue) throws(FieldProblem) -> FieldValue {
        switch (type, json) {
        case (.int, .integer(let value)), (.float, .integer(let value)): return .integer(value)
        case (.int, .number(let value)), (.float, .number(let value)): return .real(value)
        case (.datetime, .string(let text)) where DateTimeText.isDate(text): return .text(text)
        default: return try type.value(from: json)
        }
    }
}
