internal import PylonBytes
internal import PylonJSON
internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// What belongs to one user: their row of the user entity, and every row that names them as its owner (spec/data.md 3.10).
extension RecordStore {
    /// Fields that say whose a row is; of an entity with several the first one counts.
    package static let ownerFieldNames = [
        "userId", "user_id", "authorId", "author_id", "ownerId", "owner_id", "createdBy", "created_by",
    ]

    /// Rows that are removed in one turn of the database's writer.
    private static let purgeTurn = 256

    /// The rows of `userID` as `{"Todo":[…],…}`, one array for each entity that can have some, without fields that nobody reads.
    ///
    /// Throws `responseTooLarge` and `storage`.
    package func userData(of userID: String) async throws(RecordError) -> [UInt8] {
        let owned = ownedTables(userID)
        let encoders = owned.map { encoder($0.table, for: .admin) }
        let bytesMaximum = limits.responseBytesMaximum
        let json = try await read { transaction throws(StorageError) -> [UInt8]? in
            var json = JSONWriter()
            json.beginObject()
            for (part, encoder) in zip(owned, encoders) {
                json.key(part.table.entity.name)
                json.beginArray()
                try transaction.rows(part.table, RowQuery(part.condition)) { row throws(StorageError) in
                    encoder.write(row, to: &json)
                    return json.count <= bytesMaximum
                }
                json.endArray()
            }
            json.endObject()
            return json.count <= bytesMaximum ? json.finish().copyBytes() : nil
        }
        guard let json else { throw .responseTooLarge }
        return json
    }

    /// What became of a purge.
    package struct Purge: Sendable {
        /// How many rows were removed.
        package fileprivate(set) var deleted = 0
        /// Why others stayed.
        package fileprivate(set) var refusals: [RecordError] = []
    }

    /// Removes the rows of `userID`, their own last, each like any delete, but that the change log keeps no image of them.
    package func purge(_ userID: String) async throws(RecordError) -> Purge {
        var purge = Purge()
        for part in ownedTables(userID) {
            var cursor: String?
            while true {
                let after = cursor
                let ids = try await read { transaction throws(StorageError) in
                    var ids: [String] = []
                    try transaction.rows(part.table, after: after, where: part.condition) { row throws(StorageError) in
                        ids.append(row.text(part.table.idPosition))
                        return ids.count < Self.purgeTurn
                    }
                    return ids
                }
                guard let last = ids.last else { break }
                cursor = last
                let steps = ids.map { id in
                    var change = PreparedChange(.delete, part.table, id: id)
                    change.keepsImage = false
                    return PreparedStep.change(change)
                }
                let outcomes = await make(steps, as: .admin)
                purge.refusals += outcomes.compactMap(\.refusal)
                purge.deleted += outcomes.count { $0.refusal == nil }
            }
        }
        return purge
    }

    private struct OwnedTable: Sendable {
        let table: EntityTable
        let condition: Condition
    }

    /// Where rows of a user can be; the user entity comes last.
    private func ownedTables(_ userID: String) -> [OwnedTable] {
        var found: [OwnedTable] = []
        var own: OwnedTable?
        for entity in manifest.entities {
            guard let table = try? table(entity.name) else { continue }
            if entity.name == manifest.auth.userEntity {
                own = OwnedTable(table: table, condition: .compare(Entity.idColumn, .equal, .text(userID)))
            } else if let field = Self.ownerFieldNames.lazy.compactMap({ entity.field($0) }).first, field.type.isText {
                found.append(OwnedTable(table: table, condition: .compare(field.name, .equal, .text(userID))))
            }
        }
        return found + (own.map { [$0] } ?? [])
    }
}
