internal import PylonReplay
internal import PylonSimulation
internal import PylonThreading
internal import PylonTime

/// How a connection comes from another shard, to which its subscriber's entity is said to have gone.
package struct Passage: Hashable, Sendable {
    /// The shard from which it comes.
    package let source: String
    /// Whether the source vouches for it: its stream was there when the entity left, or its resume token was good there then. Anybody else is
    /// asked what newcomers are asked.
    package let isVouched: Bool
    /// Whether it has been there when the entity left, and goes after it without a word of its client's.
    let isStream: Bool
    /// How many shards have sent it on.
    let hops: Int

    /// Connections are sent on so often, at most: each time because somebody has gone on meanwhile.
    static let hopsMaximum = 8
}

/// Where a subscriber went who left a shard with what it plays.
struct Departure: Hashable, Sendable {
    let target: String
    /// As long as its seat there may be held.
    let until: Instant
    /// The resume tokens that were good here, each for one connection more.
    var tokens: [TokenDigest]

    /// So many of one subscriber's are remembered, the newest: each is of one connection.
    static let tokensMaximum = 8
}

/// Where those are who left a shard. Its worker writes, whoever looks for them reads.
final class Departures: Sendable {
    private let departures = Lock(NewestBySubscriber<Departure>(countMaximum: HandoffLedger.departuresMaximum))

    /// Notes where a subscriber went, and forgets those whose time is over.
    func note(_ departure: Departure, of subscriber: SubscriberID, now: Instant) {
        departures.withLock { departures in
            departures.removeOldest { $0.until <= now }
            departures.put(departure, for: subscriber)
        }
    }

    /// Uses up a token of a subscriber who left; false when it is none.
    func spend(_ token: TokenDigest, of subscriber: SubscriberID) -> Bool {
        departures.withLock { departures in
            guard let place = departures[subscriber]?.tokens.firstIndex(of: token) else { return false }
            departures.update(subscriber) { _ = $0.tokens.remove(at: place) }
            return true
        }
    }

    /// A subscriber has come back.
    func forget(_ subscriber: SubscriberID) {
        departures.withLock { $0.remove(subscriber) }
    }

    /// Where a subscriber went; nil when that is not known, or too long ago.
    func find(_ subscriber: SubscriberID, now: Instant) -> Departure? {
        departures.withLock { $0[subscriber].flatMap { $0.until > now ? $0 : nil } }
    }
}
