/// A named way from a row to rows of another entity.
package struct Relation: Hashable, Sendable {
    package let name: String
    /// The entity it leads to.
    package let target: String
    /// The foreign-key column on this entity.
    package let field: String
    /// Whether it leads to many rows rather than one.
    package let isMany: Bool

    package init(name: String, target: String, field: String, isMany: Bool = false) {
        self.name = name
        self.target = target
        self.field = field
        self.isMany = isMany
    }
}
