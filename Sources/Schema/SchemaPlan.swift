/// How to bring a database to a manifest: what differs, how dangerous that is, and the steps that do it, all or none.
package struct SchemaPlan: Hashable, Sendable {
    /// What a plan may count on.
    package struct Options: Hashable, Sendable {
        /// What becomes of tables, columns and indexes that the manifest does not have.
        package enum Leftovers: Hashable, Sendable {
            /// They stay; a left column that every insert would have to fill becomes nullable.
            case kept
            /// They are removed, which is destructive.
            case removed
        }

        package var leftovers: Leftovers
        /// What rows without a value get in a column that becomes required, by `Entity.field`.
        package var backfill: [String: FieldValue]

        package init(leftovers: Leftovers = .kept, backfill: [String: FieldValue] = [:]) {
            self.leftovers = leftovers
            self.backfill = backfill
        }
    }

    /// In the order of the steps; one `noop` where nothing differs.
    package let changes: [SchemaChange]
    /// What to do, in one transaction; empty while ``isBlocked``.
    package let steps: [SchemaStep]

    init(changes: [SchemaChange], steps: [SchemaStep]) {
        let isBlocked = changes.contains { if case .blocked = $0.safety { true } else { false } }
        self.changes = changes.isEmpty ? [SchemaChange(.noop)] : changes
        self.steps = isBlocked ? [] : steps
    }

    /// The plan where nothing differs.
    package static let nothing = SchemaPlan(changes: [], steps: [])

    /// Compares a database with a manifest; pure.
    package init(from shape: DatabaseShape, to manifest: Manifest, options: Options = Options()) {
        var planner = SchemaPlanner(options: options)
        planner.plan(shape, manifest)
        self.init(changes: planner.changes, steps: planner.steps)
    }

    /// Whether nothing differs.
    package var isEmpty: Bool { changes.allSatisfy { $0.operation == .noop } }

    /// Whether some change cannot be made at all.
    package var isBlocked: Bool {
        changes.contains { if case .blocked = $0.safety { true } else { false } }
    }

    /// Whether it needs to be asked for.
    package var isDestructive: Bool {
        changes.contains { if case .destructive = $0.safety { true } else { false } }
    }

    /// Whether it may be applied.
    package func isApplicable(allowingDestructive: Bool) -> Bool {
        !isBlocked && (allowingDestructive || !isDestructive)
    }
}
