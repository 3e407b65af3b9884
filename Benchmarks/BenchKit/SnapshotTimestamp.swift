internal import Glibc

/// When a snapshot was encoded, as its JSON says in the member `"ts"`.
package enum SnapshotTimestamp {
    /// Microseconds since the epoch, or nil when the JSON has no such member. Costs nothing when it is the first one.
    package static func microseconds(in json: UnsafeRawBufferPointer) -> UInt64? {
        guard let base = json.baseAddress else { return nil }
        let key: StaticString = "\"ts\":"
        let length = key.utf8CodeUnitCount
        var start = 0
        while start + length < json.count,
            let quote = memchr(base + start, Int32(UInt8(ascii: "\"")), json.count - start - length)
        {
            let index = UnsafeRawPointer(quote) - base
            if memcmp(quote, key.utf8Start, length) == 0 {
                return Decimal.leading(UnsafeRawBufferPointer(rebasing: json[(index + length)...]))
            }
            start = index + 1
        }
        return nil
    }
}
