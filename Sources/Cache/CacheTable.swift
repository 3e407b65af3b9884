internal import PylonBytes
internal import PylonTelemetry
internal import PylonTime

/// The entries of a cache and the rules by which they go. Every operation is O(1) in the number of entries, besides the deadlines'
/// heap; its owner holds the lock.
struct CacheTable: Sendable {
    struct Entry: Sendable {
        let key: ExactText
        var value: CacheValue
        /// Nil for never.
        var expires: Instant?

        /// About what it takes in memory.
        var bytes: Int { key.text.utf8.count + value.bytes + CacheLimits.entryOverhead }

        func isOver(at now: Instant) -> Bool { expires.map { $0 <= now } ?? false }
    }

    private let limits: CacheLimits
    private let counters: CacheCounters
    private var handles: [ExactText: Int] = [:]
    private(set) var entries = RecencyList<Entry>()
    /// Deadlines of entries by their handle; stale ones, of entries that are gone or have another by now, among them.
    private var deadlines = DeadlineHeap()
    private(set) var bytes = 0

    init(limits: CacheLimits, counters: CacheCounters) {
        self.limits = limits
        self.counters = counters
    }

    // MARK: Reading

    /// The entry of a key, which is thereby used unless `isUse` says otherwise.
    mutating func entry(_ key: String, at now: Instant, isUse: Bool = true) -> Entry? {
        guard let handle = live(key, at: now) else { return nil }
        if isUse { entries.touch(handle) }
        return entries[handle]
    }

    // MARK: Writing

    /// Stores a value under a key, whatever was there before.
    mutating func put(
        _ key: String, _ value: CacheValue, expires: Instant?, at now: Instant
    ) throws(CacheError) {
        let entry = Entry(key: ExactText(key), value: value, expires: expires)
        guard entry.bytes <= limits.entryBytesMaximum else {
            throw .entryTooLarge(maximum: limits.entryBytesMaximum)
        }
        let handle: Int
        if let old = handles[entry.key] {
            handle = old
            bytes += entry.bytes - (entries[old]?.bytes ?? 0)
            entries.update(handle) { $0 = entry }
            entries.touch(handle)
        } else {
            handle = entries.insert(entry)
            handles[entry.key] = handle
            bytes += entry.bytes
        }
        if let expires { remind(of: handle, at: expires) }
        makeRoom()
    }

    /// Changes the collection of a key in place; it is made when there is none, or something else. `adding` is what it may grow by.
    mutating func write<C: CacheCollection, R>(
        _ key: String, _ type: C.Type, adding: Int, at now: Instant, _ body: (inout C) throws(CacheError) -> R
    ) throws(CacheError) -> R {
        if let handle = live(key, at: now), let entry = entries[handle] {
            var other = entry.value
            if C(taking: &other) != nil {
                guard entry.bytes + adding <= limits.entryBytesMaximum else {
                    throw .entryTooLarge(maximum: limits.entryBytesMaximum)
                }
            }
        }
        if let result = try change(key, type, at: now, body) { return result }
        var collection = C()
        let result = try body(&collection)
        try put(key, collection.value, expires: nil, at: now)
        return result
    }

    /// Changes the collection of a key in place, and removes the key when nothing is left; nil when there is none of the type.
    mutating func change<C: CacheCollection, R>(
        _ key: String, _ type: C.Type, at now: Instant, _ body: (inout C) throws(CacheError) -> R
    ) throws(CacheError) -> R? {
        guard let handle = live(key, at: now) else { return nil }
        var isEmpty = false
        let (result, growth) = try entries.update(handle) { entry throws(CacheError) -> (R?, Int) in
            let before = entry.bytes
            guard var collection = C(taking: &entry.value) else { return (nil, 0) }
            defer { entry.value = collection.value }
            let result = try body(&collection)
            isEmpty = collection.isEmpty
            return (result, collection.value.bytes + entry.key.text.utf8.count + CacheLimits.entryOverhead - before)
        }
        bytes += growth
        guard result != nil else { return nil }
        if isEmpty {
            remove(handle)
        } else {
            entries.touch(handle)
            makeRoom()
        }
        return result
    }

    /// Gives an entry another end; nil for none. False when there is no entry.
    mutating func setExpiry(_ key: String, _ expires: Instant?, at now: Instant) -> Bool {
        guard let handle = live(key, at: now) else { return false }
        entries.update(handle) { $0.expires = expires }
        if let expires { remind(of: handle, at: expires) }
        return true
    }

    /// Removes an entry. Returns whether there was one.
    mutating func remove(_ key: String, at now: Instant) -> Bool {
        guard let handle = live(key, at: now) else { return false }
        remove(handle)
        return true
    }

    /// Forgets at most so many entries whose time is over. Returns how many there were.
    mutating func forgetExpired(at now: Instant, atMost maximum: Int) -> Int {
        var count = 0
        while count < maximum, let due = deadlines.popDue(now) {
            let handle = Int(due.datum)
            guard handle < entries.endHandle, entries[handle]?.isOver(at: now) == true else { continue }
            remove(handle)
            counters.expired.add()
            count += 1
        }
        return count
    }

    // MARK: Private detail

    private mutating func live(_ key: String, at now: Instant) -> Int? {
        guard let handle = handles[ExactText(key)] else { return nil }
        guard entries[handle]?.isOver(at: now) == true else { return handle }
        remove(handle)
        counters.expired.add()
        return nil
    }

    private mutating func remove(_ handle: Int) {
        let entry = entries.remove(handle)
        handles[entry.key] = nil
        bytes -= entry.bytes
    }

    /// The entry written last is the newest and stays: it fits by itself.
    private mutating func makeRoom() {
        while entries.count > limits.entriesMaximum || bytes > limits.bytesMaximum, entries.count > 1,
            let oldest = entries.oldest
        {
            remove(oldest)
            counters.evictions.add()
        }
    }

    private mutating func remind(of handle: Int, at expires: Instant) {
        deadlines.insert(deadline: expires, datum: UInt64(handle))
        // A key that is set again and again leaves a stale deadline each time.
        guard deadlines.count > 2 * entries.count + CacheLimits.stretch else { return }
        deadlines = DeadlineHeap()
        for handle in 0..<entries.endHandle {
            if let expires = entries[handle]?.expires { deadlines.insert(deadline: expires, datum: UInt64(handle)) }
        }
    }
}
