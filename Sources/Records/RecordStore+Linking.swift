internal import PylonBytes
internal import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension RecordStore {
    /// The first row, in the order of ids, that has a value in a field and that the caller may read (spec/data.md 3.5).
    ///
    /// `text` spells the value: numbers in digits, bools as `true`, `false`, `1` or `0`. Throws `entityNotFound`, `query` for a
    /// field that is missing or hidden, `denied` when the rules exclude every row, `storage`, and `rowNotFound`, also for rows that the
    /// caller may not read: that there is one with some value is not theirs to know.
    package func lookUp(
        _ entity: String, field: String, is text: String, as identity: PolicyIdentity
    ) async throws(RecordError) -> [UInt8] {
        let table = try table(entity)
        guard let type = table.entity.columnType(field), !hiddenFields(entity, for: identity).contains(field) else {
            throw .query(.hidden(field))
        }
        guard let value = type.json(spelledBy: text) else { throw .rowNotFound }
        var filter = JSONObject()
        filter[field] = value
        // A value that the field cannot have is that of no row.
        guard let query = try? FilterParser.parse(.object(filter), for: table.entity) else { throw .rowNotFound }
        let encoder = encoder(table, for: identity)
        let decision = policies.decide(.read, entity, identity)
        if case .denied(let rule) = decision { throw .denied(rule: rule) }
        let rule = decision.isAllowed ? .always : policies.condition(for: .read, entity, identity)
        var rows = RowQuery(query)
        rows.condition = Condition.all([query.condition, rule ?? .always]).simplified()
        // Without a condition each row has to be judged.
        if rule != nil { rows.limit = 1 }
        let found = try await read { [policies, rows] transaction throws(StorageError) -> [UInt8]? in
            var json: [UInt8]?
            try transaction.rows(table, rows) { row throws(StorageError) in
                if rule == nil {
                    let stored = StoredRow(table, row)
                    let judged = policies.decide(.read, entity, identity) { stored[column: $0] }
                    guard judged.isAllowed else { return true }
                }
                var writer = JSONWriter()
                encoder.write(row, to: &writer)
                json = writer.finish().copyBytes()
                return false
            }
            return json
        }
        guard let found else { throw .rowNotFound }
        return found
    }

    /// Makes a row's relation lead to the row `targetID`: an update of the stored row like any other (spec/data.md 8, defect 5).
    ///
    /// Throws `relationNotFound` and what ``update(_:id:_:as:)`` throws, `rowNotFound` also for a target that is not there.
    package func link(
        _ entity: String, id: String, relation: String, to targetID: String, as identity: PolicyIdentity
    ) async throws(RecordError) {
        let (table, relation) = try self.relation(relation, of: entity)
        let target = try self.table(relation.target)
        try await setRelation(
            relation, of: table, id: id, .string(targetID), target: PreparedChange.Target(table: target, id: targetID),
            as: identity)
    }

    /// Makes a row's relation lead nowhere. Throws as ``link(_:id:relation:to:as:)`` does; `input` when the field is required.
    package func unlink(
        _ entity: String, id: String, relation: String, as identity: PolicyIdentity
    ) async throws(RecordError) {
        let (table, relation) = try self.relation(relation, of: entity)
        try await setRelation(relation, of: table, id: id, .null, target: nil, as: identity)
    }

    private func relation(
        _ name: String, of entity: String
    ) throws(RecordError) -> (table: EntityTable, relation: Relation) {
        let table = try table(entity)
        guard let relation = table.entity.relation(name), !relation.isMany,
            table.entity.field(relation.field) != nil
        else { throw .relationNotFound(name) }
        return (table, relation)
    }

    private func setRelation(
        _ relation: Relation, of table: EntityTable, id: String, _ value: JSONValue,
        target: PreparedChange.Target?, as identity: PolicyIdentity
    ) async throws(RecordError) {
        var json = JSONObject()
        json[relation.field] = value
        try await make(try pipeline.update(table, id: id, .object(json), target: target), as: identity)
    }
}
