/// A database index over some of an entity's fields.
package struct Index: Hashable, Sendable {
    /// Distinct within the entity; see ``databaseName(of:)``.
    package let name: String
    /// Their order matters: a query uses a prefix of them.
    package let fields: [String]
    /// Whether no two rows may agree in all fields.
    package let isUnique: Bool

    package init(name: String, fields: [String], isUnique: Bool = false) {
        self.name = name
        self.fields = fields
        self.isUnique = isUnique
    }

    /// The index's name in the database, the only one it has: `<Entity>_<index>`, as index names are global there.
    package func databaseName(of entity: String) -> String { "\(entity)_\(name)" }
}
