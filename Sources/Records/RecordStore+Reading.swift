package import PylonBytes
package import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// Some rows as JSON.
package struct RecordPage: Sendable {
    /// The rows, comma-separated, in brackets.
    package fileprivate(set) var rows = SharedBytes(ByteBuffer())
    package fileprivate(set) var count = 0
    /// The id of the last row, nil when there is none.
    package fileprivate(set) var lastID: String?
    /// Whether there are more rows behind these that the caller may read.
    package fileprivate(set) var hasMore = false
}

extension RecordStore {
    /// Rows in the order of their ids, those that the caller may read; all of them without a limit.
    ///
    /// Throws `entityNotFound`, `denied` when the rules exclude every row, `responseTooLarge` and `storage`.
    package func list(
        _ entity: String, limit: Int?, offset: Int, as identity: PolicyIdentity
    ) async throws(RecordError) -> RecordPage {
        try await rows(RowSource(try table(entity)), RowQuery(limit: limit, offset: offset), as: identity)
    }

    /// Rows behind the one called `cursor`, in the order of their ids. `limit` is held to 1...``RecordLimits/pageRowsMaximum``.
    package func page(
        _ entity: String, after cursor: String?, limit: Int?, as identity: PolicyIdentity
    ) async throws(RecordError) -> RecordPage {
        let limit = min(max(limit ?? limits.pageRowsStandard, 1), limits.pageRowsMaximum)
        let condition = cursor.map { Condition.compare(Entity.idColumn, .greater, .text($0)) } ?? .always
        return try await rows(RowSource(try table(entity)), RowQuery(condition, limit: limit), as: identity)
    }

    /// The rows that a filter asks for (spec/data.md 3.3). Throws `query` besides what ``list(_:limit:offset:as:)`` throws.
    package func query(
        _ entity: String, _ filter: JSONValue, as identity: PolicyIdentity
    ) async throws(RecordError) -> RecordPage {
        let table = try table(entity)
        let query: Query
        do throws(QueryProblem) {
            query = try FilterParser.parse(filter, for: table.entity, limits: filterLimits)
        } catch {
            throw refusal(error)
        }
        return try await rows(try source(table, query, for: identity), RowQuery(query), as: identity)
    }

    /// The limits of a filter, the length of its search text included.
    var filterLimits: FilterLimits {
        var filter = limits.filter
        filter.searchByteCountMaximum = limits.searchTextBytesMaximum
        return filter
    }

    /// The rows of `query` that the caller may read, and whether there are more.
    private func rows(
        _ source: RowSource, _ query: RowQuery, as identity: PolicyIdentity
    ) async throws(RecordError) -> RecordPage {
        let table = source.table
        let entity = table.entity.name
        let decision = policies.decide(.read, entity, identity)
        if case .denied(let rule) = decision { throw .denied(rule: rule) }
        let reader = RowReader(
            source: source, query: query, encoder: encoder(table, for: identity),
            bytesMaximum: limits.responseBytesMaximum,
            condition: decision.isAllowed ? .always : policies.condition(for: .read, entity, identity)
        ) { [policies] row in policies.decide(.read, entity, identity) { row[column: $0] }.isAllowed }
        guard let page = try await read({ transaction throws(StorageError) in try reader.read(&transaction) }) else {
            throw limited(.responseTooLarge)
        }
        return page
    }

    func read<T: Sendable>(
        _ body: @escaping @Sendable (inout ReadTransaction) throws(StorageError) -> T
    ) async throws(RecordError) -> T {
        do throws(StorageError) {
            return try await database.read(body)
        } catch {
            throw .storage(error)
        }
    }
}

/// Reads the rows of a query that somebody may read, straight into JSON.
private struct RowReader: Sendable {
    let source: RowSource
    let query: RowQuery
    let encoder: RowEncoder
    let bytesMaximum: Int
    /// The rules as far as the database can apply them; nil when each row has to be judged.
    let condition: Condition?
    let mayRead: @Sendable (StoredRow) -> Bool

    /// Nil when it is more than an answer may hold.
    func read(_ transaction: inout ReadTransaction) throws(StorageError) -> RecordPage? {
        var page = RecordPage()
        var json = JSONWriter()
        json.beginArray()
        var query = query
        // One row more than asked for tells whether there are more.
        let limit = query.limit
        var skipped = 0
        if let condition {
            query.condition = Condition.all([query.condition, condition]).simplified()
            query.limit = limit.map { $0 == .max ? $0 : $0 + 1 }
            skipped = query.offset
        } else {
            query.limit = nil
            query.offset = 0
        }
        var isTooLarge = false
        var lastID: [UInt8] = []
        try source.rows(query, in: transaction) { row throws(StorageError) in
            if condition == nil {
                guard mayRead(StoredRow(source.table, row)) else { return true }
                guard skipped == self.query.offset else {
                    skipped += 1
                    return true
                }
            }
            if page.count == limit {
                page.hasMore = true
                return false
            }
            encoder.write(row, to: &json)
            page.count += 1
            row.withText(source.table.idPosition) { id in
                lastID.removeAll(keepingCapacity: true)
                lastID.append(contentsOf: id)
            }
            isTooLarge = json.count > bytesMaximum
            return !isTooLarge
        }
        if isTooLarge { return nil }
        json.endArray()
        page.rows = SharedBytes(json.finish())
        if page.count > 0 { page.lastID = String(decoding: lastID, as: UTF8.self) }
        return page
    }
}
