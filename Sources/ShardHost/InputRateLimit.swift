internal import PylonSimulation
internal import PylonThreading
internal import PylonTime

/// How many inputs a second each subscriber may send: a token bucket for each, full at first and of one second's tokens. Safe from
/// any thread.
final class InputRateLimit: Sendable {
    /// Buckets are looked through for full ones whenever there are twice as many as the last time left, and at least 64: what remains
    /// are the subscribers of the last second.
    private static let bucketsBeforeSweep = 64

    private struct Bucket {
        /// When the bucket was, or will be, empty: tokens are what has flowed in since.
        var emptyAt: UInt64
    }

    private struct State {
        var buckets: [SubscriberID: Bucket] = [:]
        var sweepAt = InputRateLimit.bucketsBeforeSweep
    }

    private let state = Lock(State())
    private let interval: UInt64
    /// A bucket that was empty a second ago is full.
    private let fillTime: UInt64 = 1_000_000_000

    /// `perSecond` inputs a second and at once; nil for 0, which is unlimited.
    init?(perSecond: Int) {
        guard perSecond > 0 else { return nil }
        interval = 1_000_000_000 / UInt64(perSecond)
    }

    /// Takes a token for an input of `subscriber`; false when there is none.
    func take(_ subscriber: SubscriberID, now: Instant) -> Bool {
        let now = now.nanoseconds
        let full = now - min(now, fillTime)
        return state.withLock { state in
            let emptyAt = max(state.buckets[subscriber]?.emptyAt ?? full, full)
            guard emptyAt + interval <= now else { return false }
            state.buckets[subscriber] = Bucket(emptyAt: emptyAt + interval)
            if state.buckets.count >= state.sweepAt {
                state.buckets = state.buckets.filter { $0.value.emptyAt > full }
                state.sweepAt = max(Self.bucketsBeforeSweep, state.buckets.count * 2)
            }
            return true
        }
    }
}
