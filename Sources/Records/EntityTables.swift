internal import PylonSchema
internal import PylonStorage

/// The tables of the manifest's entities, by name.
struct EntityTables: Sendable {
    let all: [String: EntityTable]

    init(_ manifest: Manifest) {
        all = Dictionary(manifest.entities.map { ($0.name, EntityTable($0)) }) { first, _ in first }
    }

    /// The table of an entity. Throws `entityNotFound`.
    func table(_ entity: String) throws(RecordError) -> EntityTable {
        guard let table = all[entity] else { throw .entityNotFound(entity) }
        return table
    }
}
