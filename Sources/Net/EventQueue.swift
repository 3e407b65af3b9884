package import PylonBytes

/// Events that wait for one client: every one of them, in order, bounded in bytes.
///
/// The bytes are shared with the other clients who wait for them. Holds no memory while empty. Not thread-safe: it belongs to its
/// connection's loop.
package struct EventQueue {
    /// 512 KiB beyond what the stream opened with: less than a shard keeps for those who resume, whatever the size of its events
    /// (`EventLog.bytesMaximum`), so that who is further behind can still resume by cursor.
    package static let bytesMaximum = 512 * 1024

    private var batches = Deque<SharedBytes>()
    package private(set) var bytesCount = 0
    /// What may wait: the budget, and the opening on top of it.
    private var bytesAllowed = bytesMaximum

    package init() {}

    package var count: Int { batches.count }
    package var isEmpty: Bool { batches.isEmpty }

    /// The batch at `index` from the oldest.
    package subscript(index: Int) -> SharedBytes { batches[index] }

    /// Appends `batch`; false, and nothing appended, when that would be over the budget. The first is always taken.
    package mutating func append(_ batch: SharedBytes) -> Bool {
        guard isEmpty || bytesCount + batch.count <= bytesAllowed else { return false }
        batches.append(batch)
        bytesCount += batch.count
        return true
    }

    /// Appends a part of what a stream opens with, which its log bounds.
    package mutating func append(opening batch: SharedBytes) {
        bytesAllowed += batch.count
        batches.append(batch)
        bytesCount += batch.count
    }

    /// Takes out the oldest batch. Amortised O(1).
    @discardableResult
    package mutating func removeFirst() -> SharedBytes {
        let batch = batches.removeFirst()
        bytesCount -= batch.count
        if batches.isEmpty { batches.removeAll() }
        return batch
    }

}
