package import PylonJSON
package import PylonSchema

/// How the writing of an aggregate ended.
package enum AggregateOutcome: Hashable, Sendable {
    case complete
    /// There are more groups than were to be written.
    case tooManyGroups
    /// What was written is longer than it may be.
    case tooLarge
}

extension DatabaseReading where Self: ~Copyable {
    /// Writes one object for each group, ordered by the groups' values, as an array's elements: the caller has opened the
    /// array. Keys come in alphabetical order. Stops behind `groupsMaximum` groups, and when `writer` holds more than
    /// `bytesMaximum`.
    package func writeAggregate(
        _ aggregate: Aggregate, of table: EntityTable, groupsMaximum: Int = .max - 1, bytesMaximum: Int = .max,
        writesBoolsAsIntegers: Bool = false, to writer: inout JSONWriter
    ) throws(StorageError) -> AggregateOutcome {
        let outputs = try aggregate.outputs(table)
        guard !outputs.isEmpty else { throw .invalidQuery("nothing to compute") }
        var sql = SQLWriter(table.entity, sql: "SELECT ")
        sql.append(outputs.map(\.sql).joined(separator: ", ") + " FROM \(table.name)")
        try sql.appendWhere(aggregate.condition)
        if !aggregate.groups.isEmpty {
            let places = aggregate.groups.indices.map { String($0 + 1) }.joined(separator: ", ")
            sql.append(" GROUP BY \(places) ORDER BY \(places)")
        }
        // One more than may be tells that there are more.
        sql.appendLimit(groupsMaximum + 1, offset: 0)
        let members = outputs.enumerated().sorted {
            $0.element.name.utf8.lexicographicallyPrecedes($1.element.name.utf8)
        }
        var count = 0
        var outcome = AggregateOutcome.complete
        do throws(StorageError) {
            try connection.rows(sql.sql, sql.values) { row in
                count += 1
                if count > groupsMaximum { outcome = .tooManyGroups }
                if writer.count > bytesMaximum { outcome = .tooLarge }
                guard outcome == .complete else { return false }
                writer.beginObject()
                for (position, output) in members {
                    writer.key(output.name)
                    RowEncoder.write(row, position, output.type, writesBoolsAsIntegers, to: &writer)
                }
                writer.endObject()
                return true
            }
        } catch {
            throw aggregate.explained(error)
        }
        return writer.count > bytesMaximum ? .tooLarge : outcome
    }
}

extension Aggregate.Bucket {
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

extension Aggregate {
    /// What is computed is ours and the numbers are the rows': whole numbers add up to more than SQLite can hold, which it says
    /// with this text alone.
    fileprivate func explained(_ error: StorageError) -> StorageError {
        guard case .failed(let failure) = error, failure.message == "integer overflow" else { return error }
        return .invalidQuery("a sum does not fit into 64 bits")
    }

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
        if countsRows { outputs.append(Output(name: Self.rowCountName, sql: "count(*)", type: nil)) }
        for term in terms {
            let (column, type) = try Self.column(term.field, table)
            let name = term.outputName
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
