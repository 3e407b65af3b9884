package import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage
internal import PylonTelemetry

extension RecordStore {
    /// Adds a row and returns its id. An `id` that the client sends is left out of account (spec/data.md 2.1).
    ///
    /// Throws `entityNotFound`, `input`, `denied`, `refused` and `storage`, `uniqueViolation` among them.
    package func insert(_ entity: String, _ json: JSONValue, as identity: PolicyIdentity) async throws(RecordError)
        -> String
    {
        let change = try pipeline.prepare(.insert(entity: entity, json), as: identity)
        try await make(change, as: identity)
        return change.id
    }

    /// Changes the given fields of a row. Both the row as it is and as it would be have to satisfy the rules.
    ///
    /// Throws `entityNotFound`, `input`, `rowNotFound`, `denied`, `refused` and `storage`.
    package func update(
        _ entity: String, id: String, _ json: JSONValue, as identity: PolicyIdentity
    ) async throws(RecordError) {
        try await make(try pipeline.prepare(.update(entity: entity, id: id, json), as: identity), as: identity)
    }

    /// Removes a row. Throws `entityNotFound`, `rowNotFound`, `denied`, `refused` and `storage`.
    package func delete(_ entity: String, id: String, as identity: PolicyIdentity) async throws(RecordError) {
        try await make(try pipeline.prepare(.delete(entity: entity, id: id), as: identity), as: identity)
    }

    /// Makes one change; it is durable when this returns.
    func make(_ change: PreparedChange, as identity: PolicyIdentity) async throws(RecordError) {
        let refusal: RecordError?
        do throws(StorageError) {
            refusal = try await database.write(bytes: change.bytes) {
                [pipeline] transaction throws(StorageError) -> RecordError? in
                let refusal = try pipeline.apply(change, as: identity, in: &transaction)
                if refusal != nil { transaction.abandon() }
                return refusal
            }
        } catch {
            throw .storage(error)
        }
        if let refusal { throw refusal }
        count(change)
    }

    /// Counts a change that is durable.
    func count(_ change: PreparedChange) {
        switch change.kind {
        case .insert: counters.inserted.add()
        case .update: counters.updated.add()
        case .delete: counters.deleted.add()
        }
    }
}
