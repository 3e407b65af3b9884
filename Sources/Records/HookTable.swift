internal import PylonJSON
internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// The hooks by entity.
struct HookTable: Sendable {
    private let entities: [String: EntityHooks]

    init(_ hooks: [RecordHook], for manifest: Manifest) {
        var entities: [String: EntityHooks] = [:]
        for name in manifest.entities.map(\.name) {
            let own = hooks.filter { $0.entities?.contains(name) ?? true }
            if !own.isEmpty { entities[name] = EntityHooks(hooks: own) }
        }
        self.entities = entities
    }

    /// The hooks of an entity, most often none.
    func of(_ entity: String) -> EntityHooks { entities[entity] ?? EntityHooks(hooks: []) }
}

/// The hooks of one entity, in order.
struct EntityHooks: Sendable {
    let hooks: [RecordHook]

    var isEmpty: Bool { hooks.isEmpty }

    /// Lets the hooks shape a change. Throws `refused` for what one refuses, and `hookFailed` when one sets values that do not fit the manifest.
    func before(
        _ change: inout PreparedChange, over old: StoredRow?, as identity: PolicyIdentity
    ) throws(RecordError) {
        for hook in hooks {
            guard let before = hook.before else { continue }
            var shaped = RecordHook.Change(change, over: old, as: identity)
            do throws(RecordHook.Refusal) {
                try before(&shaped)
            } catch {
                throw .refused(error)
            }
            do throws(InputProblem) {
                switch change.kind {
                case .insert: change.values = try EntityInput(.object(shaped.values), for: change.table.entity).values
                case .update: change.values = try RowPatch(.object(shaped.values), for: change.table.entity).values
                case .delete: break
                }
            } catch {
                throw .hookFailed(name: hook.name, problem: error.message)
            }
        }
    }

    /// Tells the hooks of a change once it is durable.
    func after(
        _ change: PreparedChange, over old: StoredRow?, as identity: PolicyIdentity,
        in transaction: inout WriteTransaction
    ) {
        let watching = hooks.compactMap(\.after)
        guard !watching.isEmpty else { return }
        let made = RecordHook.Change(change, over: old, as: identity)
        transaction.afterCommit {
            for after in watching { after(made) }
        }
    }
}

extension RecordHook.Change {
    fileprivate init(_ change: PreparedChange, over old: StoredRow?, as identity: PolicyIdentity) {
        kind =
            switch change.kind {
            case .insert: .insert
            case .update: .update
            case .delete: .delete
            }
        entity = change.table.entity.name
        id = change.id
        userID = identity.userID
        isAdmin = identity.isAdmin
        self.old = old?.object
        var values = JSONObject()
        // In the manifest's order, so that nothing depends on that of a dictionary.
        for field in change.table.entity.fields {
            if let value = change.values[field.name] { values[field.name] = value.json }
        }
        self.values = values
    }
}
