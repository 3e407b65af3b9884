internal import CSQLite

extension SQLiteConnection {
    /// Problems listed at most.
    static let integrityProblemsMaximum = 20

    /// Looks for damage: also of indexes against their tables when the file has at most `fullBytesMaximum` bytes. Throws `corrupt`
    /// with all it found.
    func checkIntegrity(fullBytesMaximum: Int) throws(StorageError) {
        let pages = try first("PRAGMA page_count") { $0.integer(0) } ?? 0
        let pageBytes = try first("PRAGMA page_size") { $0.integer(0) } ?? 0
        let check = pages * pageBytes <= Int64(fullBytesMaximum) ? "integrity_check" : "quick_check"
        var problems: [String] = []
        try rows("PRAGMA \(check)(\(Self.integrityProblemsMaximum))") { row in
            let line = row.text(0)
            if line != "ok" { problems.append(line) }
            return true
        }
        guard problems.isEmpty else {
            throw .corrupt(
                SQLiteFailure(
                    operation: check, extendedCode: SQLITE_CORRUPT, message: problems.joined(separator: "; ")))
        }
    }
}
