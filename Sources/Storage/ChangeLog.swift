internal import PylonSchema

/// What happened to a row. The raw value is what the change log holds.
package enum ChangeKind: Int64, Hashable, Sendable {
    case insert = 1
    case update = 2
    case delete = 3
}

/// The last change of one row.
package struct Change: Hashable, Sendable {
    /// Its place in the order of all changes, from 1; never used twice, also after a restart.
    package let sequence: Int64
    package let entity: String
    package let rowID: String
    /// What happened last. An update may be the first that a reader hears of a row, when all before lay behind its cursor.
    package let kind: ChangeKind
    /// The change that inserted the row, as far as the log knows: readers that began behind it have not seen the row before.
    package let firstSequence: Int64
    /// Whatever `recordChange` was given, such as the last image of a deleted row.
    package let data: String?
    /// Microseconds since the epoch.
    package let time: UInt64
}

/// A stretch of the change log.
package struct ChangePage: Hashable, Sendable {
    package let changes: [Change]
    /// Where to read on.
    package let cursor: Int64
    /// Whether there is more now.
    package let hasMore: Bool
}

/// The change log's tables: one entry for each row and each deleted row, with the sequence of its last change.
///
/// A pull is "the latest state of every row, ordered by sequence": a change replaces its row's older entry, so that the log is
/// no longer than the tables and exact from 0. Only tombstones are bounded; `horizon` is the last one that was dropped, and a
/// cursor behind it has to start anew.
enum ChangeLog {
    /// AUTOINCREMENT remembers the largest sequence given out even when its row is gone.
    static let schema = [
        """
        CREATE TABLE IF NOT EXISTS _pylon_changes (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            entity TEXT NOT NULL,
            row_id TEXT NOT NULL,
            kind INTEGER NOT NULL,
            first_seq INTEGER,
            data TEXT,
            at INTEGER NOT NULL
        )
        """,
        "CREATE UNIQUE INDEX IF NOT EXISTS _pylon_changes_row ON _pylon_changes (entity, row_id)",
        "CREATE INDEX IF NOT EXISTS _pylon_changes_tombstone ON _pylon_changes (seq) WHERE kind = 3",
    ]

    static let horizonKey = "change_horizon"
    /// Tombstones are counted once in so many changes; the bound is exceeded by no more.
    static let pruneInterval: Int64 = 1024
}

extension WriteTransaction {
    /// Notes that a row changed, in the same transaction as the change. Returns the change's sequence: they grow in the order of
    /// the commits.
    package mutating func recordChange(
        _ entity: String, id: String, _ kind: ChangeKind, data: String? = nil
    ) throws(StorageError) -> Int64 {
        var first: FieldValue = .null
        // An inserted row has no older entry, unless it comes back under the id of a deleted one: REPLACE sees to that.
        if kind != .insert {
            let old = try connection.first(
                "DELETE FROM _pylon_changes WHERE entity = ? AND row_id = ? RETURNING coalesce(first_seq, seq)",
                [.text(entity), .text(id)]
            ) { $0.integer(0) }
            if let old { first = .integer(old) }
        }
        try connection.run(
            """
            INSERT OR REPLACE INTO _pylon_changes (entity, row_id, kind, first_seq, data, at) VALUES (?, ?, ?, ?, ?, ?)
            """,
            [
                .text(entity), .text(id), .integer(kind.rawValue), first, data.map { .text($0) } ?? .null,
                .integer(Int64(time)),
            ])
        let sequence = connection.lastInsertedRowID
        if sequence % ChangeLog.pruneInterval == 0 { try pruneTombstones(keeping: tombstonesMaximum) }
        return sequence
    }

    /// Gives every row of the table that the log does not know an entry: for files that come from elsewhere. Returns how many.
    package mutating func adoptRows(of table: EntityTable) throws(StorageError) -> Int {
        try connection.run(
            """
            INSERT INTO _pylon_changes (entity, row_id, kind, at)
            SELECT ?1, "id", 1, ?2 FROM \(table.name) AS t
            WHERE NOT EXISTS (SELECT 1 FROM _pylon_changes WHERE entity = ?1 AND row_id = t."id") ORDER BY "id"
            """, [.text(table.entity.name), .integer(Int64(time))])
        return connection.changesOfLastStatement
    }

    /// Drops the oldest tombstones, and remembers that they were there.
    package mutating func pruneTombstones(keeping kept: Int) throws(StorageError) {
        let last = try connection.first(
            "SELECT seq FROM _pylon_changes WHERE kind = 3 ORDER BY seq DESC LIMIT 1 OFFSET ?", [.integer(Int64(kept))]
        ) { $0.integer(0) }
        guard let last else { return }
        try connection.run("DELETE FROM _pylon_changes WHERE kind = 3 AND seq <= ?", [.integer(last)])
        try connection.setMeta(ChangeLog.horizonKey, to: String(last))
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// The changes behind `cursor` (0 for all), oldest first, each row at most once.
    ///
    /// Throws `resyncRequired` when tombstones behind the cursor are gone, as its owner would keep rows that were deleted, and
    /// for a cursor from the future, which another history gave out: the file was restored from a backup.
    package func changes(since cursor: Int64, limit: Int) throws(StorageError) -> ChangePage {
        let horizon = try connection.meta(ChangeLog.horizonKey).flatMap { Int64($0) } ?? 0
        if cursor > 0 {
            let last = try lastSequence()
            guard cursor >= horizon, cursor <= last else { throw .resyncRequired(oldest: horizon) }
        }
        var changes: [Change] = []
        var hasMore = false
        try connection.rows(
            """
            SELECT seq, entity, row_id, kind, coalesce(first_seq, seq), data, at FROM _pylon_changes
            WHERE seq > ? ORDER BY seq LIMIT ?
            """, [.integer(max(0, cursor)), .integer(Int64(limit) + 1)]
        ) { row in
            if changes.count == limit {
                hasMore = true
                return false
            }
            let kind = ChangeKind(rawValue: row.integer(3)) ?? .update
            changes.append(
                Change(
                    sequence: row.integer(0), entity: row.text(1), rowID: row.text(2), kind: kind,
                    firstSequence: row.integer(4),
                    data: row.isNull(5) ? nil : row.text(5), time: UInt64(clamping: row.integer(6))))
            return true
        }
        return ChangePage(changes: changes, cursor: changes.last?.sequence ?? max(0, cursor), hasMore: hasMore)
    }

    /// The sequence of the last change there was; 0 before the first.
    package func lastSequence() throws(StorageError) -> Int64 {
        try connection.first("SELECT seq FROM sqlite_sequence WHERE name = '_pylon_changes'") { $0.integer(0) } ?? 0
    }
}

extension SQLiteConnection {
    /// The largest sequence that the file's log has given out; 0 when it has none.
    func lastSequenceEver() throws(StorageError) -> Int64 {
        let hasLog = try first("SELECT 1 FROM sqlite_schema WHERE name = '_pylon_changes'") { _ in true } ?? false
        guard hasLog else { return 0 }
        return try first("SELECT seq FROM sqlite_sequence WHERE name = '_pylon_changes'") { $0.integer(0) } ?? 0
    }

    /// Makes every cursor handed out so far one that has to start anew: those of this history, which may have gone on since it was copied, and
    /// those of the one it replaces, whose last sequence is given. Sequences then go on behind both.
    func beginHistory(after sequence: Int64) throws(StorageError) {
        for statement in [Meta.schema] + ChangeLog.schema { try run(statement) }
        let next = max(sequence, try lastSequenceEver()) + 1
        try run("DELETE FROM sqlite_sequence WHERE name = '_pylon_changes'")
        try run("INSERT INTO sqlite_sequence (name, seq) VALUES ('_pylon_changes', ?)", [.integer(next)])
        try setMeta(ChangeLog.horizonKey, to: String(next))
    }
}
