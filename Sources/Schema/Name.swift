/// The names that entities, fields, indexes and relations may have: they become names in the database.
package enum Name {
    /// The most that Postgres keeps of a name.
    package static let byteCountMaximum = 63

    /// Beginnings that belong to the server and to SQLite.
    package static let reservedPrefixes = ["_pylon", "_fts", "_facet", "sqlite_"]

    /// Columns that every table has besides its fields: the id, and SQLite's names of the row number.
    static let reservedFields: Set<String> = ["id", "rowid", "oid", "_rowid_"]

    /// Columns of a full-text table besides its fields.
    static let reservedSearchFields: Set<String> = ["rank", "entity_id"]

    /// Whether it is `[A-Za-z_][A-Za-z0-9_]*`.
    static func isIdentifier(_ text: String) -> Bool {
        guard let first = text.utf8.first, isLetter(first) else { return false }
        return text.utf8.allSatisfy(isIdentifier(byte:))
    }

    /// Whether it may stand in an identifier, be it not as its first byte.
    static func isIdentifier(byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    /// Whether it begins, in whatever case, like the tables of the server or of SQLite.
    package static func isReserved(_ text: String) -> Bool {
        let folded = folded(text)
        return reservedPrefixes.contains { folded.hasPrefix($0) }
    }

    /// The name as SQLite compares it: ASCII letters in lower case.
    static func folded(_ text: String) -> String {
        String(decoding: text.utf8.map { (0x41...0x5A).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x41...0x5A).contains(byte) || byte == UInt8(ascii: "_")
    }
}
