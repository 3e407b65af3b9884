/// How much a cache holds and hands out.
package struct CacheLimits: Hashable, Sendable {
    /// Keys; beyond them the ones used longest ago go (spec/services.md 3.1).
    package var entriesMaximum = 100_000
    /// Bytes of all entries, with an estimate of what they take besides their text; beyond them the ones used longest ago go.
    package var bytesMaximum = 64 << 20
    /// Bytes of one entry, whatever its type; a write that would make it larger is refused.
    package var entryBytesMaximum = 4 << 20
    /// Bytes of one key.
    package var keyBytesMaximum = 4096
    /// Bytes of one result: two entries fit, so that only lists of keys and of values can be too large.
    package var resultBytesMaximum = 8 << 20
    /// Bytes of a pattern for keys; matching takes the product of both lengths.
    package var patternBytesMaximum = 256

    package init() {}

    /// What an entry takes besides key and value: its places in the table and in the order of use.
    static let entryOverhead = 128
    /// What an element of a collection takes besides its text.
    static let elementOverhead = 64
    /// Expired entries that any operation forgets on its way.
    static let expiredInPassing = 8
    /// Entries that are looked at, or forgotten, before the lock is given to others.
    static let stretch = 1024
}
