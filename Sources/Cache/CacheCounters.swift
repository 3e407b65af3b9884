package import PylonTelemetry

/// What the cache did since the process began, for the metrics.
package struct CacheCounters: Sendable {
    /// Reads that found what they asked for.
    package let hits = Counter()
    package let misses = Counter()
    /// Commands that stored something.
    package let sets = Counter()
    /// Entries removed by a command.
    package let deletes = Counter()
    /// Entries removed to make room.
    package let evictions = Counter()
    /// Entries removed because their time was over.
    package let expired = Counter()

    package init() {}

    var values: CacheStatistics {
        CacheStatistics(
            hits: hits.value, misses: misses.value, sets: sets.value, deletes: deletes.value,
            evictions: evictions.value, expired: expired.value)
    }
}

/// What `INFO` tells: the counters since the cache was last emptied.
package struct CacheStatistics: Hashable, Sendable {
    package var hits: UInt64 = 0
    package var misses: UInt64 = 0
    package var sets: UInt64 = 0
    package var deletes: UInt64 = 0
    package var evictions: UInt64 = 0
    package var expired: UInt64 = 0

    static func - (left: CacheStatistics, right: CacheStatistics) -> CacheStatistics {
        CacheStatistics(
            hits: left.hits &- right.hits, misses: left.misses &- right.misses, sets: left.sets &- right.sets,
            deletes: left.deletes &- right.deletes, evictions: left.evictions &- right.evictions,
            expired: left.expired &- right.expired)
    }
}
