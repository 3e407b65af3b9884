internal import PylonJSON
package import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// The one way of every change into the database, whoever asks for it (spec/data.md 8, defect 38).
///
/// First ``prepare(_:as:)``, anywhere: types by the manifest, the row's id, the tenant's stamp, and the rules where they need no stored row.
/// Then ``apply(_:as:in:)``, in the transaction: the rules on the old and the new row, the hooks, the row, its entry in the change log.
struct WritePipeline: Sendable {
    let policies: PolicySet
    let hooks: HookTable
    let tables: EntityTables
    let ids: RowIDGenerator

    /// Checks what can be checked without the database. Throws `entityNotFound`, `input` and, for inserts, `denied`.
    func prepare(
        _ operation: RecordOperation, as identity: PolicyIdentity
    ) throws(RecordError) -> PreparedChange {
        switch operation {
        case .insert(let entity, let json, let keepsID):
            try insert(try tables.table(entity), json, keepsID: keepsID, as: identity)
        case .update(let entity, let id, let json):
            try update(try tables.table(entity), id: id, json)
        case .delete(let entity, let id): PreparedChange(.delete, try tables.table(entity), id: id)
        }
    }

    /// An update of a row; `target` has to be there.
    func update(
        _ table: EntityTable, id: String, _ json: JSONValue, target: PreparedChange.Target? = nil
    ) throws(RecordError) -> PreparedChange {
        do throws(InputProblem) {
            let patch = try RowPatch(json, for: table.entity)
            return PreparedChange(.update, table, id: id, patch.values, target: target)
        } catch {
            throw .input(error)
        }
    }

    private func insert(
        _ table: EntityTable, _ json: JSONValue, keepsID: Bool, as identity: PolicyIdentity
    ) throws(RecordError) -> PreparedChange {
        let input: EntityInput
        do throws(InputProblem) {
            input = try EntityInput(json, for: table.entity, keepsID: keepsID)
        } catch {
            throw .input(error)
        }
        var change = PreparedChange(.insert, table, id: (input.id ?? ids.next()).text, input.values)
        let entity = table.entity.name
        if let scope = policies.tenantScope(of: entity) {
            change.values[scope.column] = scope.stamped(change.values[scope.column] ?? .null, for: identity)
        }
        let decision = policies.decide(.insert, entity, identity, row: change.inserted)
        guard decision.isAllowed else { throw RecordError(refusedBy: decision) }
        return change
    }

    // MARK: In the transaction

    /// Makes the change; nil when it was made, else why not. What was changed before a refusal has to be taken back by the caller.
    func apply(
        _ change: PreparedChange, as identity: PolicyIdentity, in transaction: inout WriteTransaction
    ) throws(StorageError) -> RecordError? {
        switch change.kind {
        case .insert: return try write(change, over: nil, as: identity, in: &transaction)
        case .update, .delete:
            guard let old = try transaction.row(change.table, id: change.id) else { return .rowNotFound }
            let decision = decide(change, on: old, identity)
            guard decision.isAllowed else { return RecordError(refusedBy: decision) }
            if change.kind == .update, change.values.isEmpty { return nil }
            if let target = change.target, try !transaction.hasRow(target.table, id: target.id) { return .rowNotFound }
            return try write(change, over: old, as: identity, in: &transaction)
        }
    }

    private func decide(
        _ change: PreparedChange, on old: StoredRow, _ identity: PolicyIdentity
    ) -> PolicyDecision {
        let entity = change.table.entity.name
        guard change.kind == .update else { return policies.decide(.delete, entity, identity) { old[column: $0] } }
        return policies.decideUpdate(
            entity, identity, from: { old[column: $0] }, to: { change.values[$0] ?? old[column: $0] })
    }

    private func write(
        _ change: PreparedChange, over old: StoredRow?, as identity: PolicyIdentity,
        in transaction: inout WriteTransaction
    ) throws(StorageError) -> RecordError? {
        var change = change
        let watched = hooks.of(change.table.entity.name)
        if !watched.isEmpty {
            do throws(RecordError) {
                try watched.before(&change, over: old, as: identity)
            } catch {
                return error
            }
        }
        let entity = change.table.entity.name
        switch change.kind {
        case .insert:
            try transaction.insert(change.table, id: change.id, change.values)
            _ = try transaction.recordChange(entity, id: change.id, .insert)
        case .update:
            _ = try transaction.update(change.table, id: change.id, change.values)
            _ = try transaction.recordChange(entity, id: change.id, .update)
        case .delete:
            _ = try transaction.delete(change.table, id: change.id)
            // Whoever may have seen the row is to hear that it is gone, and nobody else: that is for the rules to say, of its last image.
            let image = change.keepsImage ? old?.json(without: policies.secretFields(of: entity)) : nil
            _ = try transaction.recordChange(entity, id: change.id, .delete, data: image)
        }
        watched.after(change, over: old, as: identity, in: &transaction)
        return nil
    }
}

extension RecordError {
    /// What is not allowed is denied, also what could not be decided.
    package init(refusedBy decision: PolicyDecision) {
        if case .denied(let rule) = decision { self = .denied(rule: rule) } else { self = .denied(rule: nil) }
    }
}

extension StoredRow {
    /// Every column by its name.
    var object: JSONObject {
        var object = JSONObject()
        for (column, value) in zip(table.columns, values) { object[column.name] = value.json }
        return object
    }

    fileprivate func json(without secrets: Set<String>) -> String {
        var image = object
        for name in secrets { image[name] = nil }
        var json = JSONWriter()
        json.value(.object(image))
        return json.text
    }
}
