internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// Where the rows of a query come from: a table, or what a search finds in it.
struct RowSource: Sendable {
    let table: EntityTable
    /// In FTS5's syntax; nil for all rows.
    let text: String?
    /// Whether what a search finds may come in the order of relevance.
    private let ranks: Bool

    /// All rows.
    init(_ table: EntityTable) {
        self.table = table
        text = nil
        ranks = false
    }

    /// The rows that a search finds, in the fields of the search index that are not `hidden`.
    ///
    /// Where some are, the best match does not come first: how well a row matches depends on the length of all its text.
    init(_ table: EntityTable, _ expression: SearchExpression, hiding hidden: Set<String>) {
        self.table = table
        let fields = table.entity.search?.text ?? []
        let visible = fields.filter { !hidden.contains($0) }
        ranks = visible.count == fields.count
        text = ranks ? expression.fts5 : SearchExpression.within(visible, expression).fts5
    }

    /// What to look for, with the order, limit and offset of a query.
    func request(_ query: RowQuery, facets: [String] = []) -> SearchRequest {
        let order = query.order.isEmpty && (ranks || text == nil) ? nil : query.order
        return SearchRequest(
            text, where: query.condition, facets: facets, order: order, limit: query.limit, offset: query.offset)
    }

    /// Passes the rows of a query to `body`, until it returns false.
    func rows(
        _ query: RowQuery, in transaction: borrowing ReadTransaction,
        _ body: (borrowing Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        if text == nil {
            try transaction.rows(table, query, body)
        } else {
            try transaction.searchRows(table, request(query), body)
        }
    }
}

extension RecordStore {
    /// Where the rows that a filter asks for come from. Throws `query` when it asks for a field that is hidden from the caller,
    /// and when it searches what cannot be searched.
    func source(
        _ table: EntityTable, _ query: Query, for identity: PolicyIdentity
    ) throws(RecordError) -> RowSource {
        let entity = table.entity
        try refuseHidden(query.condition.columns.union(query.order.map(\.column)), of: entity.name, for: identity)
        guard let search = query.search else { return RowSource(table) }
        let hidden = hiddenFields(entity.name, for: identity)
        let fields = entity.search?.text.filter { !hidden.contains($0) } ?? []
        if fields.isEmpty { throw .query(.searchUnavailable) }
        do throws(QueryProblem) {
            let expression = try SearchTextParser.parse(search, fields: fields, key: "$search")
            return RowSource(table, expression, hiding: hidden)
        } catch {
            throw refusal(error)
        }
    }
}
