internal import PylonSchema

/// `_pylon_meta`, what the server remembers about the file itself, by key.
enum Meta {
    static let schema =
        "CREATE TABLE IF NOT EXISTS _pylon_meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID"
    /// `1` after a clean stop, `0` while a server runs and after it died.
    static let cleanShutdownKey = "clean_shutdown"
}

extension SQLiteConnection {
    /// What was remembered under a key.
    func meta(_ key: String) throws(StorageError) -> String? {
        try first("SELECT value FROM _pylon_meta WHERE key = ?", [.text(key)]) { $0.text(0) }
    }

    /// Remembers `value`.
    func setMeta(_ key: String, to value: String) throws(StorageError) {
        try run(
            "INSERT INTO _pylon_meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            [.text(key), .text(value)])
    }
}
