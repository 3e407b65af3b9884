package import PylonSchema

/// Writes SQL for one entity: text with every name quoted, and the values to bind, which never enter the text.
///
/// Comparisons follow ``Condition/matches(_:)`` exactly: a null operand makes them false, and `.not` of that is true. Within
/// AND and OR SQL's third value acts as false; `IS NOT TRUE` turns it into a plain one wherever a negation could see it.
package struct SQLWriter {
    /// The text so far.
    package private(set) var sql = ""
    /// The values for its parameters, in order.
    package private(set) var values: [FieldValue] = []
    private let entity: Entity

    /// Values in one statement, SQLite's own limit (SQLITE_MAX_VARIABLE_NUMBER).
    package static let valuesMaximum = 32_766
    /// Bytes of a pattern, SQLite's own limit (SQLITE_MAX_LIKE_PATTERN_LENGTH).
    package static let patternBytesMaximum = 50_000

    /// Writes about the columns of `entity`.
    package init(_ entity: Entity, sql: String = "") {
        self.entity = entity
        self.sql = sql
    }

    /// `name` in quotes, whatever it contains: reserved words, blanks, quotes.
    package static func quoted(_ name: String) -> String { enclosed(name, in: "\"") }

    /// `text` between two of `quote`, with those in it doubled. Code point by code point: to `Character` a quote is none when a
    /// combining mark follows it, and to SQLite it is.
    static func enclosed(_ text: String, in quote: Unicode.Scalar) -> String {
        guard text.unicodeScalars.contains(quote) else { return "\(quote)\(text)\(quote)" }
        var enclosed = String.UnicodeScalarView()
        enclosed.append(quote)
        for scalar in text.unicodeScalars {
            if scalar == quote { enclosed.append(quote) }
            enclosed.append(scalar)
        }
        enclosed.append(quote)
        return String(enclosed)
    }

    /// Appends SQL that comes from no caller.
    package mutating func append(_ text: String) {
        sql += text
    }

    /// Appends a parameter and its value.
    package mutating func append(value: FieldValue) {
        sql += "?"
        values.append(value)
    }

    /// Appends the column's name in quotes; throws `unknownField` when the entity has none such.
    package mutating func append(column: String) throws(StorageError) {
        _ = try type(of: column)
        sql += Self.quoted(column)
    }

    /// Appends an expression that is true for exactly the rows that `condition` matches; for others it is false or null.
    package mutating func append(_ condition: Condition) throws(StorageError) {
        try write(condition)
        guard values.count <= Self.valuesMaximum else { throw .invalidQuery("more than \(Self.valuesMaximum) values") }
    }

    /// Appends ` WHERE …`, or nothing when every row matches.
    package mutating func appendWhere(_ condition: Condition) throws(StorageError) {
        if case .always = condition { return }
        append(" WHERE ")
        try append(condition)
    }

    /// Appends ` ORDER BY …`, closed by the id so that the order is total, and pages neither overlap nor skip.
    package mutating func appendOrder(_ order: [RowOrder]) throws(StorageError) {
        append(" ORDER BY ")
        var isTotal = false
        for (index, term) in order.enumerated() {
            if index > 0 { append(", ") }
            try append(column: term.field)
            if term.isDescending { append(" DESC") }
            isTotal = isTotal || term.field == Entity.idColumn
        }
        if !isTotal { append(order.isEmpty ? "\"id\"" : ", \"id\"") }
    }

    /// Appends ` LIMIT ? OFFSET ?`; nothing when there is neither.
    package mutating func appendLimit(_ limit: Int?, offset: Int) {
        if limit == nil, offset == 0 { return }
        append(" LIMIT ")
        append(value: .integer(Int64(limit ?? -1)))
        if offset == 0 { return }
        append(" OFFSET ")
        append(value: .integer(Int64(offset)))
    }
}

/// One term of an order. Nulls come first, last when descending.
package struct RowOrder: Hashable, Sendable {
    package var field: String
    package var isDescending: Bool

    package init(_ field: String, isDescending: Bool = false) {
        self.field = field
        self.isDescending = isDescending
    }
}

// MARK: Conditions

extension SQLWriter {
    private func type(of column: String) throws(StorageError) -> FieldType {
        guard let type = entity.columnType(column) else { throw .unknownField(entity: entity.name, field: column) }
        return type
    }

    private mutating func write(_ condition: Condition) throws(StorageError) {
        switch condition {
        case .always: append("1")
        case .never: append("0")
        case .isNull(let column):
            try append(column: column)
            append(" IS NULL")
        case .compare(let column, let comparison, let operand): try write(column, comparison, operand)
        case .compareColumns(let left, let comparison, let right): try write(left, comparison, column: right)
        case .oneOf(let column, let operands): try write(column, among: operands)
        case .contains(let column, let text): try write(column, containing: text)
        case .not(let inner):
            append("(")
            try write(inner)
            append(") IS NOT TRUE")
        case .all(let parts): try write(parts[...], joinedBy: " AND ", orElse: "1")
        case .any(let parts): try write(parts[...], joinedBy: " OR ", orElse: "0")
        }
    }

    /// Halves the list at each level: a chain as long as a filter may be would exceed SQLite's expression depth of 1,000.
    private mutating func write(
        _ parts: ArraySlice<Condition>, joinedBy word: String, orElse constant: String
    ) throws(StorageError) {
        guard parts.count > 1 else {
            guard let only = parts.first else { return append(constant) }
            append("(")
            try write(only)
            return append(")")
        }
        let middle = parts.startIndex + parts.count / 2
        append("(")
        try write(parts[..<middle], joinedBy: word, orElse: constant)
        append(word)
        try write(parts[middle...], joinedBy: word, orElse: constant)
        append(")")
    }

    private mutating func write(
        _ column: String, _ comparison: Comparison, _ operand: FieldValue
    ) throws(StorageError) {
        let type = try type(of: column)
        if operand.isNull { return append("0") }
        // SQLite would convert the operand to the column's type instead.
        guard type.isText == (operand.text != nil) else {
            return append(comparison == .notEqual ? Self.quoted(column) + " IS NOT NULL" : "0")
        }
        append(Self.quoted(column) + comparison.sql)
        append(value: operand)
    }

    private mutating func write(
        _ left: String, _ comparison: Comparison, column right: String
    ) throws(StorageError) {
        let (one, other) = (Self.quoted(left), Self.quoted(right))
        guard try type(of: left).isText == type(of: right).isText else {
            return append(comparison == .notEqual ? "(\(one) IS NOT NULL AND \(other) IS NOT NULL)" : "0")
        }
        append(one + comparison.sql + other)
    }

    /// The list is filled up to a power of two with its last value, so that lists of all lengths share a few statements.
    private mutating func write(_ column: String, among operands: [FieldValue]) throws(StorageError) {
        let isText = try type(of: column).isText
        let fitting = operands.filter { !$0.isNull && ($0.text != nil) == isText }
        guard let last = fitting.last else { return append("0") }
        guard fitting.count <= Self.valuesMaximum else {
            throw .invalidQuery("more than \(Self.valuesMaximum) values")
        }
        var places = 1
        while places < fitting.count { places *= 2 }
        places = max(min(places, Self.valuesMaximum - values.count), fitting.count)
        append(Self.quoted(column) + " IN (" + repeatElement("?", count: places).joined(separator: ",") + ")")
        values += fitting
        values += repeatElement(last, count: places - fitting.count)
    }

    private mutating func write(_ column: String, containing text: String) throws(StorageError) {
        guard try type(of: column).isText else { return append("0") }
        guard text.utf8.count + 2 <= Self.patternBytesMaximum else {
            throw .invalidQuery("a text to look for of more than \(Self.patternBytesMaximum) bytes")
        }
        append(Self.quoted(column) + " LIKE ")
        append(value: .text("%" + text + "%"))
    }
}

extension Comparison {
    fileprivate var sql: String {
        switch self {
        case .equal: " = "
        case .notEqual: " <> "
        case .less: " < "
        case .lessOrEqual: " <= "
        case .greater: " > "
        case .greaterOrEqual: " >= "
        }
    }
}
