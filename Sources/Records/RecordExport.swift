internal import PylonBytes
internal import PylonJSON
internal import PylonSchema
internal import PylonStorage
internal import PylonThreading
package import PylonTime

/// Every row of some entities as one JSON text, made in pieces from one state of the database (spec/data.md 3.9).
///
/// Nothing is left out, fields that are otherwise secret included: an import of it is the same app again.
package final class RecordExport: Sendable {
    /// Bytes after which a piece is handed on.
    private static let pieceBytes = 256 << 10

    private let snapshot: DatabaseSnapshot
    private let encoders: [RowEncoder]
    private let exportedAt: CalendarTime
    private let progress = Lock(Progress())

    private struct Progress {
        /// The entity that is written, and the id of its row written last.
        var entity = 0
        var lastID: String?
        var counts: [Int] = []
        var isFinished = false
    }

    init(_ tables: [EntityTable], of snapshot: DatabaseSnapshot, at time: CalendarTime) {
        self.snapshot = snapshot
        encoders = tables.map { RowEncoder($0) }
        exportedAt = time
    }

    /// The next piece of the text; nil at its end. Not to be called twice at a time. Throws `storage`.
    package func next() async throws(RecordError) -> [UInt8]? {
        let now = progress.withLock { $0 }
        if now.isFinished { return nil }
        guard now.entity < encoders.count else {
            progress.withLock { $0.isFinished = true }
            return ending(now.counts)
        }
        let encoder = encoders[now.entity]
        let page: Page
        do throws(StorageError) {
            page = try await snapshot.read { transaction throws(StorageError) in
                try Page(encoder, after: now.lastID, in: &transaction)
            }
        } catch {
            throw .storage(error)
        }
        progress.withLock { progress in
            if now.lastID == nil, progress.counts.count == now.entity { progress.counts.append(0) }
            progress.counts[now.entity] += page.count
            progress.lastID = page.isLast ? nil : page.lastID
            if page.isLast { progress.entity += 1 }
        }
        return beginning(now, encoder) + page.rows + (page.isLast ? Array("]".utf8) : [])
    }

    /// Lets go of the database. Does not block.
    package func close() { snapshot.close() }

    private func beginning(_ now: Progress, _ encoder: RowEncoder) -> [UInt8] {
        guard now.lastID == nil else { return Array(",".utf8) }
        let name = JSONValue.string(encoder.table.entity.name).serialized()
        return Array((now.entity == 0 ? "{\"entities\":{" : ",").utf8) + name + Array(":[".utf8)
    }

    private func ending(_ counts: [Int]) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("counts")
        json.beginObject()
        for (encoder, count) in zip(encoders, counts) {
            json.key(encoder.table.entity.name)
            json.value(count)
        }
        json.endObject()
        json.member("exported_at", exportedAt.text)
        json.endObject()
        // Members of the object that the first piece has opened.
        let members = json.finish().copyBytes().dropFirst()
        return Array((encoders.isEmpty ? "{\"entities\":{}," : "},").utf8) + members
    }

    /// Some rows of one entity, comma-separated.
    private struct Page: Sendable {
        var rows: [UInt8] = []
        var count = 0
        var lastID: String?
        var isLast = true

        init(
            _ encoder: RowEncoder, after cursor: String?, in transaction: inout ReadTransaction
        ) throws(StorageError) {
            var json = JSONWriter(capacity: RecordExport.pieceBytes + 4096)
            json.beginArray()
            var page = (count: 0, lastID: cursor, isLast: true)
            try transaction.rows(encoder.table, after: cursor) { row throws(StorageError) in
                guard json.count < RecordExport.pieceBytes else {
                    page.isLast = false
                    return false
                }
                encoder.write(row, to: &json)
                page.count += 1
                page.lastID = row.text(encoder.table.idPosition)
                return true
            }
            json.endArray()
            rows = Array(json.finish().copyBytes().dropFirst().dropLast())
            (count, lastID, isLast) = page
        }
    }
}

extension RecordStore {
    /// Every row of `entity`, of all entities without it. Close it. Throws `entityNotFound` and `storage`, `overloaded` when too many are under way.
    package func export(_ entity: String? = nil, at time: CalendarTime) async throws(RecordError) -> RecordExport {
        var tables: [EntityTable] = []
        for name in entity.map({ [$0] }) ?? manifest.entities.map(\.name) { tables.append(try table(name)) }
        do throws(StorageError) {
            return RecordExport(tables, of: try await database.snapshot(), at: time)
        } catch {
            throw .storage(error)
        }
    }
}
