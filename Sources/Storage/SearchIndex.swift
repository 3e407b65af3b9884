internal import PylonSchema

/// The full-text index of one entity: an FTS5 table over some of its text fields, which keeps no copy of the text.
///
/// Triggers keep it in step with the table, whoever writes. What it was made of is remembered, so that a change of its fields, or a table
/// that was rebuilt, makes it anew, filled from the rows that are there.
package struct SearchIndex: Sendable {
    package let table: EntityTable
    /// The fields whose words are found.
    package let fields: [String]
    /// The name of its own table in the database.
    package var tableName: String { Self.plainName(of: table.entity.name) }

    /// Words are folded to lower case without diacritics, in the script of any language.
    private static let tokenizer = "unicode61 remove_diacritics 2"
    /// Raise it when indexes made before need to be made anew.
    private static let version = 1

    /// Over `fields`, which hold text; nil for the manifest's own choice. Nil when that is none.
    package init?(_ table: EntityTable, fields: [String]? = nil) {
        let fields = fields ?? table.entity.search?.text ?? []
        guard !fields.isEmpty else { return nil }
        self.table = table
        self.fields = fields
    }

    private static func plainName(of entity: String) -> String { "_fts_\(entity)" }

    /// The quoted name of the index of the table `entity`.
    static func name(of entity: String) -> String { SQLWriter.quoted(plainName(of: entity)) }

    private static func metaKey(of entity: String) -> String { "search:\(entity)" }

    private static func triggers(of entity: String) -> [String] {
        ["ai", "ad", "au"].map { plainName(of: entity) + "_" + $0 }
    }

    /// Text in single quotes.
    private static func literal(_ text: String) -> String { SQLWriter.enclosed(text, in: "'") }

    /// The statements that make it over `fields` of the table `entity` and fill it.
    private static func creation(_ entity: String, _ fields: [String]) -> [String] {
        let columns = fields.map(SQLWriter.quoted)
        let name = SQLWriter.quoted(plainName(of: entity))
        let table = SQLWriter.quoted(entity)
        let list = columns.joined(separator: ", ")
        let new = columns.map { "new.\($0)" }.joined(separator: ", ")
        let old = columns.map { "old.\($0)" }.joined(separator: ", ")
        let add = "INSERT INTO \(name) (rowid, \(list)) VALUES (new.rowid, \(new));"
        // An index without a copy of the text is told what to forget.
        let remove = "INSERT INTO \(name) (\(name), rowid, \(list)) VALUES ('delete', old.rowid, \(old));"
        let triggers = triggers(of: entity).map(SQLWriter.quoted)
        return [
            """
            CREATE VIRTUAL TABLE \(name) USING fts5 (\(list), content=\(literal(entity)),
            content_rowid='rowid', tokenize=\(literal(tokenizer)))
            """,
            "CREATE TRIGGER \(triggers[0]) AFTER INSERT ON \(table) BEGIN \(add) END",
            "CREATE TRIGGER \(triggers[1]) AFTER DELETE ON \(table) BEGIN \(remove) END",
            "CREATE TRIGGER \(triggers[2]) AFTER UPDATE OF \(list) ON \(table) BEGIN \(remove) \(add) END",
            "INSERT INTO \(name) (\(name)) VALUES ('rebuild')",
        ]
    }

    /// Whether all its parts are there: a table that was rebuilt has lost its triggers.
    private static func isComplete(_ entity: String, on connection: SQLiteConnection) throws(StorageError) -> Bool {
        let names = [plainName(of: entity)] + triggers(of: entity)
        let found = try connection.first(
            "SELECT count(*) FROM sqlite_schema WHERE name IN (?, ?, ?, ?)", names.map { .text($0) }
        ) { $0.integer(0) }
        return found == 4
    }

    /// Makes the index of the table `entity`, filled with every row, in O(text), and remembers what it was made for.
    static func create(
        _ settings: SearchSettings, for entity: String, on connection: SQLiteConnection
    ) throws(StorageError) {
        try drop(entity, on: connection)
        if !settings.text.isEmpty {
            for statement in creation(entity, settings.text) { try connection.run(statement) }
        }
        try connection.setMeta(metaKey(of: entity), to: SearchMemory(settings).text(version))
    }

    /// What the index of the table `entity` was made for; nil when there is none, when it is incomplete, and when an older version
    /// of the server made it otherwise.
    static func settings(of entity: String, on connection: SQLiteConnection) throws(StorageError) -> SearchSettings? {
        guard let text = try connection.meta(metaKey(of: entity)), let memory = SearchMemory(text, version) else {
            return nil
        }
        if !memory.fields.isEmpty, try !isComplete(entity, on: connection) { return nil }
        return SearchSettings(text: memory.fields, facets: memory.facets)
    }

    /// Fills the index of the table `entity`, if any, with the rows that are there now.
    static func refill(_ entity: String, on connection: SQLiteConnection) throws(StorageError) {
        let name = plainName(of: entity)
        let exists = try connection.first("SELECT 1 FROM sqlite_schema WHERE name = ?", [.text(name)]) { _ in true }
        guard exists == true else { return }
        let quoted = SQLWriter.quoted(name)
        try connection.run("INSERT INTO \(quoted) (\(quoted)) VALUES ('rebuild')")
    }

    /// Removes the index of the table `entity`, if any.
    static func drop(_ entity: String, on connection: SQLiteConnection) throws(StorageError) {
        for trigger in triggers(of: entity) {
            try connection.run("DROP TRIGGER IF EXISTS \(SQLWriter.quoted(trigger))")
        }
        try connection.run("DROP TABLE IF EXISTS \(SQLWriter.quoted(plainName(of: entity)))")
        try connection.run("DELETE FROM _pylon_meta WHERE key = ?", [.text(metaKey(of: entity))])
    }
}

extension WriteTransaction {
    /// Makes the index what it has to be, with every row that is there in it. Returns whether it had to be made anew.
    package mutating func ensure(_ index: SearchIndex) throws(StorageError) -> Bool {
        let settings = index.table.entity.search
        let made = try SearchIndex.settings(of: index.table.entity.name, on: connection)
        if made?.text == index.fields { return false }
        let wanted = SearchSettings(text: index.fields, facets: settings?.facets ?? [])
        try SearchIndex.create(wanted, for: index.table.entity.name, on: connection)
        return true
    }

    /// Removes the index of an entity that is no longer searched; does nothing when there is none.
    package mutating func dropSearchIndex(of entity: String) throws(StorageError) {
        try SearchIndex.drop(entity, on: connection)
    }
}

/// What a search index was made for, as a text to remember. Names of fields hold no control characters.
private struct SearchMemory {
    var fields: [String]
    var facets: [String]

    init(_ settings: SearchSettings) {
        fields = settings.text
        facets = settings.facets
    }

    /// Nil for what another version wrote.
    init?(_ text: String, _ version: Int) {
        let lists = text.split(separator: "\u{1E}", omittingEmptySubsequences: false)
        guard lists.count == 3, lists[0] == String(version) else { return nil }
        fields = lists[1].split(separator: "\u{1F}").map(String.init)
        facets = lists[2].split(separator: "\u{1F}").map(String.init)
    }

    func text(_ version: Int) -> String {
        [String(version), fields.joined(separator: "\u{1F}"), facets.joined(separator: "\u{1F}")]
            .joined(separator: "\u{1E}")
    }
}
