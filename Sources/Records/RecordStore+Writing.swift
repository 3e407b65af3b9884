package import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

extension RecordStore {
    /// Adds a row and returns its id. An `id` that the client sends is left out of account (spec/data.md 2.1).
    ///
    /// Throws `entityNotFound`, `input`, `denied` and `storage`, `uniqueViolation` among them.
    package func insert(_ entity: String, _ json: JSONValue, as identity: PolicyIdentity) async throws(RecordError)
        -> String
    {
        let table = try table(entity)
        var values: [String: FieldValue]
        do throws(InputProblem) {
            values = try EntityInput(json, for: table.entity).values
        } catch {
            throw .input(error)
        }
        if let scope = policies.tenantScope(of: entity) {
            values[scope.column] = scope.stamped(values[scope.column] ?? .null, for: identity)
        }
        let id = nextID()
        let row = values
        let decision = policies.decide(.insert, entity, identity) {
            $0 == Entity.idColumn ? .text(id) : row[$0] ?? .null
        }
        guard decision.isAllowed else { throw Self.denial(decision) }
        do throws(StorageError) {
            try await database.write(bytes: Self.bytes(of: row)) { transaction throws(StorageError) in
                try transaction.insert(table, id: id, row)
                _ = try transaction.recordChange(entity, id: id, .insert)
            }
        } catch {
            throw .storage(error)
        }
        return id
    }

    /// Changes the given fields of a row. Both the row as it is and as it would be have to satisfy the rules.
    ///
    /// Throws `entityNotFound`, `input`, `rowNotFound`, `denied` and `storage`.
    package func update(
        _ entity: String, id: String, _ json: JSONValue, as identity: PolicyIdentity
    ) async throws(RecordError) {
        let table = try table(entity)
        let changes: [String: FieldValue]
        do throws(InputProblem) {
            changes = try RowPatch(json, for: table.entity).values
        } catch {
            throw .input(error)
        }
        try await update(table, id: id, changes, as: identity)
    }

    /// The one update of a row, with `changes` checked by type. Where it leads to the row of `target`, that has to be there:
    /// `rowNotFound`, after the rules have spoken.
    func update(
        _ table: EntityTable, id: String, _ changes: [String: FieldValue],
        target: (table: EntityTable, id: String)? = nil, as identity: PolicyIdentity
    ) async throws(RecordError) {
        let entity = table.entity.name
        try await change(table, id: id, bytes: Self.bytes(of: changes)) {
            [policies] transaction, old throws(StorageError) in
            let decision = policies.decideUpdate(
                entity, identity, from: { old[column: $0] }, to: { changes[$0] ?? old[column: $0] })
            guard decision.isAllowed, !changes.isEmpty else { return decision }
            if let target, try !transaction.hasRow(target.table, id: target.id) { return nil }
            _ = try transaction.update(table, id: id, changes)
            _ = try transaction.recordChange(entity, id: id, .update)
            return decision
        }
    }

    /// Removes a row. Throws `entityNotFound`, `rowNotFound`, `denied` and `storage`.
    package func delete(_ entity: String, id: String, as identity: PolicyIdentity) async throws(RecordError) {
        let table = try table(entity)
        try await change(table, id: id, bytes: 0) { [policies] transaction, old throws(StorageError) in
            let decision = policies.decide(.delete, entity, identity) { old[column: $0] }
            guard decision.isAllowed else { return decision }
            _ = try transaction.delete(table, id: id)
            _ = try transaction.recordChange(entity, id: id, .delete)
            return decision
        }
    }

    /// Runs `body` on the stored row in a transaction that is taken back unless the decision it returns is to allow; nil is `rowNotFound`.
    private func change(
        _ table: EntityTable, id: String, bytes: Int,
        _ body: @escaping @Sendable (inout WriteTransaction, StoredRow) throws(StorageError) -> PolicyDecision?
    ) async throws(RecordError) {
        let decision: PolicyDecision?
        do throws(StorageError) {
            decision = try await database.write(bytes: bytes) { transaction throws(StorageError) -> PolicyDecision? in
                guard let old = try transaction.row(table, id: id) else { return nil }
                let decision = try body(&transaction, old)
                if decision?.isAllowed != true { transaction.abandon() }
                return decision
            }
        } catch {
            throw .storage(error)
        }
        guard let decision else { throw .rowNotFound }
        guard decision.isAllowed else { throw Self.denial(decision) }
    }

    /// Anything that is not allowed is denied, also what could not be decided.
    static func denial(_ decision: PolicyDecision) -> RecordError {
        if case .denied(let rule) = decision { .denied(rule: rule) } else { .denied(rule: nil) }
    }

    /// What a write holds in memory while it waits, about.
    private static func bytes(of values: [String: FieldValue]) -> Int {
        values.reduce(0) { sum, entry in
            if case .text(let text) = entry.value { sum + text.utf8.count + 64 } else { sum + 64 }
        }
    }
}
