internal import PylonPolicy
internal import PylonSchema
internal import PylonStorage

/// A change of a row that fits the manifest, on its way to the database.
struct PreparedChange: Sendable {
    /// What is to be done to the row.
    enum Kind: Sendable {
        case insert, update, delete
    }

    /// A row that has to be there for the change to be made: the one that a relation is to lead to.
    struct Target: Sendable {
        let table: EntityTable
        let id: String
    }

    let kind: Kind
    let table: EntityTable
    let id: String
    /// For inserts every field, for updates those that change.
    var values: FieldValues
    let target: Target?
    /// Whether the change log keeps the image of a deleted row, for those who saw it to hear that it is gone.
    var keepsImage = true

    init(_ kind: Kind, _ table: EntityTable, id: String, _ values: FieldValues = [:], target: Target? = nil) {
        self.kind = kind
        self.table = table
        self.id = id
        self.values = values
        self.target = target
    }

    /// The memory it holds while it waits, about.
    var bytes: Int {
        values.reduce(128) { sum, entry in
            if case .text(let text) = entry.value { sum + text.utf8.count + 64 } else { sum + 64 }
        }
    }

    /// The new row's value of a column.
    func inserted(_ column: String) -> FieldValue {
        column == Entity.idColumn ? .text(id) : values[column] ?? .null
    }
}
