internal import PylonBytes
internal import PylonTelemetry
internal import PylonThreading
package import PylonTime

/// A cache of texts and of lists, sets, hashes and sorted sets of texts, with a time to live for each key (spec/services.md 3.1).
///
/// Bounded by entries and by bytes: what was used longest ago goes first. Safe from any thread. The lock is held for one key or one
/// stretch of keys at a time; results are made of what was taken out under it.
package final class CacheStore: Sendable {
    package let limits: CacheLimits
    package let counters = CacheCounters()
    private let clock: any Clock

    private struct State {
        var table: CacheTable
        /// The counters when the cache was last emptied.
        var baseline = CacheStatistics()
    }

    private let state: Lock<State>

    package init(limits: CacheLimits = CacheLimits(), clock: any Clock) {
        self.limits = limits
        self.clock = clock
        state = Lock(State(table: CacheTable(limits: limits, counters: counters)))
    }

    /// Entries held, those whose time is over and that nobody asked for yet included.
    package var entryCount: Int { state.withLock { $0.table.entries.count } }
    /// About what the entries take in memory.
    package var bytes: Int { state.withLock { $0.table.bytes } }

    /// Runs `body` on the table and a time; `key` is checked first.
    func with<R: Sendable>(
        _ key: String, _ body: (inout CacheTable, Instant) throws(CacheError) -> R
    ) throws(CacheError) -> R {
        try check(key)
        let now = clock.now()
        return try state.withLock { state throws(CacheError) in
            _ = state.table.forgetExpired(at: now, atMost: CacheLimits.expiredInPassing)
            return try body(&state.table, now)
        }
    }

    /// The collection of a key as it is now, empty when there is none of the type: others may change the key meanwhile.
    func read<C: CacheCollection & Sendable>(_ key: String, _ type: C.Type) throws(CacheError) -> C {
        let found = try with(key) { table, now throws(CacheError) -> C? in
            table.entry(key, at: now).flatMap { entry in
                var value = entry.value
                return C(taking: &value)
            }
        }
        count(found != nil)
        return found ?? C()
    }

    private func check(_ key: String) throws(CacheError) {
        guard key.utf8.count <= limits.keyBytesMaximum else {
            throw .invalid("key", problem: "must have at most \(limits.keyBytesMaximum) bytes")
        }
    }

    func count(_ isHit: Bool) {
        (isHit ? counters.hits : counters.misses).add()
    }
}

// MARK: Texts

extension CacheStore {
    /// Stores a text. Without a time to live it stays.
    package func set(_ key: String, _ text: String, ttl: Duration? = nil) throws(CacheError) {
        try with(key) { table, now throws(CacheError) in
            try table.put(key, .text(text), expires: ttl.map { now + $0 }, at: now)
        }
        counters.sets.add()
    }

    /// Stores texts, all of them or, when one does not fit, none.
    package func set(_ pairs: [(key: String, text: String)]) throws(CacheError) {
        for (key, text) in pairs {
            try check(key)
            guard key.utf8.count + text.utf8.count + CacheLimits.entryOverhead <= limits.entryBytesMaximum else {
                throw .entryTooLarge(maximum: limits.entryBytesMaximum)
            }
        }
        for (key, text) in pairs { try set(key, text) }
    }

    /// Stores a text unless the key has something. Returns whether it did.
    package func setIfAbsent(_ key: String, _ text: String, ttl: Duration? = nil) throws(CacheError) -> Bool {
        let isSet = try with(key) { table, now throws(CacheError) in
            guard table.entry(key, at: now) == nil else { return false }
            try table.put(key, .text(text), expires: ttl.map { now + $0 }, at: now)
            return true
        }
        if isSet { counters.sets.add() }
        return isSet
    }

    /// The text of a key; nil when there is none.
    package func get(_ key: String) throws(CacheError) -> String? {
        let text = try with(key) { table, now throws(CacheError) in Self.text(table.entry(key, at: now)) }
        count(text != nil)
        return text
    }

    /// Stores a text that stays, and returns the one before.
    package func exchange(_ key: String, _ text: String) throws(CacheError) -> String? {
        let old = try with(key) { table, now throws(CacheError) in
            let old = Self.text(table.entry(key, at: now))
            try table.put(key, .text(text), expires: nil, at: now)
            return old
        }
        count(old != nil)
        counters.sets.add()
        return old
    }

    /// Adds to the number of a key, which is 0 when there is none, and returns the sum. Its time to live stays.
    package func increment(_ key: String, by amount: Int64) throws(CacheError) -> Int64 {
        let sum = try with(key) { table, now throws(CacheError) in
            let entry = table.entry(key, at: now)
            let text = Self.text(entry)
            let sum = try Self.sum(text, amount)
            try table.put(key, .text(String(sum)), expires: text == nil ? nil : entry?.expires, at: now)
            return sum
        }
        counters.sets.add()
        return sum
    }

    /// The texts of keys, in their order. Throws `resultTooLarge`.
    package func get(_ keys: [String]) throws(CacheError) -> [String?] {
        var texts: [String?] = []
        var bytes = 0
        for key in keys {
            let text = try get(key)
            texts.append(text)
            bytes += (text?.utf8.count ?? 0) + 4
            guard bytes <= limits.resultBytesMaximum else { throw .resultTooLarge(maximum: limits.resultBytesMaximum) }
        }
        return texts
    }

    static func sum(_ text: String?, _ amount: Int64) throws(CacheError) -> Int64 {
        guard let number = Int64(text ?? "0") else { throw .notAnInteger }
        let (sum, overflow) = number.addingReportingOverflow(amount)
        if overflow { throw .overflow }
        return sum
    }

    private static func text(_ entry: CacheTable.Entry?) -> String? {
        if case .text(let text)? = entry?.value { text } else { nil }
    }
}

// MARK: Keys

extension CacheStore {
    /// Removes a key. Returns whether there was one.
    package func remove(_ key: String) throws(CacheError) -> Bool {
        let isRemoved = try with(key) { table, now throws(CacheError) in table.remove(key, at: now) }
        if isRemoved { counters.deletes.add() }
        return isRemoved
    }

    /// Whether there is such a key; asking is no use of it.
    package func has(_ key: String) throws(CacheError) -> Bool {
        try with(key) { table, now throws(CacheError) in table.entry(key, at: now, isUse: false) != nil }
    }

    /// The name of the key's type; nil when there is none.
    package func typeName(_ key: String) throws(CacheError) -> String? {
        try with(key) { table, now throws(CacheError) in table.entry(key, at: now, isUse: false)?.value.typeName }
    }

    /// Whole seconds until a key goes, begun ones counted; -1 when it stays, -2 when there is none.
    package func secondsLeft(_ key: String) throws(CacheError) -> Int64 {
        try with(key) { table, now throws(CacheError) in
            guard let entry = table.entry(key, at: now, isUse: false) else { return -2 }
            return entry.expires.map { Int64(clamping: (($0 - now).wholeNanoseconds - 1) / 1_000_000_000 + 1) } ?? -1
        }
    }

    /// Gives a key another time to live; it goes at once when that is over already. Returns whether there was one.
    package func expire(_ key: String, after ttl: Duration) throws(CacheError) -> Bool {
        guard ttl > .zero else { return try remove(key) }
        return try with(key) { table, now throws(CacheError) in table.setExpiry(key, now + ttl, at: now) }
    }

    /// Takes a key's time to live away. Returns whether it had one.
    package func persist(_ key: String) throws(CacheError) -> Bool {
        try with(key) { table, now throws(CacheError) in
            guard table.entry(key, at: now, isUse: false)?.expires != nil else { return false }
            return table.setExpiry(key, nil, at: now)
        }
    }

    /// The keys that fit a pattern, in the order of their bytes. Throws `resultTooLarge`. O(keys), a stretch at a time.
    package func keys(matching pattern: String) throws(CacheError) -> [String] {
        guard pattern.utf8.count <= limits.patternBytesMaximum else {
            throw .invalid("pattern", problem: "must have at most \(limits.patternBytesMaximum) bytes")
        }
        let pattern = KeyPattern(pattern)
        let now = clock.now()
        var found: [ExactText] = []
        var (bytes, next) = (0, 0)
        while let stretch = keys(from: next, at: now) {
            next += CacheLimits.stretch
            for key in stretch where pattern.matches(key.text) {
                found.append(key)
                bytes += key.text.utf8.count + 3
                guard bytes <= limits.resultBytesMaximum else {
                    throw .resultTooLarge(maximum: limits.resultBytesMaximum)
                }
            }
        }
        return found.sorted().map(\.text)
    }

    /// Keys of a stretch of handles; nil behind the last one.
    private func keys(from handle: Int, at now: Instant) -> [ExactText]? {
        state.withLock { state in
            let end = state.table.entries.endHandle
            guard handle < end else { return nil }
            return (handle..<min(handle + CacheLimits.stretch, end)).compactMap { handle in
                state.table.entries[handle].flatMap { $0.isOver(at: now) ? nil : $0.key }
            }
        }
    }

    /// How many keys there are.
    package func count() -> Int {
        _ = forgetExpired()
        return entryCount
    }

    /// Forgets what has expired and returns how much that was. O(expired), a stretch at a time.
    @discardableResult
    package func forgetExpired() -> Int {
        let now = clock.now()
        var total = 0
        while true {
            let count = state.withLock { $0.table.forgetExpired(at: now, atMost: CacheLimits.stretch) }
            total += count
            if count < CacheLimits.stretch { return total }
        }
    }

    /// Forgets everything, and begins the statistics anew.
    package func removeAll() {
        let fresh = CacheTable(limits: limits, counters: counters)
        let values = counters.values
        // What is taken out is let go of after the lock is.
        _ = state.withLock { state in
            let old = state.table
            state.table = fresh
            state.baseline = values
            return old
        }
    }

    /// What happened since the cache was last emptied.
    package var statistics: CacheStatistics {
        counters.values - state.withLock { $0.baseline }
    }
}
