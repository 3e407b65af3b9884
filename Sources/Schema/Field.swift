/// One column of an entity, or one input of an operation.
package struct Field: Hashable, Sendable {
    package let name: String
    package let type: FieldType
    /// Whether it may be null or left out.
    package let isOptional: Bool
    /// Whether no two rows may share a value; nulls are not compared.
    package let isUnique: Bool
    /// The merge behaviour asked for; nil for the type's own.
    package let crdt: CRDTContainer?

    package init(
        name: String, type: FieldType, isOptional: Bool = false, isUnique: Bool = false, crdt: CRDTContainer? = nil
    ) {
        self.name = name
        self.type = type
        self.isOptional = isOptional
        self.isUnique = isUnique
        self.crdt = crdt
    }
}

/// How concurrent writes of one field merge; the raw value is the manifest's word.
package enum CRDTContainer: String, Hashable, Sendable, CaseIterable {
    /// The last writer wins.
    case lww
    /// A text whose edits merge; for strings and rich text.
    case text
    /// A number whose increments add up; for numbers.
    case counter
    case list
    case movableList = "movable-list"
    case tree
}
