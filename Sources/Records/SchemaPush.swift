internal import PylonJSON
package import PylonSchema
package import PylonStorage

/// Makes a database's tables those of a manifest: one plan, applied whole or not at all.
package enum SchemaPush {
    /// What became of it.
    package enum Outcome: Hashable, Sendable {
        /// The tables were as the manifest wants them.
        case unchanged
        /// This was done.
        case applied(SchemaPlan)
        /// Nothing was done, because the plan would lose data or cannot be carried out.
        case refused(SchemaPlan)
    }

    /// Plans and applies in one transaction, so that two processes that start at once do not meet. Destructive changes are left out
    /// unless allowed.
    package static func run(
        _ manifest: Manifest, on database: Database, allowsDestructive: Bool = false
    ) async throws(StorageError) -> Outcome {
        try await database.write { transaction throws(StorageError) -> Outcome in
            let shape = try transaction.shape(looksForNulls: false)
            var plan = SchemaPlan(from: shape, to: manifest)
            if plan.isEmpty { return .unchanged }
            // Only now: looking for nulls reads tables to their end.
            plan = SchemaPlan(from: try transaction.shape(looksForNulls: true), to: manifest)
            if plan.isEmpty { return .unchanged }
            guard plan.isApplicable(allowingDestructive: allowsDestructive) else { return .refused(plan) }
            var json = JSONWriter()
            json.value(plan.json)
            let text = json.text
            try transaction.apply(
                SchemaMigration(
                    steps: plan.steps, manifestVersion: manifest.version, appVersion: manifest.appVersion,
                    operationCount: plan.changes.count, isBaseline: shape.tables.isEmpty, planJSON: text))
            return .applied(plan)
        }
    }
}
