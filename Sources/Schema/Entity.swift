/// One kind of row: a table, its routes and what is known of its columns.
package struct Entity: Hashable, Sendable {
    /// The column every entity has and no manifest declares: the row's id.
    package static let idColumn = "id"

    /// The table's name as well.
    package let name: String
    /// In the order of the manifest; without `id`.
    package let fields: [Field]
    package let indexes: [Index]
    package let relations: [Relation]
    /// Nil where nothing is searchable.
    package let search: SearchSettings?
    /// Whether rows are merged as CRDT documents; true unless the manifest says otherwise.
    package let isCRDT: Bool

    private let fieldPositions: NamePositions
    private let relationPositions: NamePositions

    package init(
        name: String, fields: [Field], indexes: [Index] = [], relations: [Relation] = [],
        search: SearchSettings? = nil, isCRDT: Bool = true
    ) {
        self.name = name
        self.fields = fields
        self.indexes = indexes
        self.relations = relations
        self.search = search
        self.isCRDT = isCRDT
        fieldPositions = NamePositions(fields.map(\.name))
        relationPositions = NamePositions(relations.map(\.name))
    }

    /// The declared field of that name, which is case-sensitive, not `id`; O(1).
    package func field(_ name: String) -> Field? {
        fieldPositions[name].map { fields[$0] }
    }

    /// The place of a field in ``fields``; O(1).
    package func fieldPosition(_ name: String) -> Int? {
        fieldPositions[name]
    }

    /// The relation of that name; O(1).
    package func relation(_ name: String) -> Relation? {
        relationPositions[name].map { relations[$0] }
    }

    /// The type of a column, `id` included (a reference to the entity itself); nil where there is none.
    package func columnType(_ name: String) -> FieldType? {
        if let field = field(name) { return field.type }
        return name == Self.idColumn ? .reference(self.name) : nil
    }

    /// `id` and the fields, in order: what a row consists of.
    package var columnNames: [String] { [Self.idColumn] + fields.map(\.name) }
}
