internal import PylonThreading

/// The hashes of a view's newest states, kept for clients to compare theirs with. The worker records; loops compare.
final class SnapshotHashes: Sendable {
    /// 64 hashes: at one a second a minute, which is longer than any client takes.
    static let hashesMaximum = 64

    /// What comparing comes to.
    enum Verdict: Equatable {
        case same
        case different
        /// The tick is not kept, any more or at all.
        case unknown
    }

    private struct Recorded {
        let tick: UInt64
        let hash: UInt64
    }

    private let ring = Lock<[Recorded]>([])

    func record(tick: UInt64, hash: UInt64) {
        ring.withLock { ring in
            if ring.count == Self.hashesMaximum { ring.removeFirst() }
            ring.append(Recorded(tick: tick, hash: hash))
        }
    }

    func compare(tick: UInt64, hash: UInt64) -> Verdict {
        ring.withLock { ring in
            guard let recorded = ring.last(where: { $0.tick == tick }) else { return .unknown }
            return recorded.hash == hash ? .same : .different
        }
    }
}
