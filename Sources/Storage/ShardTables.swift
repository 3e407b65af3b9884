package import PylonBytes
internal import PylonSchema

/// `_pylon_shards` and `_pylon_shard_journal`: shards that outlive the process, each with its newest saved state and what happened since.
/// What could not be read is moved to `_pylon_shards_aside`, with its journal, and stays there for whoever mends it.
enum ShardTables {
    static let schema = [
        """
        CREATE TABLE IF NOT EXISTS _pylon_shards (
          id TEXT PRIMARY KEY, instance INTEGER NOT NULL, kind TEXT NOT NULL, config TEXT NOT NULL, seed INTEGER NOT NULL,
          tick INTEGER NOT NULL, is_clean INTEGER NOT NULL, saved_at INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,
          state BLOB NOT NULL)
        """,
        """
        CREATE TABLE IF NOT EXISTS _pylon_shard_journal (
          shard TEXT NOT NULL, number INTEGER NOT NULL, block BLOB NOT NULL, PRIMARY KEY (shard, number)) WITHOUT ROWID
        """,
        """
        CREATE TABLE IF NOT EXISTS _pylon_shards_aside (
          number INTEGER PRIMARY KEY, id TEXT NOT NULL, kind TEXT NOT NULL, config TEXT NOT NULL, seed INTEGER NOT NULL,
          tick INTEGER NOT NULL, state BLOB NOT NULL, saved_at INTEGER NOT NULL, problem TEXT NOT NULL,
          set_aside_at INTEGER NOT NULL)
        """,
        """
        CREATE TABLE IF NOT EXISTS _pylon_shard_journal_aside (
          shard INTEGER NOT NULL, number INTEGER NOT NULL, block BLOB NOT NULL, PRIMARY KEY (shard, number)) WITHOUT ROWID
        """,
    ]
}

/// One shard as it is stored.
package struct StoredShard: Sendable {
    package let id: String
    /// Which of the shards that had this id: a later one has a larger number.
    package let instance: UInt64
    package let kind: String
    /// The `config` object, as JSON.
    package let config: String
    package let seed: UInt64
    package let tick: UInt64

    package init(id: String, instance: UInt64, kind: String, config: String, seed: UInt64, tick: UInt64) {
        self.id = id
        self.instance = instance
        self.kind = kind
        self.config = config
        self.seed = seed
        self.tick = tick
    }
}

extension WriteTransaction {
    /// Stores a shard with its state, in place of the one of the same instance or an earlier one, and forgets the journal before it. False,
    /// with nothing stored, when a later one has its id.
    package mutating func putShard(
        _ shard: StoredShard, state: SharedBytes, isClean: Bool
    ) throws(StorageError) -> Bool {
        try connection.run(
            """
            INSERT INTO _pylon_shards (id, instance, kind, config, seed, tick, is_clean, saved_at, state)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (id) DO UPDATE SET instance = excluded.instance, kind = excluded.kind, config = excluded.config,
              seed = excluded.seed, tick = excluded.tick, state = excluded.state, is_clean = excluded.is_clean,
              saved_at = excluded.saved_at, attempts = 0
            WHERE instance <= excluded.instance
            """,
            [
                .text(shard.id), .integer(Int64(bitPattern: shard.instance)), .text(shard.kind), .text(shard.config),
                .integer(Int64(bitPattern: shard.seed)), .integer(Int64(clamping: shard.tick)), .bool(isClean),
                .integer(Int64(clamping: time)),
            ], blob: state.unsafeBytes)
        guard connection.changesOfLastStatement > 0 else { return false }
        try connection.run("DELETE FROM _pylon_shard_journal WHERE shard = ?", [.text(shard.id)])
        return true
    }

    /// Appends a block to the journal of a shard; nothing happens when a later shard has its id.
    package mutating func appendShardJournal(
        _ id: String, instance: UInt64, number: UInt64, block: SharedBytes
    ) throws(StorageError) {
        try connection.run(
            """
            INSERT INTO _pylon_shard_journal (shard, number, block)
            SELECT id, ?, ? FROM _pylon_shards WHERE id = ? AND instance = ?
            """,
            [.integer(Int64(clamping: number)), .null, .text(id), .integer(Int64(bitPattern: instance))],
            blob: block.unsafeBytes, at: 1)
    }

    /// Forgets a shard; nothing happens when a later one has its id.
    package mutating func deleteShard(_ id: String, instance: UInt64) throws(StorageError) {
        try connection.run(
            "DELETE FROM _pylon_shards WHERE id = ? AND instance <= ?",
            [.text(id), .integer(Int64(bitPattern: instance))])
        guard connection.changesOfLastStatement > 0 else { return }
        try connection.run("DELETE FROM _pylon_shard_journal WHERE shard = ?", [.text(id)])
    }

    /// Counts an attempt to bring back a stored shard, and returns how many there have been since it was last stored; 0 when there is none.
    package mutating func countShardAttempt(_ id: String) throws(StorageError) -> Int {
        try connection.run("UPDATE _pylon_shards SET attempts = attempts + 1 WHERE id = ?", [.text(id)])
        let attempts = try connection.first("SELECT attempts FROM _pylon_shards WHERE id = ?", [.text(id)]) {
            Int($0.integer(0))
        }
        return attempts ?? 0
    }

    /// Takes back an attempt that was no fault of the shard's.
    package mutating func takeBackShardAttempt(_ id: String) throws(StorageError) {
        try connection.run(
            "UPDATE _pylon_shards SET attempts = attempts - 1 WHERE id = ? AND attempts > 0", [.text(id)])
    }

    /// Moves a shard that cannot be used out of the way, with its journal and the reason.
    package mutating func setShardAside(_ id: String, problem: String) throws(StorageError) {
        try connection.run(
            """
            INSERT INTO _pylon_shards_aside (id, kind, config, seed, tick, state, saved_at, problem, set_aside_at)
            SELECT id, kind, config, seed, tick, state, saved_at, ?, ? FROM _pylon_shards WHERE id = ?
            """, [.text(problem), .integer(Int64(clamping: time)), .text(id)])
        let number = connection.lastInsertedRowID
        try connection.run(
            """
            INSERT INTO _pylon_shard_journal_aside (shard, number, block)
            SELECT ?, number, block FROM _pylon_shard_journal WHERE shard = ?
            """, [.integer(number), .text(id)])
        try connection.run("DELETE FROM _pylon_shards WHERE id = ?", [.text(id)])
        try connection.run("DELETE FROM _pylon_shard_journal WHERE shard = ?", [.text(id)])
    }
}

extension DatabaseReading where Self: ~Copyable {
    /// The ids of all stored shards, in their order.
    package func storedShardIDs() throws(StorageError) -> [String] {
        var ids: [String] = []
        try connection.rows("SELECT id FROM _pylon_shards ORDER BY id") { row in
            ids.append(row.text(0))
            return true
        }
        return ids
    }

    /// A stored shard with its state, whether it was saved by a clean stop, and the blocks of its journal; nil when there is none.
    package func storedShard(
        _ id: String
    ) throws(StorageError) -> (shard: StoredShard, state: [UInt8], isClean: Bool, journal: [[UInt8]])? {
        let found = try connection.first(
            "SELECT instance, kind, config, seed, tick, is_clean, state FROM _pylon_shards WHERE id = ?", [.text(id)]
        ) { row in
            let shard = StoredShard(
                id: id, instance: UInt64(bitPattern: row.integer(0)), kind: row.text(1), config: row.text(2),
                seed: UInt64(bitPattern: row.integer(3)), tick: UInt64(clamping: row.integer(4)))
            return (shard, row.blob(6), row.integer(5) != 0)
        }
        guard let (shard, state, isClean) = found else { return nil }
        var journal: [[UInt8]] = []
        try connection.rows(
            "SELECT block FROM _pylon_shard_journal WHERE shard = ? ORDER BY number", [.text(id)]
        ) { row in
            journal.append(row.blob(0))
            return true
        }
        return (shard, state, isClean, journal)
    }
}
