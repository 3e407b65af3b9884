/// What of an entity can be searched; at least one list has an element.
package struct SearchSettings: Hashable, Sendable {
    /// Fields whose words are indexed.
    package let text: [String]
    /// Fields whose values are counted and filtered by.
    package let facets: [String]
    /// Fields that hits may be ordered by.
    package let sortable: [String]
    /// The name of a language for stemming; nil for English. SQLite ignores it.
    package let language: String?

    package init(text: [String] = [], facets: [String] = [], sortable: [String] = [], language: String? = nil) {
        self.text = text
        self.facets = facets
        self.sortable = sortable
        self.language = language
    }

    /// The name of the database index that a sortable field of `entity` has.
    package static func sortIndexName(of field: String, entity: String) -> String { "\(entity)_sort_\(field)" }
}
