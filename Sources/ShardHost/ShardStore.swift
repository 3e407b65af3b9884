package import PylonBytes

/// Where shards are stored that outlive the process. Safe from any thread; the worker that calls it never waits.
package protocol ShardStore: Sendable {
    /// Makes a change durable, behind those asked for before. `done` hears nil or, in words for the log, why not, on any thread; the change
    /// has then not been made.
    func write(_ change: ShardChange, of shard: ShardIdentity, done: @escaping @Sendable (_ problem: String?) -> Void)
}

/// One of the shards that had an id, and what it was made from.
package struct ShardIdentity: Sendable {
    package let id: String
    /// Larger for each later shard of the same id: what an earlier one still writes must not touch it.
    package let instance: UInt64
    package let kind: String
    /// The `config` object, as JSON.
    package let config: String
    package let seed: UInt64

    /// Whatever shard has this id, to be removed.
    static func any(_ id: String) -> ShardIdentity {
        // The largest that the database knows.
        ShardIdentity(id: id, instance: UInt64(Int64.max), kind: "", config: "", seed: 0)
    }
}

/// What becomes of a stored shard.
package enum ShardChange: Sendable {
    /// It is in this state now, and the journal begins anew. `isClean` says that nothing can have happened since.
    case state(SharedBytes, tick: UInt64, isClean: Bool)
    /// This happened next; numbers rise.
    case journal(SharedBytes, number: UInt64)
    /// It is over.
    case removal
}

/// What somebody waits for the store to say of a shard.
package enum StoreExpectation: Sendable {
    /// A new shard is stored.
    case stored
    /// One that was removed is not, any more.
    case forgotten
}

/// What the store has said of that.
package enum StoreConfirmation: Sendable {
    /// It is so, should the process die now.
    case done
    /// It could not be done, and is tried again.
    case refused
    /// Nothing yet.
    case late
}

/// A shard as it came out of the store.
package struct KeptShard: Sendable {
    package let id: String
    /// See `ShardIdentity`.
    package let instance: UInt64
    package let kind: String
    package let config: String
    package let seed: UInt64
    package let state: [UInt8]
    /// Whether it was saved by a clean stop.
    package let isClean: Bool
    /// What happened since, oldest first.
    package let journal: [[UInt8]]

    package init(
        id: String, instance: UInt64, kind: String, config: String, seed: UInt64, state: [UInt8], isClean: Bool,
        journal: [[UInt8]]
    ) {
        self.id = id
        self.instance = instance
        self.kind = kind
        self.config = config
        self.seed = seed
        self.state = state
        self.isClean = isClean
        self.journal = journal
    }
}
