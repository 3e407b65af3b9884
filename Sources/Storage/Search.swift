package import PylonSchema

/// What to look for in a searchable entity.
package struct SearchRequest: Sendable {
    /// FTS5's query syntax; nil or empty for every row.
    package var text: String?
    /// What the rows found have to satisfy, besides: filters and policies.
    package var condition: Condition
    /// Fields whose values are counted over everything found.
    package var facets: [String]
    /// Nil for the best match first, without a text the order of ids.
    package var order: [RowOrder]?
    /// Nil for all hits.
    package var limit: Int?
    package var offset: Int

    package init(
        _ text: String?, where condition: Condition = .always, facets: [String] = [], order: [RowOrder]? = nil,
        limit: Int? = 20, offset: Int = 0
    ) {
        self.text = text
        self.condition = condition
        self.facets = facets
        self.order = order
        self.limit = limit
        self.offset = offset
    }

    /// Bytes of a query: longer ones are refused. The API's own limit is tighter; taken apart and quoted, texts grow.
    package static let textBytesMaximum = 32 << 10
    /// Hits up to which facets are counted, as in the reference (spec/data.md 3.7).
    package static let facetRowsMaximum = 1_000_000
    /// Values counted for each facet, the most frequent ones.
    package static let facetValuesMaximum = 1000
}

/// What a search found beyond the rows of its page.
package struct SearchTotals: Hashable, Sendable {
    /// How many rows were found.
    package var total = 0
    /// For each facet, values with their counts, the most frequent first. Values are spelled as in JSON, texts as they are.
    package var facets: [Facet] = []

    /// One facet with its counts.
    package struct Facet: Hashable, Sendable {
        package let field: String
        package var counts: [Count]
    }

    /// How many rows have one value.
    package struct Count: Hashable, Sendable {
        package let value: String
        package let count: Int
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// Passes the rows of one page, best match first or in the order asked for, to `body`, until it returns false.
    ///
    /// A text needs the table's ``SearchIndex``. Throws `invalidQuery` for one that is none of FTS5's.
    package func searchRows(
        _ table: EntityTable, _ request: SearchRequest, _ body: (borrowing Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        let columns = table.columns.map { SQLWriter.quoted($0.name) }.joined(separator: ", ")
        var writer = SQLWriter(table.entity, sql: "SELECT \(columns)")
        try request.appendFound(in: table, to: &writer)
        if let order = request.order {
            try writer.appendOrder(order)
        } else {
            writer.append(request.relevanceOrder)
        }
        writer.appendLimit(request.limit, offset: request.offset)
        do throws(StorageError) {
            try connection.rows(writer.sql, writer.values, body)
        } catch {
            throw request.explained(error)
        }
    }

    /// Counts what a search finds, whole and by facet, looking for it once. Facets of more than
    /// ``SearchRequest/facetRowsMaximum`` hits are not counted.
    package func searchTotals(
        _ table: EntityTable, _ request: SearchRequest
    ) throws(StorageError) -> SearchTotals {
        let types = try request.facets.map { (name) throws(StorageError) in
            guard let position = table.position(of: name) else {
                throw .unknownField(entity: table.entity.name, field: name)
            }
            return table.columns[position].type
        }
        let writer = try request.totalsSQL(table)
        var totals = SearchTotals()
        totals.facets = request.facets.map { SearchTotals.Facet(field: $0, counts: []) }
        do throws(StorageError) {
            try connection.rows(writer.sql, writer.values) { row in
                let position = Int(row.integer(0))
                let count = Int(row.integer(2))
                if position < 0 {
                    totals.total = count
                } else {
                    let value = row.value(1, as: types[position]).facetText
                    totals.facets[position].counts.append(SearchTotals.Count(value: value, count: count))
                }
                return true
            }
        } catch {
            throw request.explained(error)
        }
        return totals
    }
}

extension SearchRequest {
    fileprivate var match: String? { text.flatMap { $0.isEmpty ? nil : $0 } }

    /// The best match first. By the rank alone FTS5 sorts itself, and only rows of the page are read; equal ranks come in the order
    /// of insertion. With a condition, ranks of rows that do not satisfy it are not even computed.
    fileprivate var relevanceOrder: String {
        if match == nil { return " ORDER BY \"id\"" }
        return condition == .always ? " ORDER BY _fts_rank" : " ORDER BY _fts_rank, \"id\""
    }

    fileprivate func totalsSQL(_ table: EntityTable) throws(StorageError) -> SQLWriter {
        guard !facets.isEmpty else {
            var writer = SQLWriter(table.entity, sql: "SELECT -1, NULL, count(*)")
            try appendFound(in: table, to: &writer)
            return writer
        }
        let columns = facets.enumerated().map { "\(SQLWriter.quoted($1)) AS f\($0)" }
        var writer = SQLWriter(table.entity, sql: "WITH found AS MATERIALIZED (SELECT ")
        writer.append(columns.joined(separator: ", "))
        try appendFound(in: table, to: &writer)
        writer.append(") SELECT -1, NULL, count(*) FROM found")
        for position in facets.indices {
            writer.append(
                """
                 UNION ALL SELECT * FROM (SELECT \(position), f\(position), count(*) FROM found \
                WHERE f\(position) IS NOT NULL AND (SELECT count(*) FROM found) <= \(Self.facetRowsMaximum) \
                GROUP BY f\(position) ORDER BY 3 DESC, 2 LIMIT \(Self.facetValuesMaximum))
                """)
        }
        return writer
    }

    /// ` FROM` the rows found. The index stands in a query of its own, so that no column of it shadows one of the table.
    fileprivate func appendFound(in table: EntityTable, to writer: inout SQLWriter) throws(StorageError) {
        if let match {
            guard match.utf8.count <= Self.textBytesMaximum else {
                throw .invalidQuery("a search text of more than \(Self.textBytesMaximum) bytes")
            }
            let index = SearchIndex.name(of: table.entity.name)
            writer.append(
                " FROM (SELECT rowid AS _fts_row, rank AS _fts_rank FROM \(index) WHERE \(index) MATCH ")
            writer.append(value: .text(match))
            // CROSS: rows are looked up by what the index finds, never the other way round.
            writer.append(") CROSS JOIN \(table.name) ON \(table.name).rowid = _fts_row")
        } else {
            writer.append(" FROM \(table.name)")
        }
        try writer.appendWhere(condition)
    }

    /// The SQL is ours and the text the caller's: what SQLite cannot make sense of is the text.
    fileprivate func explained(_ error: StorageError) -> StorageError {
        guard match != nil, case .failed(let failure) = error, failure.code == 1 else { return error }
        return .invalidQuery("the search text has a syntax error")
    }
}

extension FieldValue {
    /// One spelling for each value, whoever wrote it and however it is stored.
    fileprivate var facetText: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .integer(let value): String(value)
        case .real(let value):
            value == value.rounded() && value.magnitude < 0x1p53 ? String(Int64(value)) : String(value)
        case .text(let value): value
        }
    }
}
