internal import PylonBytes
internal import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// Some changes as JSON.
package struct PullPage: Sendable {
    /// A JSON array, oldest change first, each row at most once.
    package fileprivate(set) var changes: [UInt8] = []
    /// Where to go on. It moves over changes that the caller may not see.
    package fileprivate(set) var cursor: Int64
    /// Whether there are changes behind the cursor.
    package fileprivate(set) var hasMore = false
}

extension RecordStore {
    /// The changes behind `cursor`, 0 for all, as far as the caller may see them: of each row its state now, of each deleted row that
    /// it is gone.
    ///
    /// Rules and hidden fields are those of reading; a deleted row is judged by its last image, or, where the log has none, shown to
    /// those whose rules need no row. `limit` is held to 1...``RecordLimits/pullChangesMaximum``; a page may hold fewer changes, or
    /// none, and there may be more. Throws `storage`, `resyncRequired` among it, when the cursor cannot be continued from.
    package func pull(
        since cursor: Int64, limit: Int?, as identity: PolicyIdentity
    ) async throws(RecordError) -> PullPage {
        let most = limits.pullChangesMaximum
        let limit = limit.flatMap { $0 > 0 ? min($0, most) : nil } ?? most
        let reader = ChangeReader(
            records: self, identity: identity, limit: limit, cursor: max(0, cursor))
        return try await read { transaction throws(StorageError) in try reader.read(&transaction) }
    }
}

/// Reads a page of changes in one snapshot.
private struct ChangeReader: Sendable {
    let records: RecordStore
    let identity: PolicyIdentity
    let limit: Int
    let cursor: Int64

    func read(_ transaction: inout ReadTransaction) throws(StorageError) -> PullPage {
        var page = PullPage(cursor: cursor)
        var json = JSONWriter()
        json.beginArray()
        var (written, seen) = (0, 0)
        // Others' changes are read over here rather than in round trips, as far as one request may.
        repeat {
            let stretch = try transaction.changes(since: page.cursor, limit: limit)
            page.hasMore = stretch.hasMore
            for (index, change) in stretch.changes.enumerated() {
                if try write(change, to: &json, in: &transaction) { written += 1 }
                page.cursor = change.sequence
                if written == limit || json.count >= records.limits.responseBytesMaximum {
                    page.hasMore = page.hasMore || index + 1 < stretch.changes.count
                    json.endArray()
                    page.changes = json.finish().copyBytes()
                    return page
                }
            }
            seen += stretch.changes.count
        } while page.hasMore && seen < records.limits.pullScanMaximum
        json.endArray()
        page.changes = json.finish().copyBytes()
        return page
    }

    /// Writes a change, unless it is not for the caller to see.
    private func write(
        _ change: Change, to json: inout JSONWriter, in transaction: inout ReadTransaction
    ) throws(StorageError) -> Bool {
        // An entity that left the manifest has no rules any more, and no clients either.
        guard let table = try? records.table(change.entity) else { return false }
        if change.kind == .delete {
            guard maySeeDeletion(change, of: table) else { return false }
            writeHead(change, "delete", to: &json)
        } else {
            guard let row = try transaction.row(table, id: change.rowID) else { return false }
            let decision = records.policies.decide(.read, change.entity, identity) { row[column: $0] }
            guard decision.isAllowed else { return false }
            // To whom the row is new, whatever happened to it meanwhile.
            writeHead(change, change.firstSequence > cursor ? "insert" : "update", to: &json)
            json.key("data")
            records.encoder(table, for: identity).write(row, to: &json)
        }
        // Seconds, in the reference's spelling (spec/realtime.md 5.2).
        json.member("timestamp", "\(change.time / 1_000_000)Z")
        json.endObject()
        return true
    }

    private func writeHead(_ change: Change, _ kind: StaticString, to json: inout JSONWriter) {
        json.beginObject()
        json.member("seq", change.sequence)
        json.member("entity", change.entity)
        json.member("row_id", change.rowID)
        json.member("kind", kind)
    }

    private func maySeeDeletion(_ change: Change, of table: EntityTable) -> Bool {
        guard let text = change.data, let image = try? JSONParser.parse(text), image.object != nil else {
            return records.policies.decide(.read, change.entity, identity).isAllowed
        }
        return records.policies.decide(.read, change.entity, identity) { column in
            column == Entity.idColumn ? .text(change.rowID) : FieldValue(stored: image[column] ?? .null)
        }.isAllowed
    }
}

extension FieldValue {
    /// A value of a row's last image.
    fileprivate init(stored json: JSONValue) {
        switch json {
        case .bool(let value): self = .bool(value)
        case .integer(let value): self = .integer(value)
        case .number(let value): self = .real(value)
        case .string(let text): self = .text(text)
        // Rows hold neither.
        case .null, .array, .object: self = .null
        }
    }
}
