package import PylonBytes

/// Events that wait for one client: every one of them, in order, bounded in bytes.
///
/// The bytes are shared with the other clients who wait for them. Holds no memory while empty. Not thread-safe: it belongs to its
/// connection's loop.
package struct EventQueue {
    /// 2 MiB: twice the tail that a shard keeps for those who resume. Who is further behind resumes by cursor.
    package static let bytesMaximum = 2 * 1024 * 1024

    private var batches = Deque<SharedBytes>()
    package private(set) var bytesCount = 0

    package init() {}

    package var count: Int { batches.count }
    package var isEmpty: Bool { batches.isEmpty }

    /// The batch at `index` from the oldest.
    package subscript(index: Int) -> SharedBytes { batches[index] }

    /// Appends `batch`; false, and nothing appended, when that would be over the budget. The first is always taken.
    package mutating func append(_ batch: SharedBytes) -> Bool {
        guard isEmpty || bytesCount + batch.count <= Self.bytesMaximum else { return false }
        batches.append(batch)
        bytesCount += batch.count
        return true
    }

    /// Takes out the oldest batch. Amortised O(1).
    @discardableResult
    package mutating func removeFirst() -> SharedBytes {
        let batch = batches.removeFirst()
        bytesCount -= batch.count
        if batches.isEmpty { batches.removeAll() }
        return batch
    }

    /// Forgets everything and gives the memory back.
    package mutating func removeAll() {
        batches.removeAll()
        bytesCount = 0
    }
}
