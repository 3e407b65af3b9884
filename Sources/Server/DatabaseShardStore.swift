internal import PylonBytes
internal import PylonOperations
internal import PylonShardHost
internal import PylonStorage
internal import PylonTelemetry
internal import PylonThreading

/// Stores shards in the app's database, in the order of the calls and together with whatever else is written.
final class DatabaseShardStore: ShardStore {
    /// Set once the database is open; nothing is written before.
    private let database = Lock<Database?>(nil)

    /// A shard that fails to start so often, perhaps by ending the process, is set aside.
    private static let attemptsMaximum = 5

    /// From now on shards are stored here.
    func open(_ database: Database) {
        self.database.withLock { $0 = database }
    }

    func write(
        _ change: ShardChange, of shard: ShardIdentity, done: @escaping @Sendable (_ problem: String?) -> Void
    ) {
        guard let database = database.withLock({ $0 }) else { return done("the database is not open") }
        database.submit(bytes: change.byteCount) { transaction throws(StorageError) in
            switch change {
            case .state(let bytes, let tick, let isClean):
                let stored = StoredShard(
                    id: shard.id, instance: shard.instance, kind: shard.kind, config: shard.config, seed: shard.seed,
                    tick: tick)
                guard try transaction.putShard(stored, state: bytes, isClean: isClean) else {
                    throw .unsupported("a later shard of the same id is stored")
                }
            case .journal(let block, let number):
                try transaction.appendShardJournal(shard.id, instance: shard.instance, number: number, block: block)
            case .removal: try transaction.deleteShard(shard.id, instance: shard.instance)
            }
        } done: { error in
            done(error.map { "\($0)" })
        }
    }

    /// Brings back every stored shard with `restore`; what cannot be is set aside with the reason, which `report` hears, or left where it is
    /// when another process may bring it back. Blocks. Throws when the database cannot be read at all.
    static func restoreAll(
        from database: Database, counters: KeepingCounters, report: @escaping @Sendable (String) -> Void,
        _ restore: @escaping @Sendable (KeptShard) throws(RestoreError) -> Void
    ) throws(StorageError) {
        let ids = try AppDatabase.wait { () async throws(StorageError) in
            try await database.read { transaction throws(StorageError) in try transaction.storedShardIDs() }
        }
        for id in ids {
            // Durable before this one is tried, and of this one alone: if it ends the process, the others have no part in it.
            let attempts = try AppDatabase.wait { () async throws(StorageError) in
                try await database.write { transaction throws(StorageError) in try transaction.countShardAttempt(id) }
            }
            let problem: RestoreError?
            if attempts > attemptsMaximum {
                problem = RestoreError(
                    "it has been tried \(attemptsMaximum) times without getting to a state of its own")
            } else {
                problem = try Self.restore(id, from: database, restore)
            }
            guard let problem else { continue }
            if problem.staysStored {
                counters.withheld.add()
                report("shard \(id) does not come back and stays stored: \(problem)")
            } else {
                counters.setAside.add()
                report("shard \(id) does not come back and is set aside in _pylon_shards_aside: \(problem)")
            }
            try AppDatabase.wait { () async throws(StorageError) in
                try await database.write { transaction throws(StorageError) in
                    if problem.staysStored {
                        try transaction.takeBackShardAttempt(id)
                    } else {
                        try transaction.setShardAside(id, problem: problem.description)
                    }
                }
            }
        }
    }

    /// Returns why the shard does not come back.
    private static func restore(
        _ id: String, from database: Database, _ restore: (KeptShard) throws(RestoreError) -> Void
    ) throws(StorageError) -> RestoreError? {
        // States are large and disks may be cold: nobody else waits yet.
        let found = try AppDatabase.wait { () async throws(StorageError) in
            try await database.read(within: .seconds(60)) { transaction throws(StorageError) in
                try transaction.storedShard(id)
            }
        }
        guard let found else { return nil }
        do throws(RestoreError) {
            try restore(
                KeptShard(
                    id: id, instance: found.shard.instance, kind: found.shard.kind, config: found.shard.config,
                    seed: found.shard.seed,
                    state: found.state, isClean: found.isClean, journal: found.journal))
            return nil
        } catch {
            return error
        }
    }
}

extension ShardChange {
    /// What it holds while it waits.
    fileprivate var byteCount: Int {
        switch self {
        case .state(let bytes, _, _), .journal(let bytes, _): bytes.count
        case .removal: 0
        }
    }
}
