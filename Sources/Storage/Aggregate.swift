package import PylonJSON
package import PylonSchema

/// What to compute over the rows of a table, by group.
package struct Aggregate: Hashable, Sendable {
    /// The functions of the wire.
    package enum Function: String, Hashable, Sendable, CaseIterable {
        case sum, avg, min, max
        case countDistinct = "count_distinct"
        /// Of a field: rows where it is not null.
        case count
    }

    /// A span of time that a datetime falls into.
    package enum Bucket: String, Hashable, Sendable, CaseIterable {
        case hour, day, week, month, year

        /// SQLite's format: hours as `2026-05-01 10:00:00`, weeks as `2026-W17`, starting on Monday, from 00.
        fileprivate var format: String {
            switch self {
            case .hour: "%Y-%m-%d %H:00:00"
            case .day: "%Y-%m-%d"
            case .week: "%Y-W%W"
            case .month: "%Y-%m"
            case .year: "%Y"
            }
        }
    }

    /// What rows are grouped by.
    package enum Group: Hashable, Sendable {
        case field(String)
        case bucket(String, Bucket)

        fileprivate var outputName: String {
            switch self {
            case .field(let name): name
            case .bucket(let name, let bucket): "\(name)_\(bucket.rawValue)"
            }
        }
    }

    /// One function of one field; its output is called `<function>_<field>`.
    package struct Term: Hashable, Sendable {
        package var function: Function
        package var field: String

        package init(_ function: Function, _ field: String) {
            self.function = function
            self.field = field
        }
    }

    /// Whether to count rows, as `count`.
    package var countsRows: Bool
    package var terms: [Term]
    package var groups: [Group]
    package var condition: Condition
    /// Groups returned at most.
    package var limit: Int

    /// The default of ``limit``.
    package static let groupsMaximum = 10_000

    package init(
        countsRows: Bool = false, terms: [Term] = [], groups: [Group] = [], condition: Condition = .always,
        limit: Int = groupsMaximum
    ) {
        self.countsRows = countsRows
        self.terms = terms
        self.groups = groups
        self.condition = condition
        self.limit = limit
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// Writes one object for each group, ordered by the groups' values, as an array's elements: the caller has opened the
    /// array. Keys come in alphabetical order.
    package func writeAggregate(
        _ aggregate: Aggregate, of table: EntityTable, writesBoolsAsIntegers: Bool = false,
        to writer: inout JSONWriter
    ) throws(StorageError) {
        let outputs = try aggregate.outputs(table)
        guard !outputs.isEmpty else { throw .invalidQuery("nothing to compute") }
        var sql = SQLWriter(table.entity, sql: "SELECT ")
        sql.append(outputs.map(\.sql).joined(separator: ", ") + " FROM \(table.name)")
        try sql.appendWhere(aggregate.condition)
        if !aggregate.groups.isEmpty {
            let places = aggregate.groups.indices.map { String($0 + 1) }.joined(separator: ", ")
            sql.append(" GROUP BY \(places) ORDER BY \(places)")
        }
        sql.appendLimit(aggregate.limit, offset: 0)
        let members = outputs.enumerated().sorted {
            $0.element.name.utf8.lexicographicallyPrecedes($1.element.name.utf8)
        }
        try connection.rows(sql.sql, sql.values) { row in
            writer.beginObject()
            for (position, output) in members {
                writer.key(output.name)
                RowEncoder.write(row, position, output.type, writesBoolsAsIntegers, to: &writer)
            }
            writer.endObject()
            return true
        }
    }
}

extension Aggregate {
    fileprivate struct Output {
        let name: String
        let sql: String
        /// Nil where the result is no value of a column.
        let type: FieldType?
    }

    /// The columns of the result; groups first.
    fileprivate func outputs(_ table: EntityTable) throws(StorageError) -> [Output] {
        var outputs: [Output] = []
        for group in groups {
            switch group {
            case .field(let name):
                let (column, type) = try Self.column(name, table)
                outputs.append(Output(name: group.outputName, sql: column, type: type))
            case .bucket(let name, let bucket):
                let (column, type) = try Self.column(name, table)
                guard type.isText else { throw .invalidQuery("\(name) holds no times") }
                outputs.append(
                    Output(name: group.outputName, sql: "strftime('\(bucket.format)', \(column))", type: nil))
            }
        }
        if countsRows { outputs.append(Output(name: "count", sql: "count(*)", type: nil)) }
        for term in terms {
            let (column, type) = try Self.column(term.field, table)
            let name = "\(term.function.rawValue)_\(term.field)"
            switch term.function {
            case .count: outputs.append(Output(name: name, sql: "count(\(column))", type: nil))
            case .countDistinct: outputs.append(Output(name: name, sql: "count(DISTINCT \(column))", type: nil))
            case .sum, .avg:
                guard !type.isText else { throw .invalidQuery("\(term.field) holds no numbers") }
                outputs.append(Output(name: name, sql: "\(term.function.rawValue)(\(column))", type: nil))
            case .min, .max:
                outputs.append(Output(name: name, sql: "\(term.function.rawValue)(\(column))", type: type))
            }
        }
        return outputs
    }

    private static func column(
        _ name: String, _ table: EntityTable
    ) throws(StorageError) -> (sql: String, type: FieldType) {
        guard let position = table.position(of: name) else {
            throw .unknownField(entity: table.entity.name, field: name)
        }
        return (SQLWriter.quoted(name), table.columns[position].type)
    }
}
